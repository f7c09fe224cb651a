/**
 * IGMP, all three versions of it: RFC 1112 appendix I, RFC 2236 (2), RFC 9776 (4). Groups and
 * sources are int32 addresses.
 *
 *     query, v1 and v2   type | max resp | checksum | group
 *     query, v3          … | S, QRV | QQIC | number of sources (2) | sources
 *     report, v1 and v2, leave     as the first
 *     report, v3         type | 0 | checksum | 0 | number of records (2) | records
 *     a record           type | 0 | number of sources (2) | group | sources
 *
 * @module
 */
import { DROP_IGMP_CHECKSUM, DROP_IGMP_SHORT } from "../base/drop_reason.ts";
import { finish, fold, sum } from "./checksum.ts";
import {
  emitIpv4,
  IPV4_DF,
  IPV4_HEADER_LEN,
  PROTOCOL_IGMP,
  refreshIpv4Checksum,
  ROUTER_ALERT,
} from "./ipv4.ts";

export const IGMP_LEN = 8;
export const IGMP_V3_QUERY_LEN = 12;
export const IGMP_RECORD_LEN = 8;
export const IGMP_CHECKSUM_OFFSET = 2;

export const IGMP_QUERY = 0x11;
export const IGMP_V1_REPORT = 0x12;
export const IGMP_V2_REPORT = 0x16;
export const IGMP_V2_LEAVE = 0x17;
export const IGMP_V3_REPORT = 0x22;

/** Types of a record (RFC 9776 4.2.12). */
export const MODE_IS_INCLUDE = 1;
export const MODE_IS_EXCLUDE = 2;
export const CHANGE_TO_INCLUDE = 3;
export const CHANGE_TO_EXCLUDE = 4;
export const ALLOW_NEW_SOURCES = 5;
export const BLOCK_OLD_SOURCES = 6;

/** An IPv4 header with the Router Alert option, which every message of ours has. */
export const IGMP_IP_HEADER_LEN = IPV4_HEADER_LEN + 4;
/** Never beyond the link (RFC 9776 4). */
const TTL = 1;
/** DSCP CS6, internetwork control. */
const TOS = 0xc0;

/** A message as parsed; reused. */
export class IgmpHeader {
  type = 0;
  /** Of a query: 1, 2 or 3. */
  version = 0;
  /** Of a query of version 2 or 3: the most that an answer may wait, tenths of a second. */
  maxRespTenths = 0;
  group = 0;
  /** Of a query of version 3: the querier's robustness variable and its interval, 0: not told. */
  robustness = 0;
  intervalSec = 0;
  sourceCount = 0;
}

/** Parses the message at `off` of `len` bytes. Returns 0 or a drop reason. */
export function parseIgmp(
  dv: DataView,
  off: number,
  len: number,
  verify: boolean,
  out: IgmpHeader,
): number {
  if (len < IGMP_LEN) return DROP_IGMP_SHORT;
  if (verify && fold(sum(dv, off, len, 0)) !== 0xffff) return DROP_IGMP_CHECKSUM;
  out.type = dv.getUint8(off);
  out.group = dv.getInt32(off + 4);
  out.sourceCount = 0;
  return out.type === IGMP_QUERY ? parseQuery(dv, off, len, out) : 0;
}

/** RFC 9776 7.1: the version is told by length and code. */
function parseQuery(dv: DataView, off: number, len: number, out: IgmpHeader): number {
  const code = dv.getUint8(off + 1);
  if (len === IGMP_LEN) {
    out.version = code === 0 ? 1 : 2;
    out.maxRespTenths = code;
    return 0;
  }
  if (len < IGMP_V3_QUERY_LEN) return DROP_IGMP_SHORT;
  out.version = 3;
  out.maxRespTenths = codeValue(code);
  out.robustness = dv.getUint8(off + 8) & 7;
  out.intervalSec = codeValue(dv.getUint8(off + 9));
  out.sourceCount = dv.getUint16(off + 10);
  return len < IGMP_V3_QUERY_LEN + 4 * out.sourceCount ? DROP_IGMP_SHORT : 0;
}

/** Source `i` of the query at `off`. */
export function querySource(dv: DataView, off: number, i: number): number {
  return dv.getInt32(off + IGMP_V3_QUERY_LEN + 4 * i);
}

/** Max Resp Code and QQIC (RFC 9776 4.1.1, RFC 3810 5.1.9): from 128, mantissa and exponent. */
export function codeValue(code: number): number {
  return code < 128 ? code : ((code & 15) | 16) << (((code >> 4) & 7) + 3);
}

/** Writes a report or leave of the old versions, whole. */
export function emitIgmp(dv: DataView, off: number, type: number, group: number): void {
  dv.setUint32(off, type << 24);
  dv.setInt32(off + 4, group);
  dv.setUint16(off + IGMP_CHECKSUM_OFFSET, finish(sum(dv, off, IGMP_LEN, 0)));
}

/** Writes the head of a report of version 3, `len` bytes with its records, which are there. */
export function emitIgmpV3Report(dv: DataView, off: number, records: number, len: number): void {
  dv.setUint32(off, IGMP_V3_REPORT << 24);
  dv.setUint32(off + 4, records);
  dv.setUint16(off + IGMP_CHECKSUM_OFFSET, finish(sum(dv, off, len, 0)));
}

/** Writes sources `from` to `end` - 1 as one record. Returns its length. */
export function emitIgmpRecord(
  dv: DataView,
  off: number,
  type: number,
  group: number,
  sources: readonly number[],
  from: number,
  end: number,
): number {
  dv.setUint32(off, (type << 24) | (end - from));
  dv.setInt32(off + 4, group);
  let at = off + IGMP_RECORD_LEN;
  for (let i = from; i < end; i++, at += 4) dv.setInt32(at, sources[i]);
  return at - off;
}

/** Writes the IP header that goes before a message of `len` bytes. */
export function emitIgmpIpHeader(
  dv: DataView,
  off: number,
  len: number,
  src: number,
  dst: number,
): void {
  const totalLen = IGMP_IP_HEADER_LEN + len;
  emitIpv4(dv, off, TOS, totalLen, 0, IPV4_DF, TTL, PROTOCOL_IGMP, src, dst);
  dv.setUint8(off, 0x40 | (IGMP_IP_HEADER_LEN >> 2));
  dv.setUint32(off + IPV4_HEADER_LEN, ROUTER_ALERT);
  refreshIpv4Checksum(dv, off, IGMP_IP_HEADER_LEN);
}

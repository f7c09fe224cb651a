/**
 * IPv4 headers (RFC 791, RFC 1122 3.2.1, RFC 6864). Addresses are int32 in host order.
 *
 * Options are walked for two things only: that they are well formed, and whether they hold a source
 * route, which is refused. (Those that routers write into: ipv4_recording.ts.) We send none but
 * "router alert" (igmp.ts).
 *
 * A TCP packet that a device cuts into segments may be longer than the total length field can say:
 * then that is 0, and the length is the frame's (Linux 6.3, "BIG TCP", iph_totlen).
 *
 * @module
 */
import { fold, sum } from "./checksum.ts";
import {
  DROP_IPV4_CHECKSUM,
  DROP_IPV4_FRAGMENT,
  DROP_IPV4_HEADER_LEN,
  DROP_IPV4_OPTIONS,
  DROP_IPV4_SHORT,
  DROP_IPV4_SOURCE_ROUTE,
  DROP_IPV4_TOTAL_LEN,
  DROP_IPV4_TRUNCATED,
  DROP_IPV4_VERSION,
} from "../base/drop_reason.ts";

export const IPV4_HEADER_LEN = 20;
export const IPV4_MAX_LEN = 65535;
export const IPV4_TOTAL_LEN_OFFSET = 2;
export const IPV4_ID_OFFSET = 4;
export const IPV4_FRAGMENT_OFFSET = 6;
export const IPV4_TTL_OFFSET = 8;
const IPV4_CHECKSUM_OFFSET = 10;
export const IPV4_SRC_OFFSET = 12;
export const IPV4_DST_OFFSET = 16;
/** RFC 3168 (5): the two ECN bits of the TOS octet, and "congestion experienced". */
export const ECN_MASK = 3;
export const ECN_CE = 3;
/** Bits of the flags-and-offset field. */
export const IPV4_DF = 0x4000;
export const IPV4_MF = 0x2000;
export const IPV4_FRAGMENT_MASK = 0x1fff;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IGMP = 2;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

export const OPTION_END = 0;
export const OPTION_NOP = 1;
const OPTION_COPIED = 0x80;
const OPTION_LSRR = 131;
const OPTION_SSRR = 137;
/** The option "router alert" (RFC 2113), whole: routers shall look at the packet. */
export const ROUTER_ALERT = 0x94040000;
const OPTION_ROUTER_ALERT = ROUTER_ALERT >>> 24;

/** A header as parsed; reused. */
export class Ipv4Header {
  headerLen = 0;
  totalLen = 0;
  tos = 0;
  id = 0;
  dontFragment = false;
  moreFragments = false;
  /** Of this fragment's payload in the whole, bytes. */
  fragmentOff = 0;
  ttl = 0;
  protocol = 0;
  src = 0;
  dst = 0;
  /** With DROP_IPV4_OPTIONS: the faulty byte, from the header's start (ICMP parameter problem). */
  optionErrorOff = 0;

  get isFragment(): boolean {
    return this.moreFragments || this.fragmentOff !== 0;
  }
}

/**
 * Parses the packet at `off`, of which `len` bytes are there (padding may follow). `verify`: also
 * the header checksum. `isTso`: it is several TCP segments in one. Returns 0 or a drop reason; with
 * reasons after DROP_IPV4_CHECKSUM all fields are set.
 */
export function parseIpv4(
  dv: DataView,
  off: number,
  len: number,
  verify: boolean,
  out: Ipv4Header,
  isTso = false,
): number {
  const reason = parseQuotedIpv4(dv, off, len, out);
  if (reason !== 0) return reason;
  const { headerLen } = out;
  const isLong = isTso && out.totalLen === 0 && len > IPV4_MAX_LEN && !out.isFragment;
  if (isLong) out.totalLen = len;
  if (out.totalLen < headerLen) return DROP_IPV4_TOTAL_LEN;
  if (out.totalLen > len) return DROP_IPV4_TRUNCATED;
  if (verify && fold(sum(dv, off, headerLen, 0)) !== 0xffff) return DROP_IPV4_CHECKSUM;
  const payloadLen = out.totalLen - headerLen;
  if (out.moreFragments && ((payloadLen & 7) !== 0 || payloadLen === 0)) return DROP_IPV4_FRAGMENT;
  if (out.fragmentOff + out.totalLen > IPV4_MAX_LEN && !isLong) return DROP_IPV4_FRAGMENT;
  return headerLen === IPV4_HEADER_LEN ? 0 : checkOptions(dv, off, headerLen, out);
}

/**
 * Parses the header that an ICMP error quotes: the packet is cut off, and routers have been known
 * to change lengths and checksums, so only what finds the header's end is checked. Returns 0 or a
 * reason.
 */
export function parseQuotedIpv4(
  dv: DataView,
  off: number,
  len: number,
  out: Ipv4Header,
): number {
  if (len < IPV4_HEADER_LEN) return DROP_IPV4_SHORT;
  const versionAndIhl = dv.getUint8(off);
  if (versionAndIhl >>> 4 !== 4) return DROP_IPV4_VERSION;
  const headerLen = (versionAndIhl & 15) << 2;
  if (headerLen < IPV4_HEADER_LEN || headerLen > len) return DROP_IPV4_HEADER_LEN;
  readFields(dv, off, headerLen, out);
  return 0;
}

function readFields(dv: DataView, off: number, headerLen: number, out: Ipv4Header): void {
  const flagsAndOffset = dv.getUint16(off + IPV4_FRAGMENT_OFFSET);
  out.headerLen = headerLen;
  out.tos = dv.getUint8(off + 1);
  out.totalLen = dv.getUint16(off + IPV4_TOTAL_LEN_OFFSET);
  out.id = dv.getUint16(off + IPV4_ID_OFFSET);
  out.dontFragment = (flagsAndOffset & IPV4_DF) !== 0;
  out.moreFragments = (flagsAndOffset & IPV4_MF) !== 0;
  out.fragmentOff = (flagsAndOffset & IPV4_FRAGMENT_MASK) << 3;
  out.ttl = dv.getUint8(off + IPV4_TTL_OFFSET);
  out.protocol = dv.getUint8(off + 9);
  out.src = dv.getInt32(off + IPV4_SRC_OFFSET);
  out.dst = dv.getInt32(off + IPV4_DST_OFFSET);
  out.optionErrorOff = 0;
}

function checkOptions(dv: DataView, off: number, headerLen: number, out: Ipv4Header): number {
  let isSourceRouted = false;
  let i = IPV4_HEADER_LEN;
  while (i < headerLen) {
    const kind = dv.getUint8(off + i);
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      i++;
      continue;
    }
    const optionLen = i + 1 < headerLen ? dv.getUint8(off + i + 1) : 0;
    if (optionLen < 2 || i + optionLen > headerLen) {
      out.optionErrorOff = i;
      return DROP_IPV4_OPTIONS;
    }
    if (kind === OPTION_LSRR || kind === OPTION_SSRR) isSourceRouted = true;
    i += optionLen;
  }
  return isSourceRouted ? DROP_IPV4_SOURCE_ROUTE : 0;
}

/** Whether a well-formed header has the option "router alert", of value 0 (RFC 2113 2.1). */
export function hasRouterAlert(dv: DataView, off: number, headerLen: number): boolean {
  for (let i = IPV4_HEADER_LEN; i < headerLen;) {
    const kind = dv.getUint8(off + i);
    if (kind === OPTION_END) return false;
    const len = kind === OPTION_NOP ? 1 : dv.getUint8(off + i + 1);
    if (kind === OPTION_ROUTER_ALERT) return dv.getUint32(off + i) === ROUTER_ALERT;
    i += len;
  }
  return false;
}

/**
 * Writes a header without options, checksum included. `flagsAndOffset`: IPV4_DF, IPV4_MF and the
 * fragment offset in units of 8 bytes. A `totalLen` that the field cannot hold is written as 0.
 */
export function emitIpv4(
  dv: DataView,
  off: number,
  tos: number,
  totalLen: number,
  id: number,
  flagsAndOffset: number,
  ttl: number,
  protocol: number,
  src: number,
  dst: number,
): void {
  const first = 0x4500 | tos;
  const ttlAndProtocol = (ttl << 8) | protocol;
  const lenField = totalLen > IPV4_MAX_LEN ? 0 : totalLen;
  const total = first + lenField + id + flagsAndOffset + ttlAndProtocol +
    (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff);
  dv.setUint16(off, first);
  dv.setUint16(off + IPV4_TOTAL_LEN_OFFSET, lenField);
  dv.setUint16(off + IPV4_ID_OFFSET, id);
  dv.setUint16(off + IPV4_FRAGMENT_OFFSET, flagsAndOffset);
  dv.setUint16(off + IPV4_TTL_OFFSET, ttlAndProtocol);
  dv.setUint16(off + IPV4_CHECKSUM_OFFSET, ~fold(total) & 0xffff);
  dv.setInt32(off + IPV4_SRC_OFFSET, src);
  dv.setInt32(off + IPV4_DST_OFFSET, dst);
}

/**
 * The options of a header that goes before a later fragment: those that stay with the first (the
 * copied flag is 0) turn into no-operations (RFC 791 3.1). They are well formed.
 */
export function maskOptionsNotCopied(dv: DataView, off: number, headerLen: number): void {
  for (let i = IPV4_HEADER_LEN; i < headerLen;) {
    const kind = dv.getUint8(off + i);
    if (kind === OPTION_END) return;
    const len = kind === OPTION_NOP ? 1 : dv.getUint8(off + i + 1);
    if ((kind & OPTION_COPIED) === 0) {
      for (let k = 0; k < len; k++) dv.setUint8(off + i + k, OPTION_NOP);
    }
    i += len;
  }
}

/** Recomputes the checksum of a header that was changed or given by a program (IP_HDRINCL). */
export function refreshIpv4Checksum(dv: DataView, off: number, headerLen: number): void {
  dv.setUint16(off + IPV4_CHECKSUM_OFFSET, 0);
  dv.setUint16(off + IPV4_CHECKSUM_OFFSET, ~fold(sum(dv, off, headerLen, 0)) & 0xffff);
}

/**
 * Multicast listener discovery (RFC 3810 5, RFC 2710 3): IGMP's messages in ICMPv6's clothes. The
 * record types are those of igmp.ts.
 *
 *     query      | 130, 0, checksum | maximum response code | 0 | group (16) |
 *                version 2: flags and robustness | interval code | sources | source (16) …
 *     report 2   | 143, 0, checksum | 0 | records | record …
 *     a record   | type | 0 | sources | group (16) | source (16) …
 *     report 1   | 131, 0, checksum | 0 | group (16)
 *
 * @module
 */
import { DROP_MLD_SHORT } from "../base/drop_reason.ts";
import { ICMP_HEADER_LEN, ICMP_REST_OFFSET } from "./icmp.ts";
import { codeValue } from "./igmp.ts";
import { emitAddress6, type Ipv6Words } from "./ipv6.ts";

const GROUP_OFFSET = ICMP_HEADER_LEN;
/** A message of version 1; one of version 2 is at least four bytes longer. */
export const MLD_V1_LEN = ICMP_HEADER_LEN + 16;
export const MLD_V2_QUERY_LEN = MLD_V1_LEN + 4;
/** A record without sources. */
export const MLD_RECORD_LEN = 20;
export const MLD_SOURCE_LEN = 16;

/** A query as parsed; reused. */
export class MldQuery {
  version = 2;
  /** Milliseconds. */
  maxResponseMs = 0;
  groupOff = 0;
  /** Version 2 alone. */
  robustness = 0;
  intervalSeconds = 0;
  sourceCount = 0;
  sourcesOff = 0;
}

/** Parses the query at `off` of `len` bytes. Returns 0 or DROP_MLD_SHORT. */
export function parseMldQuery(dv: DataView, off: number, len: number, out: MldQuery): number {
  if (len < MLD_V1_LEN) return DROP_MLD_SHORT;
  const code = dv.getUint16(off + ICMP_REST_OFFSET);
  out.groupOff = off + GROUP_OFFSET;
  out.version = len === MLD_V1_LEN ? 1 : 2;
  out.robustness = 0;
  out.intervalSeconds = 0;
  out.sourceCount = 0;
  if (out.version === 1) {
    out.maxResponseMs = code;
    return 0;
  }
  if (len < MLD_V2_QUERY_LEN) return DROP_MLD_SHORT;
  out.maxResponseMs = code < 0x8000 ? code : ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
  out.robustness = dv.getUint8(off + MLD_V1_LEN) & 7;
  out.intervalSeconds = codeValue(dv.getUint8(off + MLD_V1_LEN + 1));
  out.sourceCount = dv.getUint16(off + MLD_V1_LEN + 2);
  out.sourcesOff = off + MLD_V2_QUERY_LEN;
  return len < MLD_V2_QUERY_LEN + out.sourceCount * MLD_SOURCE_LEN ? DROP_MLD_SHORT : 0;
}

/** Writes a record of `sources`, from index `from` up to `end`; returns its length. */
export function emitMldRecord(
  dv: DataView,
  off: number,
  type: number,
  group: Ipv6Words,
  sources: readonly Ipv6Words[],
  from: number,
  end: number,
): number {
  dv.setUint8(off, type);
  dv.setUint8(off + 1, 0);
  dv.setUint16(off + 2, end - from);
  emitAddress6(dv, off + 4, group);
  for (let i = from; i < end; i++) {
    emitAddress6(dv, off + MLD_RECORD_LEN + (i - from) * MLD_SOURCE_LEN, sources[i]);
  }
  return MLD_RECORD_LEN + (end - from) * MLD_SOURCE_LEN;
}

/**
 * Neighbour discovery messages (RFC 4861 4): what follows the first eight bytes, which are ICMPv6's
 * (icmpv6.ts).
 *
 *     solicitation, advertisement   | type, code, checksum | flags | target | options …
 *     redirect                      | type, code, checksum | 0 | target | destination | options …
 *     an option                     | type | length in units of 8 bytes | …
 *
 * @module
 */
import { DROP_NDP_FORMAT } from "../base/drop_reason.ts";
import { ICMP_HEADER_LEN } from "./icmp.ts";

/** A solicitation or advertisement without options. */
export const NDP_NEIGHBOUR_LEN = ICMP_HEADER_LEN + 16;
export const NDP_REDIRECT_LEN = ICMP_HEADER_LEN + 32;
export const NDP_ROUTER_SOLICITATION_LEN = ICMP_HEADER_LEN;
/** Every message of neighbour discovery has come over no router (RFC 4861 6.1, 7.1, 8.1). */
export const NDP_HOP_LIMIT = 255;

/** Flags of an advertisement, in the word behind the checksum. */
export const NA_ROUTER = 1 << 31;
export const NA_SOLICITED = 1 << 30;
export const NA_OVERRIDE = 1 << 29;

export const NDP_OPTION_SOURCE_LINK = 1;
export const NDP_OPTION_TARGET_LINK = 2;
export const NDP_OPTION_PREFIX = 3;
export const NDP_OPTION_MTU = 5;
export const NDP_OPTION_NONCE = 14;
export const NDP_OPTION_ROUTE = 24;
export const NDP_OPTION_RDNSS = 25;
export const NDP_OPTION_DNSSL = 31;

/** The option with an Ethernet address. */
export const NDP_LINK_OPTION_LEN = 8;

/** The options of one message that concern neighbours; reused. */
export class NdpOptions {
  /** A link-layer address is there: of the source, or of the target. */
  hasSourceLink = false;
  sourceHi = 0;
  sourceLo = 0;
  hasTargetLink = false;
  targetHi = 0;
  targetLo = 0;
  hasNonce = false;
  nonceHi = 0;
  nonceLo = 0;
}

/**
 * Reads the options from `off` to `end`. An option of length 0 or beyond the end spoils the message
 * (RFC 4861 4.6); one that is not known is passed over. Returns 0 or DROP_NDP_FORMAT.
 */
export function parseNdpOptions(dv: DataView, off: number, end: number, out: NdpOptions): number {
  out.hasSourceLink = false;
  out.hasTargetLink = false;
  out.hasNonce = false;
  while (off < end) {
    if (off + 8 > end) return DROP_NDP_FORMAT;
    const len = dv.getUint8(off + 1) << 3;
    if (len === 0 || off + len > end) return DROP_NDP_FORMAT;
    const type = dv.getUint8(off);
    if (type === NDP_OPTION_SOURCE_LINK && len === NDP_LINK_OPTION_LEN) {
      out.hasSourceLink = true;
      out.sourceHi = dv.getUint16(off + 2);
      out.sourceLo = dv.getInt32(off + 4);
    } else if (type === NDP_OPTION_TARGET_LINK && len === NDP_LINK_OPTION_LEN) {
      out.hasTargetLink = true;
      out.targetHi = dv.getUint16(off + 2);
      out.targetLo = dv.getInt32(off + 4);
    } else if (type === NDP_OPTION_NONCE && len === NDP_LINK_OPTION_LEN) {
      out.hasNonce = true;
      out.nonceHi = dv.getUint16(off + 2);
      out.nonceLo = dv.getInt32(off + 4);
    }
    off += len;
  }
  return 0;
}

/** Writes an option of six bytes: a link-layer address or a nonce. Returns its length. */
export function emitNdpSixBytes(
  dv: DataView,
  off: number,
  type: number,
  hi: number,
  lo: number,
): number {
  dv.setUint8(off, type);
  dv.setUint8(off + 1, 1);
  dv.setUint16(off + 2, hi);
  dv.setInt32(off + 4, lo);
  return NDP_LINK_OPTION_LEN;
}

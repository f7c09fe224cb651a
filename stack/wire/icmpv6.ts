/**
 * ICMPv6 (RFC 4443): laid out as ICMP for IPv4 (icmp.ts, whose `emitIcmp` writes it), with numbers
 * of its own, 32 bits for MTU and pointer, and a checksum that covers the pseudo-header.
 *
 * @module
 */
import { fold, sum } from "./checksum.ts";
import { DROP_ICMP_CHECKSUM, DROP_ICMP_SHORT } from "../base/drop_reason.ts";
import { ICMP_HEADER_LEN, ICMP_REST_OFFSET, type IcmpHeader } from "./icmp.ts";

export const ICMPV6_UNREACHABLE = 1;
export const ICMPV6_TOO_BIG = 2;
export const ICMPV6_TIME_EXCEEDED = 3;
export const ICMPV6_PARAMETER_PROBLEM = 4;
export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;
export const MLD_QUERY = 130;
export const MLD_V1_REPORT = 131;
export const MLD_V1_DONE = 132;
export const NDP_ROUTER_SOLICITATION = 133;
export const NDP_ROUTER_ADVERTISEMENT = 134;
export const NDP_NEIGHBOUR_SOLICITATION = 135;
export const NDP_NEIGHBOUR_ADVERTISEMENT = 136;
export const NDP_REDIRECT = 137;
export const MLD_V2_REPORT = 143;

/** Codes of ICMPV6_UNREACHABLE. */
export const UNREACHABLE6_NO_ROUTE = 0;
export const UNREACHABLE6_PROHIBITED = 1;
export const UNREACHABLE6_SCOPE = 2;
export const UNREACHABLE6_ADDRESS = 3;
export const UNREACHABLE6_PORT = 4;
export const UNREACHABLE6_POLICY = 5;
export const UNREACHABLE6_REJECT = 6;
/** Codes of ICMPV6_TIME_EXCEEDED. */
export const TIME_EXCEEDED6_HOPS = 0;
export const TIME_EXCEEDED6_REASSEMBLY = 1;

/** Types below this one are errors (RFC 4443 2.1). */
export const ICMPV6_FIRST_INFORMATIONAL = 128;

/**
 * Parses the message at `off` of `len` bytes. `pseudoSum`: of its pseudo-header, -1: the checksum
 * is known to be right. Sets type, code, id, seq, mtu and pointer. Returns 0 or a drop reason.
 */
export function parseIcmpv6(
  dv: DataView,
  off: number,
  len: number,
  pseudoSum: number,
  out: IcmpHeader,
): number {
  if (len < ICMP_HEADER_LEN) return DROP_ICMP_SHORT;
  if (pseudoSum >= 0 && fold(sum(dv, off, len, pseudoSum)) !== 0xffff) return DROP_ICMP_CHECKSUM;
  const rest = dv.getUint32(off + ICMP_REST_OFFSET);
  out.type = dv.getUint8(off);
  out.code = dv.getUint8(off + 1);
  out.id = rest >>> 16;
  out.seq = rest & 0xffff;
  out.mtu = rest;
  out.pointer = rest;
  out.gateway = 0;
  return 0;
}

export function isIcmpv6Error(type: number): boolean {
  return type < ICMPV6_FIRST_INFORMATIONAL;
}

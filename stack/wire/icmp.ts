/**
 * ICMP for IPv4 (RFC 792, RFC 1122 3.2.2, RFC 1191 4): type, code, checksum and one word that
 * depends on the type, then the payload: data of an echo, or the quoted packet of an error.
 *
 * @module
 */
import { finish, fold, sum } from "./checksum.ts";
import { DROP_ICMP_CHECKSUM, DROP_ICMP_SHORT } from "../base/drop_reason.ts";

export const ICMP_HEADER_LEN = 8;
export const ICMP_CHECKSUM_OFFSET = 2;
export const ICMP_REST_OFFSET = 4;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_SOURCE_QUENCH = 4;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO_REQUEST = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;
export const ICMP_TIMESTAMP_REQUEST = 13;
export const ICMP_TIMESTAMP_REPLY = 14;

/** Codes of ICMP_UNREACHABLE. */
export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4;
export const UNREACHABLE_SOURCE_ROUTE_FAILED = 5;
export const UNREACHABLE_NET_UNKNOWN = 6;
export const UNREACHABLE_HOST_UNKNOWN = 7;
export const UNREACHABLE_HOST_ISOLATED = 8;
export const UNREACHABLE_NET_PROHIBITED = 9;
export const UNREACHABLE_HOST_PROHIBITED = 10;
export const UNREACHABLE_NET_TOS = 11;
export const UNREACHABLE_HOST_TOS = 12;
export const UNREACHABLE_FILTERED = 13;
export const UNREACHABLE_PRECEDENCE = 14;
export const UNREACHABLE_PRECEDENCE_CUTOFF = 15;
/** Of the codes of ICMP_REDIRECT, 0 to 3, the one that is sent (RFC 1812 5.2.7.2). */
export const REDIRECT_HOST = 1;
export const REDIRECT_CODE_MAX = 3;
/** Codes of ICMP_TIME_EXCEEDED. */
export const TIME_EXCEEDED_TTL = 0;
export const TIME_EXCEEDED_REASSEMBLY = 1;

/**
 * A message's header as parsed; reused. Which of the last fields mean something depends on the
 * type.
 */
export class IcmpHeader {
  type = 0;
  code = 0;
  /** Echo and timestamp. */
  id = 0;
  seq = 0;
  /** Next-hop MTU of UNREACHABLE_FRAGMENTATION_NEEDED; 0 from routers older than RFC 1191. */
  mtu = 0;
  /** ICMP_PARAMETER_PROBLEM: the faulty byte. */
  pointer = 0;
  /** ICMP_REDIRECT: int32 address. */
  gateway = 0;
}

/**
 * Parses the message at `off` of `len` bytes, which the checksum covers. Returns 0 or a drop
 * reason.
 */
export function parseIcmp(
  dv: DataView,
  off: number,
  len: number,
  verify: boolean,
  out: IcmpHeader,
): number {
  if (len < ICMP_HEADER_LEN) return DROP_ICMP_SHORT;
  if (verify && fold(sum(dv, off, len, 0)) !== 0xffff) return DROP_ICMP_CHECKSUM;
  out.type = dv.getUint8(off);
  out.code = dv.getUint8(off + 1);
  out.id = dv.getUint16(off + 4);
  out.seq = dv.getUint16(off + 6);
  out.mtu = out.seq;
  out.pointer = dv.getUint8(off + 4);
  out.gateway = dv.getInt32(off + 4);
  return 0;
}

/** Whether the type reports an error about a packet of ours, which it quotes. */
export function isIcmpError(type: number): boolean {
  return type === ICMP_UNREACHABLE || type === ICMP_TIME_EXCEEDED ||
    type === ICMP_PARAMETER_PROBLEM || type === ICMP_SOURCE_QUENCH || type === ICMP_REDIRECT;
}

/** The type-dependent word of an echo or timestamp message. */
export function icmpEchoRest(id: number, seq: number): number {
  return (id << 16) | seq;
}

/**
 * Writes a header, checksum included. `rest`: the type-dependent word (`icmpEchoRest`, an MTU, a
 * pointer << 24, a gateway). `payloadSum`: running sum (checksum.ts) of all that follows the
 * header.
 */
export function emitIcmp(
  dv: DataView,
  off: number,
  type: number,
  code: number,
  rest: number,
  payloadSum: number,
): void {
  const first = (type << 8) | code;
  dv.setUint16(off, first);
  dv.setInt32(off + ICMP_REST_OFFSET, rest);
  const header = first + (rest >>> 16) + (rest & 0xffff);
  dv.setUint16(off + ICMP_CHECKSUM_OFFSET, finish(fold(payloadSum) + header));
}

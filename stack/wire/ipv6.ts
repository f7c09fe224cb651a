/**
 * The fixed IPv6 header (RFC 8200 3). Addresses are four int32 words in network order.
 *
 * @module
 */
import { DROP_IPV6_SHORT, DROP_IPV6_TRUNCATED, DROP_IPV6_VERSION } from "../base/drop_reason.ts";
import { IPV4_HEADER_LEN } from "./ipv4.ts";

export const IPV6_HEADER_LEN = 40;
export const IPV6_MIN_MTU = 1280;
export const IPV6_PAYLOAD_LEN_OFFSET = 4;
export const IPV6_NEXT_HEADER_OFFSET = 6;
export const IPV6_HOP_LIMIT_OFFSET = 7;
export const IPV6_SRC_OFFSET = 8;
export const IPV6_DST_OFFSET = 24;
/** Longest packet: header and the longest payload that the field can name (no jumbograms). */
export const IPV6_MAX_LEN = IPV6_HEADER_LEN + 0xffff;

export const PROTOCOL_ICMPV6 = 58;
/** Scopes of a multicast address (RFC 4291 2.7, RFC 7346). */
export const SCOPE_INTERFACE = 1;
export const SCOPE_LINK = 2;
/** Next headers that are no transport (RFC 8200 4). */
export const NEXT_HOP_BY_HOP = 0;
export const NEXT_ROUTING = 43;
export const NEXT_FRAGMENT = 44;
export const NEXT_NONE = 59;
export const NEXT_DESTINATION = 60;

/** Bytes of the IP header that we put before a packet, without options or extensions. */
export function ipHeaderLen(family: number): number {
  return family === 6 ? IPV6_HEADER_LEN : IPV4_HEADER_LEN;
}

/** An address as four int32 words: what `IpAddress` is made of. */
export interface Ipv6Words {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

/** A header as parsed; reused. */
export class Ipv6Header {
  trafficClass = 0;
  flowLabel = 0;
  payloadLen = 0;
  nextHeader = 0;
  hopLimit = 0;
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
}

/**
 * Parses the header at `off`, of `len` bytes there (padding may follow). Returns 0 or a drop
 * reason.
 */
export function parseIpv6(dv: DataView, off: number, len: number, out: Ipv6Header): number {
  if (len < IPV6_HEADER_LEN) return DROP_IPV6_SHORT;
  const first = dv.getInt32(off);
  if (first >>> 28 !== 6) return DROP_IPV6_VERSION;
  out.trafficClass = (first >>> 20) & 0xff;
  out.flowLabel = first & 0xfffff;
  out.payloadLen = dv.getUint16(off + IPV6_PAYLOAD_LEN_OFFSET);
  out.nextHeader = dv.getUint8(off + IPV6_NEXT_HEADER_OFFSET);
  out.hopLimit = dv.getUint8(off + IPV6_HOP_LIMIT_OFFSET);
  out.src0 = dv.getInt32(off + 8);
  out.src1 = dv.getInt32(off + 12);
  out.src2 = dv.getInt32(off + 16);
  out.src3 = dv.getInt32(off + 20);
  out.dst0 = dv.getInt32(off + 24);
  out.dst1 = dv.getInt32(off + 28);
  out.dst2 = dv.getInt32(off + 32);
  out.dst3 = dv.getInt32(off + 36);
  return IPV6_HEADER_LEN + out.payloadLen > len ? DROP_IPV6_TRUNCATED : 0;
}

/** Writes a header. Addresses are words in host order. */
export function emitIpv6Header(
  dv: DataView,
  off: number,
  trafficClass: number,
  flowLabel: number,
  payloadLen: number,
  nextHeader: number,
  hopLimit: number,
  src: Ipv6Words,
  dst: Ipv6Words,
): void {
  dv.setInt32(off, (6 << 28) | (trafficClass << 20) | flowLabel);
  dv.setUint16(off + IPV6_PAYLOAD_LEN_OFFSET, payloadLen);
  dv.setUint8(off + IPV6_NEXT_HEADER_OFFSET, nextHeader);
  dv.setUint8(off + IPV6_HOP_LIMIT_OFFSET, hopLimit);
  emitAddress6(dv, off + IPV6_SRC_OFFSET, src);
  emitAddress6(dv, off + IPV6_DST_OFFSET, dst);
}

/** Writes an address of 16 bytes. */
export function emitAddress6(dv: DataView, off: number, addr: Ipv6Words): void {
  dv.setInt32(off, addr.w0);
  dv.setInt32(off + 4, addr.w1);
  dv.setInt32(off + 8, addr.w2);
  dv.setInt32(off + 12, addr.w3);
}

/** Writes the fields of `header`. */
export function emitIpv6(dv: DataView, off: number, header: Ipv6Header): void {
  dv.setInt32(off, (6 << 28) | (header.trafficClass << 20) | header.flowLabel);
  dv.setUint16(off + IPV6_PAYLOAD_LEN_OFFSET, header.payloadLen);
  dv.setUint8(off + IPV6_NEXT_HEADER_OFFSET, header.nextHeader);
  dv.setUint8(off + IPV6_HOP_LIMIT_OFFSET, header.hopLimit);
  dv.setInt32(off + 8, header.src0);
  dv.setInt32(off + 12, header.src1);
  dv.setInt32(off + 16, header.src2);
  dv.setInt32(off + 20, header.src3);
  dv.setInt32(off + 24, header.dst0);
  dv.setInt32(off + 28, header.dst1);
  dv.setInt32(off + 32, header.dst2);
  dv.setInt32(off + 36, header.dst3);
}

/**
 * One test, both families. A test is written in IPv4; in IPv6 its frames are translated on their
 * way to the stack, and the stack's on their way back, as a stateless translator does it (RFC
 * 7915): 198.18.0.1 is 2001:db8:64::c612:1. What is left to be seen is what TCP and UDP say, which
 * must be the same.
 *
 * A link of IPv6 is 20 bytes wider, as the header is: segments are as long in both.
 *
 * @module
 */
import { IpAddress } from "../../stack/mod.ts";
import { onesSum, pseudoSum } from "./checksum.ts";
import { PROTO_ICMP, PROTO_TCP, PROTO_UDP, type WireFrame } from "./packet_types.ts";
import { CSUM_NONE, CSUM_PARTIAL, GSO_TCPV4, GSO_TCPV6 } from "../../stack/base/frames.ts";

export type Family = 4 | 6;

/** What the header is longer by. */
export const WIDER = 20;
const ETHERNET_LEN = 14;
const V4_LEN = 20;
const V6_LEN = 40;
export const ETHERTYPE_IPV6 = 0x86dd;
const PROTO_ICMPV6 = 58;
const NEXT_FRAGMENT = 44;
const FRAGMENT_LEN = 8;
const PREFIX = [0x20010db8, 0x00640000, 0] as const;

/** Types and codes that mean the same, IPv4's first. */
const ICMP_TWINS: readonly (readonly [number, number, number, number])[] = [
  [8, 0, 128, 0],
  [0, 0, 129, 0],
  [3, 0, 1, 0],
  [3, 1, 1, 3],
  [3, 3, 1, 4],
  [3, 4, 2, 0],
  [11, 0, 3, 0],
  [11, 1, 3, 1],
  [12, 0, 4, 0],
];

/** The address that stands for an IPv4 one in this family; 0 is the wildcard. */
export function addressFor(family: Family, word: number): IpAddress {
  if (family === 4) return IpAddress.v4(word);
  if (word === 0) return IpAddress.fromWords(0, 0, 0, 0);
  return IpAddress.fromWords(PREFIX[0], PREFIX[1], PREFIX[2], word);
}

/** Whether what the stack has sent can be seen as IPv4: no headers between, no other message. */
export function hasTwin({ bytes }: WireFrame): boolean {
  const l4 = ETHERNET_LEN + V6_LEN;
  const next = bytes[ETHERNET_LEN + 6];
  if (next !== PROTO_ICMPV6) return next === PROTO_TCP || next === PROTO_UDP;
  return ICMP_TWINS.some(([, , type, code]) => type === bytes[l4] && code === bytes[l4 + 1]);
}

export function isIpv6({ bytes }: WireFrame): boolean {
  return bytes.length > ETHERNET_LEN && ((bytes[12] << 8) | bytes[13]) === ETHERTYPE_IPV6;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function putAddress(dv: DataView, at: number, word: number): void {
  PREFIX.forEach((part, i) => dv.setUint32(at + 4 * i, part));
  dv.setUint32(at + 12, word);
}

/** Sum of the pseudo-header of an IPv6 packet (its header at 0), as `pseudoSum`. */
function pseudoSum6(p: Uint8Array, protocol: number, len: number): number {
  return onesSum(p, 8, 32, protocol + len);
}

/**
 * The IPv6 packet for an IPv4 one without options, as long as what is there of it; null: there is
 * none. Fragments stay fragments, but of ICMP, whose checksum is another over a length unknown.
 */
function packetToV6(p: Uint8Array, isWhole: boolean): Uint8Array<ArrayBuffer> | null {
  if (p[0] !== 0x45 || p.length < V4_LEN) return null;
  const dv = view(p);
  const protocol = p[9];
  const len = (isWhole ? dv.getUint16(2) : p.length) - V4_LEN;
  const fragment = dv.getUint16(6) & 0x3fff;
  if (len < 0) return null;
  if (fragment !== 0) return isWhole && protocol !== PROTO_ICMP ? fragmentToV6(p, len) : null;
  const there = Math.min(len, p.length - V4_LEN);
  const out = new Uint8Array(V6_LEN + there);
  const to = view(out);
  out.set(p.subarray(V4_LEN, V4_LEN + there), V6_LEN);
  to.setUint32(0, 0x60000000 | (p[1] << 20));
  to.setUint16(4, isWhole ? len : dv.getUint16(2) - V4_LEN);
  out[6] = protocol === PROTO_ICMP ? PROTO_ICMPV6 : protocol;
  out[7] = p[8];
  putAddress(to, 8, dv.getUint32(12));
  putAddress(to, 24, dv.getUint32(16));
  return out;
}

function fragmentToV6(p: Uint8Array, len: number): Uint8Array<ArrayBuffer> {
  const dv = view(p);
  const field = dv.getUint16(6);
  const there = Math.min(len, p.length - V4_LEN);
  const out = new Uint8Array(V6_LEN + FRAGMENT_LEN + there);
  const to = view(out);
  to.setUint32(0, 0x60000000 | (p[1] << 20));
  to.setUint16(4, FRAGMENT_LEN + len);
  out[6] = NEXT_FRAGMENT;
  out[7] = p[8];
  putAddress(to, 8, dv.getUint32(12));
  putAddress(to, 24, dv.getUint32(16));
  out[V6_LEN] = p[9];
  to.setUint16(V6_LEN + 2, ((field & 0x1fff) << 3) | (field & 0x2000 ? 1 : 0));
  to.setUint32(V6_LEN + 4, dv.getUint16(4));
  out.set(p.subarray(V4_LEN, V4_LEN + there), V6_LEN + FRAGMENT_LEN);
  if ((field & 0x1fff) === 0) moveChecksum(out, V6_LEN + FRAGMENT_LEN, p);
  return out;
}

/** The transport's checksum at `l4`, which is that of the IPv4 packet `p`, over other addresses. */
function moveChecksum(packet: Uint8Array, l4: number, p: Uint8Array): void {
  const dv = view(packet);
  const field = l4 + (p[9] === PROTO_TCP ? 16 : 6);
  if ((p[9] !== PROTO_TCP && p[9] !== PROTO_UDP) || field + 2 > packet.length) return;
  if (dv.getUint16(field) === 0) return;
  const [src, dst] = [view(p).getUint32(12), view(p).getUint32(16)];
  const before = pseudoSum(src, dst, p[9], 0);
  dv.setUint16(field, moved(dv.getUint16(field), before, pseudoSum6(packet, p[9], 0)));
}

/** The frame of an IPv4 test, as the stack is to get it; null: it has no twin in IPv6. */
export function frameToV6(frame: WireFrame): WireFrame | null {
  const p = frame.bytes.subarray(ETHERNET_LEN);
  const packet = packetToV6(p, true);
  if (packet === null) return null;
  const l4 = packet.subarray(V6_LEN);
  if (p[9] === PROTO_ICMP) {
    if (l4.length < 8 || l4.length < view(packet).getUint16(4)) return null;
    const message = icmpToV6(l4);
    if (message === null) return null;
    const wasRight = onesSum(l4, 0, l4.length) === 0xffff;
    return withHeader(frame, icmp6Packet(packet, message, wasRight), frame.csum);
  }
  if (packet[6] !== NEXT_FRAGMENT) moveChecksum(packet, V6_LEN, p);
  return withHeader(frame, packet, frame.csum);
}

/** A checksum (complemented) over another pseudo-header. */
function moved(checksum: number, before: number, after: number): number {
  let sum = (~checksum & 0xffff) + (~before & 0xffff) + after;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function icmpToV6(l4: Uint8Array): Uint8Array | null {
  const twin = ICMP_TWINS.find(([type, code]) => type === l4[0] && code === l4[1]);
  if (twin === undefined) return null;
  const quote = twin[2] < 128 ? packetToV6(l4.subarray(8), false) : l4.subarray(8);
  if (quote === null) return null;
  const out = new Uint8Array(8 + quote.length);
  out.set(l4.subarray(0, 8));
  out.set(quote, 8);
  [out[0], out[1]] = [twin[2], twin[3]];
  if (twin[2] === 2) view(out).setUint32(4, view(l4).getUint16(6) + WIDER);
  return out;
}

function icmp6Packet(header: Uint8Array, message: Uint8Array, isRight: boolean): Uint8Array {
  const packet = new Uint8Array(V6_LEN + message.length);
  packet.set(header.subarray(0, V6_LEN));
  packet.set(message, V6_LEN);
  const dv = view(packet);
  dv.setUint16(4, message.length);
  dv.setUint16(V6_LEN + 2, 0);
  const pseudo = pseudoSum6(packet, PROTO_ICMPV6, message.length);
  const sum = ~onesSum(packet, V6_LEN, message.length, pseudo) & 0xffff;
  dv.setUint16(V6_LEN + 2, isRight ? sum : sum ^ 0x55);
  return packet;
}

function withHeader(frame: WireFrame, packet: Uint8Array, csum: number): WireFrame {
  const bytes = new Uint8Array(ETHERNET_LEN + packet.length);
  bytes.set(frame.bytes.subarray(0, ETHERNET_LEN));
  bytes.set(packet, ETHERNET_LEN);
  view(bytes).setUint16(12, packet[0] >>> 4 === 6 ? ETHERTYPE_IPV6 : 0x0800);
  const step = packet[0] >>> 4 === 6 ? WIDER : -WIDER;
  const gsoType = frame.gsoType === GSO_TCPV4 || frame.gsoType === GSO_TCPV6
    ? (step > 0 ? GSO_TCPV6 : GSO_TCPV4)
    : frame.gsoType;
  const csumStart = csum === CSUM_PARTIAL ? frame.csumStart + step : frame.csumStart;
  return { ...frame, bytes, csum, csumStart, gsoType };
}

/** The IPv4 packet for an IPv6 one without extension headers. `isWhole`: no quote, cut off. */
function packetToV4(p: Uint8Array, isWhole: boolean): Uint8Array<ArrayBuffer> {
  const dv = view(p);
  const len = p.length - V6_LEN;
  if (isWhole && dv.getUint16(4) !== len) throw new Error(`IPv6 payload length, not ${len}`);
  const protocol = p[6] === PROTO_ICMPV6 ? PROTO_ICMP : p[6];
  const out = new Uint8Array(V4_LEN + len);
  const to = view(out);
  out[0] = 0x45;
  out[1] = (dv.getUint32(0) >>> 20) & 255;
  to.setUint16(2, V4_LEN + (isWhole ? len : dv.getUint16(4)));
  to.setUint16(6, protocol === PROTO_ICMP ? 0 : 0x4000);
  out[8] = p[7];
  out[9] = protocol;
  to.setUint32(12, dv.getUint32(20));
  to.setUint32(16, dv.getUint32(36));
  to.setUint16(10, ~onesSum(out, 0, V4_LEN) & 0xffff);
  out.set(p.subarray(V6_LEN), V4_LEN);
  return out;
}

/** What the stack has sent, as an IPv4 test sees it. */
export function frameToV4(frame: WireFrame): WireFrame {
  const p = frame.bytes.subarray(ETHERNET_LEN);
  const protocol = p[6];
  const packet = packetToV4(p, true);
  const dv = view(packet);
  const len = packet.length - V4_LEN;
  if (protocol === PROTO_ICMPV6) return withHeader(frame, icmpToV4(packet, p, len), frame.csum);
  const field = V4_LEN + (protocol === PROTO_TCP ? 16 : 6);
  const before = pseudoSum6(p, protocol, len);
  const after = pseudoSum(dv.getUint32(12), dv.getUint32(16), protocol, len);
  const value = dv.getUint16(field);
  if (frame.csum === CSUM_PARTIAL) dv.setUint16(field, value === before ? after : ~after & 0xffff);
  else if (frame.csum === CSUM_NONE) dv.setUint16(field, moved(value, before, after));
  return withHeader(frame, packet, frame.csum);
}

function icmpToV4(packet: Uint8Array, p: Uint8Array, len: number): Uint8Array {
  const l4 = packet.subarray(V4_LEN);
  if (onesSum(l4, 0, len, pseudoSum6(p, PROTO_ICMPV6, len)) !== 0xffff) {
    throw new Error("ICMPv6 checksum");
  }
  const twin = ICMP_TWINS.find(([, , type, code]) => type === l4[0] && code === l4[1]);
  if (twin === undefined) throw new Error(`ICMPv6 type ${l4[0]} code ${l4[1]} has no twin`);
  const quote = twin[2] < 128 ? packetToV4(l4.subarray(8), false) : l4.subarray(8);
  const out = new Uint8Array(V4_LEN + 8 + quote.length);
  out.set(packet.subarray(0, V4_LEN + 8));
  out.set(quote, V4_LEN + 8);
  [out[V4_LEN], out[V4_LEN + 1]] = [twin[0], twin[1]];
  const dv = view(out);
  dv.setUint16(2, out.length);
  dv.setUint16(10, 0);
  dv.setUint16(10, ~onesSum(out, 0, V4_LEN) & 0xffff);
  dv.setUint16(V4_LEN + 2, 0);
  dv.setUint16(V4_LEN + 2, ~onesSum(out, V4_LEN, out.length - V4_LEN) & 0xffff);
  return out;
}

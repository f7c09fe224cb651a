/**
 * What the tests think a packet is: plain objects, one per header, used by the builder, the
 * decoder, the printer, the scripts and the simulator's capture. Numbers are unsigned, in host
 * order.
 *
 * @module
 */

import type { IgmpMessage } from "./igmp.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const PROTO_ICMP = 1;
export const PROTO_TCP = 6;
export const PROTO_UDP = 17;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;

export type TcpOption =
  | { readonly kind: "eol" | "nop" | "sackOK" }
  | { readonly kind: "mss"; readonly mss: number }
  | { readonly kind: "wscale"; readonly shift: number }
  | { readonly kind: "ts"; readonly val: number; readonly ecr: number }
  | { readonly kind: "sack"; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly kind: "raw"; readonly code: number; readonly data: Uint8Array };

export interface TcpSegment {
  srcPort: number;
  dstPort: number;
  seq: number;
  ack: number;
  flags: number;
  win: number;
  urg: number;
  options: readonly TcpOption[];
  payload: Uint8Array;
}

export interface UdpDatagram {
  srcPort: number;
  dstPort: number;
  payload: Uint8Array;
}

export interface IcmpMessage {
  type: number;
  code: number;
  /** The second 32-bit word of the header: id and sequence, or the next-hop MTU. */
  rest: number;
  payload: Uint8Array;
}

export interface ArpMessage {
  op: number;
  senderMac: Uint8Array;
  senderIp: number;
  targetMac: Uint8Array;
  targetIp: number;
}

export interface Ipv4Header {
  src: number;
  dst: number;
  protocol: number;
  ttl: number;
  tos: number;
  id: number;
  dontFragment: boolean;
  moreFragments: boolean;
  /** Bytes. */
  fragOff: number;
  /** Raw option bytes, a multiple of 4. */
  options: Uint8Array;
}

export interface DecodedFrame {
  dstMac: Uint8Array;
  srcMac: Uint8Array;
  etherType: number;
  arp: ArpMessage | null;
  ip: Ipv4Header | null;
  tcp: TcpSegment | null;
  udp: UdpDatagram | null;
  icmp: IcmpMessage | null;
  igmp: IgmpMessage | null;
  /** The IPv4 payload, always there when `ip` is. */
  ipPayload: Uint8Array;
  /** What is wrong with the frame; empty when it is well formed. */
  errors: string[];
}

/** One frame on a wire, with the offload metadata that a virtual NIC would carry. */
export interface WireFrame {
  bytes: Uint8Array;
  /** CSUM_* of stack/base/frames.ts. */
  csum: number;
  /** Offsets of the L4 header and of its checksum field in `bytes`, with CSUM_PARTIAL. */
  csumStart: number;
  csumOffset: number;
  gsoType: number;
  gsoSize: number;
}

export function wireFrame(bytes: Uint8Array): WireFrame {
  return { bytes, csum: 0, csumStart: 0, csumOffset: 0, gsoType: 0, gsoSize: 0 };
}

export function ipText(addr: number): string {
  return `${addr >>> 24}.${(addr >>> 16) & 255}.${(addr >>> 8) & 255}.${addr & 255}`;
}

/** "198.18.0.1" → 32-bit word. Test input: throws on nonsense. */
export function ipWord(text: string): number {
  const parts = text.split(".").map(Number);
  if (parts.length !== 4 || parts.some((p) => !(p >= 0 && p <= 255))) {
    throw new Error(`not an IPv4 address: ${text}`);
  }
  return ((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) >>> 0;
}

/**
 * Frames for a stack under test, from its peer, and the addresses of both.
 *
 * @module
 */
import { assert } from "@std/assert";
import { IpAddress } from "../../stack/mod.ts";
import { ARP_LEN, emitArp } from "../../stack/wire/arp.ts";
import { pseudoSum, sum } from "../../stack/wire/checksum.ts";
import {
  emitEthernet,
  ETHERNET_HEADER_LEN,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  macHi,
  macLo,
} from "../../stack/wire/ethernet.ts";
import { emitIcmp, ICMP_HEADER_LEN } from "../../stack/wire/icmp.ts";
import {
  emitIpv4,
  IPV4_HEADER_LEN,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  refreshIpv4Checksum,
} from "../../stack/wire/ipv4.ts";
import { emitUdp, finishUdp, UDP_CHECKSUM_OFFSET, UDP_HEADER_LEN } from "../../stack/wire/udp.ts";

export function ip(text: string): IpAddress {
  const addr = IpAddress.parse(text);
  assert(addr !== null, text);
  return addr;
}

export const OUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);
export const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const BROADCAST_MAC = new Uint8Array(6).fill(255);
export const OUR_ADDR = ip("198.18.0.2");
export const PEER_ADDR = ip("198.18.0.1");

/** A pattern that shows where a byte came from. */
export function bytesOf(len: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: len }, (_, i) => (i * 7 + seed * 31 + (i >> 8)) & 0xff);
}

export function ethernetFrame(
  dst: Uint8Array,
  src: Uint8Array,
  type: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(ETHERNET_HEADER_LEN + payload.length);
  const dv = new DataView(frame.buffer);
  emitEthernet(dv, 0, macHi(dst), macLo(dst), macHi(src), macLo(src), type);
  frame.set(payload, ETHERNET_HEADER_LEN);
  return frame;
}

export function arpFrame(
  operation: number,
  senderMac: Uint8Array,
  sender: IpAddress,
  targetMac: Uint8Array,
  target: IpAddress,
): Uint8Array {
  const body = new Uint8Array(ARP_LEN);
  const dv = new DataView(body.buffer);
  emitArp(
    dv,
    0,
    operation,
    macHi(senderMac),
    macLo(senderMac),
    sender.w3,
    macHi(targetMac),
    macLo(targetMac),
    target.w3,
  );
  const dst = operation === 1 ? BROADCAST_MAC : targetMac;
  return ethernetFrame(dst, senderMac, ETHERTYPE_ARP, body);
}

export interface IpFields {
  readonly src?: IpAddress;
  readonly dst?: IpAddress;
  readonly tos?: number;
  readonly ttl?: number;
  readonly id?: number;
  readonly flagsAndOffset?: number;
  readonly dstMac?: Uint8Array;
  /** A multiple of 4 bytes. */
  readonly options?: Uint8Array;
}

/** An IPv4 packet from the peer to us, in a frame. */
export function ipFrame(protocol: number, payload: Uint8Array, fields: IpFields = {}): Uint8Array {
  const { options = new Uint8Array(0) } = fields;
  const headerLen = IPV4_HEADER_LEN + options.length;
  const packet = new Uint8Array(headerLen + payload.length);
  const dv = new DataView(packet.buffer);
  const src = (fields.src ?? PEER_ADDR).w3;
  const dst = (fields.dst ?? OUR_ADDR).w3;
  const { tos = 0, ttl = 64, id = 1, flagsAndOffset = 0 } = fields;
  emitIpv4(dv, 0, tos, packet.length, id, flagsAndOffset, ttl, protocol, src, dst);
  packet.set(options, IPV4_HEADER_LEN);
  packet[0] = 0x40 | (headerLen >> 2);
  refreshIpv4Checksum(dv, 0, headerLen);
  packet.set(payload, headerLen);
  return ethernetFrame(fields.dstMac ?? OUR_MAC, PEER_MAC, ETHERTYPE_IPV4, packet);
}

/** Of either family. */
export function udpPacket(
  srcPort: number,
  dstPort: number,
  payload: Uint8Array,
  src = PEER_ADDR,
  dst = OUR_ADDR,
): Uint8Array {
  const packet = new Uint8Array(UDP_HEADER_LEN + payload.length);
  const dv = new DataView(packet.buffer);
  emitUdp(dv, 0, srcPort, dstPort, packet.length, 0);
  packet.set(payload, UDP_HEADER_LEN);
  const pseudo = pseudoSum(src, dst, PROTOCOL_UDP, packet.length);
  dv.setUint16(UDP_CHECKSUM_OFFSET, finishUdp(sum(dv, 0, packet.length, pseudo)));
  return packet;
}

export function udpFrame(
  srcPort: number,
  dstPort: number,
  payload: Uint8Array,
  fields: IpFields = {},
): Uint8Array {
  const packet = udpPacket(srcPort, dstPort, payload, fields.src, fields.dst);
  return ipFrame(PROTOCOL_UDP, packet, fields);
}

export function icmpPacket(
  type: number,
  code: number,
  rest: number,
  payload: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(ICMP_HEADER_LEN + payload.length);
  const dv = new DataView(packet.buffer);
  packet.set(payload, ICMP_HEADER_LEN);
  emitIcmp(dv, 0, type, code, rest, sum(dv, ICMP_HEADER_LEN, payload.length, 0));
  return packet;
}

export function icmpFrame(
  type: number,
  code: number,
  rest: number,
  payload: Uint8Array,
  fields: IpFields = {},
): Uint8Array {
  return ipFrame(PROTOCOL_ICMP, icmpPacket(type, code, rest, payload), fields);
}

/** The peer's answer to ARP requests. */
export function arpReply(addr = PEER_ADDR, mac = PEER_MAC): Uint8Array {
  return arpFrame(2, mac, addr, OUR_MAC, OUR_ADDR);
}

/**
 * Takes apart the frames that a stack under test has sent, and checks what must always be right.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { CSUM_PARTIAL, IpAddress } from "../../stack/mod.ts";
import { ARP_LEN, ArpPacket, parseArp } from "../../stack/wire/arp.ts";
import { fold, pseudoSumV4 } from "../../stack/wire/checksum.ts";
import {
  ETHERNET_HEADER_LEN,
  EthernetHeader,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  parseEthernet,
} from "../../stack/wire/ethernet.ts";
import { ICMP_HEADER_LEN, IcmpHeader, parseIcmp } from "../../stack/wire/icmp.ts";
import { Ipv4Header, parseIpv4, PROTOCOL_ICMP, PROTOCOL_UDP } from "../../stack/wire/ipv4.ts";
import { parseUdp, UDP_HEADER_LEN, UdpHeader, verifyUdp } from "../../stack/wire/udp.ts";

/** Compares without printing megabytes. */
export function assertBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assertEquals(actual?.length, expected.length);
  assertEquals(expected.findIndex((b, i) => b !== actual?.[i]), -1, "differs at");
}

export interface SentFrame {
  readonly bytes: Uint8Array;
  readonly csum: number;
  readonly csumStart: number;
  readonly csumOffset: number;
  readonly gsoType: number;
  readonly gsoSize: number;
}

export interface ParsedIp {
  readonly dstMac: string;
  readonly header: Ipv4Header;
  readonly src: string;
  readonly dst: string;
  /** Of the IP header, in `bytes`. */
  readonly off: number;
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function parseIp(frame: SentFrame): ParsedIp {
  const { bytes } = frame;
  const dv = viewOf(bytes);
  const ethernet = new EthernetHeader();
  assertEquals(parseEthernet(dv, 0, bytes.length, ethernet), 0);
  assertEquals(ethernet.etherType, ETHERTYPE_IPV4);
  const header = new Ipv4Header();
  const off = ETHERNET_HEADER_LEN;
  assertEquals(parseIpv4(dv, off, bytes.length - off, true, header), 0);
  assertEquals(header.totalLen, bytes.length - off);
  return {
    dstMac: Array.from(bytes.subarray(0, 6), (b) => b.toString(16).padStart(2, "0")).join(":"),
    header,
    src: IpAddress.v4(header.src).toString(),
    dst: IpAddress.v4(header.dst).toString(),
    off,
    bytes,
    payload: bytes.slice(off + header.headerLen),
  };
}

export interface ParsedUdp extends ParsedIp {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly data: Uint8Array;
}

/** Also verifies the checksum, or the pseudo-header's sum when the device is to finish it. */
export function parseUdpFrame(frame: SentFrame): ParsedUdp {
  const packet = parseIp(frame);
  const { header, off, bytes } = packet;
  assertEquals(header.protocol, PROTOCOL_UDP);
  const dv = viewOf(bytes);
  const udp = new UdpHeader();
  const l4 = off + header.headerLen;
  const len = bytes.length - l4;
  assertEquals(parseUdp(dv, l4, len, udp), 0);
  assertEquals(udp.length, len);
  const pseudo = pseudoSumV4(header.src, header.dst, PROTOCOL_UDP, udp.length);
  if (frame.csum === CSUM_PARTIAL) {
    assertEquals(frame.csumStart, l4);
    assertEquals(dv.getUint16(l4 + frame.csumOffset), fold(pseudo));
  } else {
    assertEquals(verifyUdp(dv, l4, udp.length, pseudo, 4), 0);
  }
  const { srcPort, dstPort } = udp;
  return { ...packet, srcPort, dstPort, data: packet.payload.slice(UDP_HEADER_LEN) };
}

export interface ParsedIcmp extends ParsedIp {
  readonly icmp: IcmpHeader;
  readonly data: Uint8Array;
}

export function parseIcmpFrame(frame: SentFrame): ParsedIcmp {
  const packet = parseIp(frame);
  assertEquals(packet.header.protocol, PROTOCOL_ICMP);
  const icmp = new IcmpHeader();
  const dv = viewOf(packet.payload);
  assertEquals(parseIcmp(dv, 0, packet.payload.length, true, icmp), 0);
  return { ...packet, icmp, data: packet.payload.slice(ICMP_HEADER_LEN) };
}

export function parseArpFrame(frame: SentFrame): ArpPacket {
  const dv = viewOf(frame.bytes);
  const ethernet = new EthernetHeader();
  assertEquals(parseEthernet(dv, 0, frame.bytes.length, ethernet), 0);
  assertEquals(ethernet.etherType, ETHERTYPE_ARP);
  const arp = new ArpPacket();
  assertEquals(parseArp(dv, ETHERNET_HEADER_LEN, ARP_LEN, arp), 0);
  return arp;
}

/** Puts the payloads of a datagram's fragments together. */
export function joinFragments(frames: SentFrame[]): Uint8Array {
  const parts = frames.map(parseIp);
  const last = parts.find((p) => !p.header.moreFragments);
  assert(last !== undefined);
  const whole = new Uint8Array(last.header.fragmentOff + last.payload.length);
  for (const { header, payload } of parts) whole.set(payload, header.fragmentOff);
  return whole;
}

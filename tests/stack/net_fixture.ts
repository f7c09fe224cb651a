/**
 * A stack under test alone: a device that keeps what it is given, builders for frames to feed in, and
 * checkers that take frames apart again. The peer is the test.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  BuddyMemory,
  CSUM_NONE,
  CSUM_PARTIAL,
  type DatagramSocket,
  type DeviceCaps,
  DGRAM_HAS_ADDR,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  GSO_NONE,
  type Interface,
  IpAddress,
  type LinkDevice,
  RxFrames,
  Stack,
  type StackConfigOverrides,
  type TxFrames,
} from "../../stack/mod.ts";
import { ARP_LEN, ArpPacket, emitArp, parseArp } from "../../stack/wire/arp.ts";
import { fold, pseudoSumV4, sum } from "../../stack/wire/checksum.ts";
import {
  emitEthernet,
  ETHERNET_HEADER_LEN,
  EthernetHeader,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  macHi,
  macLo,
  parseEthernet,
} from "../../stack/wire/ethernet.ts";
import { emitIcmp, ICMP_HEADER_LEN, IcmpHeader, parseIcmp } from "../../stack/wire/icmp.ts";
import {
  emitIpv4,
  IPV4_HEADER_LEN,
  Ipv4Header,
  parseIpv4,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
} from "../../stack/wire/ipv4.ts";
import {
  emitUdp,
  finishUdp,
  parseUdp,
  UDP_CHECKSUM_OFFSET,
  UDP_HEADER_LEN,
  UdpHeader,
  verifyUdp,
} from "../../stack/wire/udp.ts";

export const NO_OFFLOAD: DeviceCaps = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };
export const ALL_OFFLOADS: DeviceCaps = { csum: true, tso: true, uso: true, gsoMaxBytes: 65535 };

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

export interface SentFrame {
  readonly bytes: Uint8Array;
  readonly csum: number;
  readonly csumStart: number;
  readonly csumOffset: number;
  readonly gsoType: number;
  readonly gsoSize: number;
}

export class FakeDevice implements LinkDevice {
  readonly frames: SentFrame[] = [];
  batches = 0;

  constructor(readonly caps: DeviceCaps, readonly mtu: number) {}

  transmit(tx: TxFrames): void {
    this.batches++;
    const u8 = tx.memory.u8;
    for (let row = 0; row < tx.count; row++) {
      const hdr = tx.hdrOff[row];
      const bytes = new Uint8Array(tx.frameLen(row));
      bytes.set(u8.subarray(hdr, hdr + tx.hdrLen[row]));
      bytes.set(u8.subarray(tx.payOff[row], tx.payOff[row] + tx.payLen[row]), tx.hdrLen[row]);
      bytes.set(
        u8.subarray(tx.pay2Off[row], tx.pay2Off[row] + tx.pay2Len[row]),
        tx.hdrLen[row] + tx.payLen[row],
      );
      this.frames.push({
        bytes,
        csum: tx.csum[row],
        csumStart: tx.l4Off[row] - hdr,
        csumOffset: tx.csumOffset[row],
        gsoType: tx.gsoType[row],
        gsoSize: tx.gsoSize[row],
      });
    }
  }
}

const SCRATCH_LEN = 1 << 20;

export interface HostOptions {
  readonly caps?: DeviceCaps;
  readonly mtu?: number;
  readonly config?: StackConfigOverrides;
  readonly memoryLen?: number;
  /** Resolve the peer's MAC at once, and drop the frames of starting up. Default true. */
  readonly isSettled?: boolean;
}

/** 198.18.0.2/24 on one device, virtual time. */
export class Host {
  readonly memory: BuddyMemory;
  readonly stack: Stack;
  readonly device: FakeDevice;
  readonly iface: Interface;
  readonly logs: string[] = [];
  nowUs = 1e6;
  readonly #rx = new RxFrames(1);
  readonly #rxOff: number;
  /** Datagrams sent stay here until the flush, as the stack asks. */
  readonly #scratch: number;
  #scratchUsed = 0;

  constructor(options: HostOptions = {}) {
    this.memory = new BuddyMemory(new ArrayBuffer(options.memoryLen ?? 16 << 20));
    let state = 12345;
    this.stack = new Stack({
      memory: this.memory,
      random: () => (state = (Math.imul(state, 1103515245) + 12345) | 0) ^ (state >>> 11),
      nowUs: this.nowUs,
      config: options.config,
      onLog: (message) => this.logs.push(message),
    });
    this.device = new FakeDevice(options.caps ?? NO_OFFLOAD, options.mtu ?? 1500);
    this.iface = this.stack.addInterface({ name: "eth0", mac: OUR_MAC, link: this.device });
    this.stack.addAddress(this.iface.index, OUR_ADDR, 24, this.nowUs);
    this.#rxOff = this.memory.alloc(128 * 1024);
    this.#scratch = this.memory.alloc(SCRATCH_LEN);
    if (options.isSettled ?? true) {
      this.advance(3e6);
      this.inject(arpFrame(1, PEER_MAC, PEER_ADDR, OUR_MAC, OUR_ADDR));
      this.flush();
      this.device.frames.length = 0;
    }
  }

  inject(frame: Uint8Array, csum = CSUM_NONE, gsoType = GSO_NONE, gsoSize = 0): void {
    this.memory.u8.set(frame, this.#rxOff);
    this.#rx.off[0] = this.#rxOff;
    this.#rx.len[0] = frame.length;
    this.#rx.csum[0] = csum;
    this.#rx.gsoType[0] = gsoType;
    this.#rx.gsoSize[0] = gsoSize;
    this.stack.input(this.iface.index, this.#rx, 0, this.nowUs);
    this.memory.u8.fill(0xdd, this.#rxOff, this.#rxOff + frame.length);
  }

  flush(): void {
    this.stack.flush(this.nowUs);
    this.#scratchUsed = 0;
  }

  /** Lets time pass, doing what falls due on the way. */
  advance(us: number): void {
    const endUs = this.nowUs + us;
    for (let steps = 0; steps < 10_000; steps++) {
      const dueUs = this.stack.pollAtUs();
      if (dueUs > endUs) break;
      this.nowUs = Math.max(this.nowUs, dueUs);
      this.stack.poll(this.nowUs);
      this.stack.flush(this.nowUs);
    }
    this.nowUs = endUs;
    this.stack.poll(endUs);
    this.stack.flush(endUs);
  }

  /** The frames sent since the last call, after a flush. */
  sent(): SentFrame[] {
    this.flush();
    return this.device.frames.splice(0);
  }

  /** Exactly one frame was sent. */
  sentOne(): SentFrame {
    const frames = this.sent();
    assertEquals(frames.length, 1);
    return frames[0];
  }

  datagram(type: number, protocol: number, domain = 2): DatagramSocket {
    const socket = this.stack.socket(domain, type, protocol);
    assert(typeof socket !== "number" && socket.kind === "datagram", `${socket}`);
    return socket as DatagramSocket;
  }

  /** sendto, or send when `to` is null. */
  send(
    socket: DatagramSocket,
    payload: Uint8Array,
    to: IpAddress | null,
    port = 0,
    flags = 0,
    fill?: (dv: DataView, off: number) => void,
  ): number {
    const off = this.#scratch + this.#scratchUsed;
    this.#scratchUsed += DGRAM_HEADER_LEN + payload.length;
    assert(this.#scratchUsed <= SCRATCH_LEN);
    const { dv, u8 } = this.memory;
    u8.fill(0, off, off + DGRAM_HEADER_LEN);
    dv.setUint16(off, DGRAM_MAGIC, true);
    dv.setUint16(off + 2, flags | (to === null ? 0 : DGRAM_HAS_ADDR), true);
    dv.setUint32(off + 4, payload.length, true);
    if (to !== null) {
      dv.setUint16(off + 8, to.family === 4 ? 2 : 10, true);
      dv.setUint16(off + 10, port, true);
      to.writeTo(u8, off + 16);
    }
    fill?.(dv, off);
    u8.set(payload, off + DGRAM_HEADER_LEN);
    return socket.send(off, payload.length, this.nowUs);
  }

  /** Takes the first record of a socket's queue. */
  recv(socket: DatagramSocket): Received | null {
    if (socket.recvCount() === 0) return null;
    const off = socket.recvPeek(0);
    const { dv, u8 } = this.memory;
    assertEquals(dv.getUint16(off, true), DGRAM_MAGIC);
    const len = dv.getUint32(off + 4, true);
    const record = {
      flags: dv.getUint16(off + 2, true),
      family: dv.getUint16(off + 8, true),
      port: dv.getUint16(off + 10, true),
      errno: dv.getInt32(off + 12, true),
      addr: IpAddress.read(dv, off + 16, 4).toString(),
      ttl: u8[off + 32],
      tos: u8[off + 33],
      ifIndex: dv.getUint32(off + 36, true),
      dst: IpAddress.read(dv, off + 40, 4).toString(),
      timeUs: Number(dv.getBigUint64(off + 56, true)),
      payload: u8.slice(off + DGRAM_HEADER_LEN, off + DGRAM_HEADER_LEN + len),
    };
    socket.recvConsume(1, this.nowUs);
    return record;
  }
}

export interface Received {
  readonly flags: number;
  readonly family: number;
  readonly port: number;
  readonly errno: number;
  readonly addr: string;
  readonly ttl: number;
  readonly tos: number;
  readonly ifIndex: number;
  readonly dst: string;
  readonly timeUs: number;
  readonly payload: Uint8Array;
}

// ---- builders

/** Compares without printing megabytes. */
export function assertBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assertEquals(actual?.length, expected.length);
  assertEquals(expected.findIndex((b, i) => b !== actual?.[i]), -1, "differs at");
}

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
}

/** An IPv4 packet from the peer to us, in a frame. */
export function ipFrame(protocol: number, payload: Uint8Array, fields: IpFields = {}): Uint8Array {
  const packet = new Uint8Array(IPV4_HEADER_LEN + payload.length);
  const dv = new DataView(packet.buffer);
  const src = (fields.src ?? PEER_ADDR).w3;
  const dst = (fields.dst ?? OUR_ADDR).w3;
  const { tos = 0, ttl = 64, id = 1, flagsAndOffset = 0 } = fields;
  emitIpv4(dv, 0, tos, packet.length, id, flagsAndOffset, ttl, protocol, src, dst);
  packet.set(payload, IPV4_HEADER_LEN);
  return ethernetFrame(fields.dstMac ?? OUR_MAC, PEER_MAC, ETHERTYPE_IPV4, packet);
}

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
  const pseudo = pseudoSumV4(src.w3, dst.w3, PROTOCOL_UDP, packet.length);
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

// ---- checkers

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

/**
 * What the device tests share: an arena with its memory, ready-made frames, and queueing and
 * waiting for them on a device.
 *
 * @module
 */
import { Arena } from "../../../ffi/arena.ts";
import { AF_INET, MSG_DONTWAIT, POLLIN, SOCK_DGRAM } from "../../../ffi/abi/socket.ts";
import { check } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import type { Device, DeviceAddress } from "../../../io/devices/base/device.ts";
import { BuddyMemory, CSUM_PARTIAL, IpAddress, type Memory, TxFrames } from "../../../stack/mod.ts";

export const BROADCAST = new Uint8Array(6).fill(0xff);
export const ETHERNET_LEN = 14;

export interface Rig {
  arena: Arena;
  memory: Memory;
  tx: TxFrames;
}

export function makeRig(): Rig {
  const arena = Arena.map(1 << 26);
  const memory = new BuddyMemory(arena.buffer);
  return { arena, memory, tx: new TxFrames(memory, 128) };
}

export function address(text: string, prefixLen = 24): DeviceAddress {
  return { addr: IpAddress.parse(text)!, prefixLen };
}

export function ipBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(".").map(Number));
}

export function ethernetHeader(dst: Uint8Array, src: Uint8Array, type: number): Uint8Array {
  return Uint8Array.from([...dst, ...src, type >> 8, type & 0xff]);
}

/** An ARP request (op 1) or reply (op 2). */
export function arpFrame(
  op: number,
  srcMac: Uint8Array,
  srcIp: string,
  dstIp: string,
  dstMac = BROADCAST,
): Uint8Array {
  return Uint8Array.from([
    ...ethernetHeader(dstMac, srcMac, 0x0806),
    ...[0, 1, 8, 0, 6, 4, 0, op],
    ...srcMac,
    ...ipBytes(srcIp),
    ...(op === 1 ? new Uint8Array(6) : dstMac),
    ...ipBytes(dstIp),
  ]);
}

export interface Ipv4Fields {
  dstMac: Uint8Array;
  srcMac: Uint8Array;
  src: string;
  dst: string;
  protocol: number;
}

/** Ethernet and IPv4 headers for `payloadLen` bytes of transport. */
export function ipv4Headers(fields: Ipv4Fields, payloadLen: number): Uint8Array {
  const ip = Uint8Array.from([
    ...[0x45, 0, (20 + payloadLen) >> 8, (20 + payloadLen) & 0xff, 0, 1, 0x40, 0, 64],
    fields.protocol,
    ...[0, 0],
    ...ipBytes(fields.src),
    ...ipBytes(fields.dst),
  ]);
  new DataView(ip.buffer).setUint16(10, ~onesSum(ip) & 0xffff);
  return Uint8Array.from([...ethernetHeader(fields.dstMac, fields.srcMac, 0x0800), ...ip]);
}

/** A whole UDP frame; its checksum is only the pseudo-header's sum (CSUM_PARTIAL). */
export function udpHeaders(
  fields: Omit<Ipv4Fields, "protocol">,
  ports: [src: number, dst: number],
  payloadLen: number,
): Uint8Array {
  const length = 8 + payloadLen;
  const udp = Uint8Array.from([
    ...ports.flatMap((port) => [port >> 8, port & 0xff]),
    ...[length >> 8, length & 0xff, 0, 0],
  ]);
  const sum = onesSum(Uint8Array.from([
    ...ipBytes(fields.src),
    ...ipBytes(fields.dst),
    ...[0, 17, length >> 8, length & 0xff],
  ]));
  new DataView(udp.buffer).setUint16(6, sum);
  return Uint8Array.from([...ipv4Headers({ ...fields, protocol: 17 }, length), ...udp]);
}

/** One's complement sum of 16-bit words, folded, not inverted. `bytes` of even length. */
export function onesSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

export interface Offload {
  csumOffset?: number;
  gsoType?: number;
  gsoSize?: number;
}

/**
 * Queues a frame: headers (the last 8 or 20 bytes being the transport's) and payload in two pieces.
 */
export function queue(
  rig: Rig,
  headers: Uint8Array,
  payload: Uint8Array = new Uint8Array(0),
  offload: Offload = {},
): void {
  const { tx, memory } = rig;
  const row = tx.begin();
  memory.u8.set(headers, tx.prepend(headers.length));
  tx.l4Off[row] = tx.hdrOff[row] + ETHERNET_LEN + 20;
  if (payload.length > 0) {
    const first = payload.length >> 1;
    tx.payOff[row] = memory.alloc(first);
    tx.payLen[row] = first;
    memory.u8.set(payload.subarray(0, first), tx.payOff[row]);
    tx.pay2Off[row] = memory.alloc(payload.length - first);
    tx.pay2Len[row] = payload.length - first;
    memory.u8.set(payload.subarray(first), tx.pay2Off[row]);
  }
  if (offload.csumOffset !== undefined) {
    tx.csum[row] = CSUM_PARTIAL;
    tx.csumOffset[row] = offload.csumOffset;
  }
  tx.gsoType[row] = offload.gsoType ?? 0;
  tx.gsoSize[row] = offload.gsoSize ?? 0;
  tx.commit();
}

/** Transmits what is queued. */
export function flush(rig: Rig, device: Device): void {
  device.transmit(rig.tx);
  rig.tx.count = 0;
}

export interface Received {
  bytes: Uint8Array;
  csum: number;
  gsoType: number;
  gsoSize: number;
}

/** The next frame that `wanted` takes; null after `limitMs`. Others are thrown away. */
export function waitFrame(
  rig: Rig,
  device: Device,
  wanted: (frame: Received) => boolean,
  limitMs = 2000,
): Received | null {
  const endAt = Date.now() + limitMs;
  for (let leftMs = limitMs; leftMs > 0; leftMs = endAt - Date.now()) {
    libc().poll(device.fd, POLLIN, leftMs);
    const n = device.receive();
    if (n < 0) throw new Error(`receive: ${n}`);
    const rx = device.rx;
    for (let i = 0; i < n; i++) {
      const bytes = rig.memory.u8.slice(rx.off[i], rx.off[i] + rx.len[i]);
      const { csum, gsoType, gsoSize } = rx;
      const frame = { bytes, csum: csum[i], gsoType: gsoType[i], gsoSize: gsoSize[i] };
      if (wanted(frame)) return frame;
    }
  }
  return null;
}

export function etherType(frame: Received): number {
  return frame.bytes[12] << 8 | frame.bytes[13];
}

export function isArp(frame: Received, op: number): boolean {
  return etherType(frame) === 0x0806 && frame.bytes[21] === op;
}

/** An ordinary UDP socket of the kernel in the current namespace. */
export function udpSocket(hostname: string, port: number): number {
  const fd = check(libc().socket(AF_INET, SOCK_DGRAM, 0), "socket", "cannot open a socket");
  const addr = Uint8Array.from([2, 0, port >> 8, port & 0xff, ...ipBytes(hostname), ...Array(8)]);
  check(libc().bind(fd, addr, addr.length), "bind", "cannot bind");
  return fd;
}

/** The next datagram, within 2 s. */
export function receiveDatagram(rig: Rig, fd: number): Uint8Array {
  libc().poll(fd, POLLIN, 2000);
  const off = rig.memory.alloc(65536);
  const n = libc().recv(fd, rig.arena.base, off, 65536, 0, 0, MSG_DONTWAIT);
  const bytes = rig.memory.u8.slice(off, off + check(n, "recv", "no datagram came"));
  rig.memory.free(off, 65536);
  return bytes;
}

import { assertEquals } from "@std/assert";
import {
  BuddyMemory,
  CSUM_NONE,
  CSUM_PARTIAL,
  GSO_NONE,
  GSO_TCPV4,
  GSO_UDP_L4,
  Interface,
  LongFrameCutter,
} from "../../../stack/mod.ts";
import { finishChecksum, Segmenter } from "../../../stack/iface/soft_offload.ts";
import { fold, pseudoSumV4, sum } from "../../../stack/wire/checksum.ts";
import { emitIpv4 } from "../../../stack/wire/ipv4.ts";
import {
  emitTcp,
  parseTcp,
  TCP_ACK,
  TCP_CWR,
  TCP_FIN,
  TCP_PSH,
  TcpHeader,
  verifyTcp,
} from "../../../stack/wire/tcp.ts";
import { emitUdp } from "../../../stack/wire/udp.ts";
import {
  assertBytes,
  bytesOf,
  FakeDevice,
  NO_OFFLOAD,
  OUR_ADDR,
  OUR_MAC,
  parseIp,
  parseUdpFrame,
  PEER_ADDR,
  type SentFrame,
} from "../net_fixture.ts";

const PAYLOAD = bytesOf(65_000);

function setUp(rows = 64) {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  const device = new FakeDevice(NO_OFFLOAD, 1500);
  const iface = new Interface(2, { name: "e", mac: OUR_MAC, link: device }, memory, rows);
  const payload = memory.alloc(1 << 17);
  memory.u8.set(PAYLOAD, payload);
  return { memory, device, iface, payload };
}

type World = ReturnType<typeof setUp>;

/** A complete row under construction, payload in two pieces. */
function beginRow(
  w: World,
  protocol: number,
  l4Len: number,
  payLen: number,
  size: number,
  flags = 0,
): number {
  const { tx } = w.iface;
  const row = tx.begin();
  const dv = w.memory.dv;
  const l4 = tx.l4Off[row];
  const len = l4Len + payLen;
  const pseudo = fold(pseudoSumV4(OUR_ADDR.w3, PEER_ADDR.w3, protocol, len));
  tx.csum[row] = CSUM_PARTIAL;
  tx.hdrLen[row] = l4Len;
  if (protocol === 17) {
    emitUdp(dv, l4, 1, 2, len, pseudo);
    tx.csumOffset[row] = 6;
    tx.gsoType[row] = GSO_UDP_L4;
  } else {
    const bits = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR;
    w.memory.u8.fill(1, l4 + 20, l4 + 32); // NOPs
    emitTcp(dv, l4, 1, 2, 0xfffffff0 | 0, 77, l4Len, bits, 500, pseudo, 0);
    tx.csumOffset[row] = 16;
    tx.gsoType[row] = GSO_TCPV4;
  }
  tx.gsoSize[row] = size;
  const first = Math.floor(payLen / 3);
  tx.payOff[row] = w.payload;
  tx.payLen[row] = first;
  tx.pay2Off[row] = w.payload + 70_000;
  tx.pay2Len[row] = payLen - first;
  w.memory.u8.set(PAYLOAD.subarray(first, payLen), w.payload + 70_000);
  const ip = tx.prepend(20);
  emitIpv4(dv, ip, 0, 20 + len, 0xfffe, flags, 64, protocol, OUR_ADDR.w3, PEER_ADDR.w3);
  const link = tx.prepend(14);
  dv.setUint16(link + 12, 0x0800);
  return row;
}

function framesOf(w: World): SentFrame[] {
  w.iface.transmit();
  return w.device.frames.splice(0);
}

Deno.test("a checksum left to the device is finished, over both pieces", () => {
  const w = setUp();
  for (const len of [0, 1, 2, 7, 1000, 1001]) {
    const row = beginRow(w, 17, 8, len, 0);
    w.iface.tx.gsoType[row] = 0;
    finishChecksum(w.memory, w.iface.tx);
    assertEquals(w.iface.tx.csum[row], CSUM_NONE);
    w.iface.tx.commit();
    assertBytes(parseUdpFrame(framesOf(w)[0]).data, PAYLOAD.slice(0, len));
  }
});

Deno.test("a TCP segment of 64 KB becomes segments that a receiver takes", () => {
  const cases: [number, boolean][] = [[1448 * 44, false], [1448 * 3 + 1, true], [1449, false]];
  for (const [total, isAtomic] of cases) {
    const w = setUp();
    beginRow(w, 6, 32, total, 1448, isAtomic ? 0x4000 : 0);
    const count = Math.ceil(total / 1448);
    assertEquals(new Segmenter(w.memory).cut(w.iface, true), count);
    const frames = framesOf(w);
    assertEquals(frames.length, count);
    let pos = 0;
    for (const [i, frame] of frames.entries()) {
      const packet = parseIp(frame);
      assertEquals(packet.header.id, isAtomic ? 0xfffe : (0xfffe + i) & 0xffff);
      const dv = new DataView(packet.payload.buffer);
      const tcp = new TcpHeader();
      assertEquals(parseTcp(dv, 0, packet.payload.length, tcp), 0);
      const pseudo = pseudoSumV4(OUR_ADDR.w3, PEER_ADDR.w3, 6, packet.payload.length);
      assertEquals(verifyTcp(dv, 0, packet.payload.length, pseudo), 0);
      assertEquals(tcp.seq, (0xfffffff0 + pos) | 0);
      const isLast = i === count - 1;
      const expected = TCP_ACK | (i === 0 ? TCP_CWR : 0) | (isLast ? TCP_PSH | TCP_FIN : 0);
      assertEquals(tcp.flags, expected);
      assertBytes(packet.payload.slice(32), PAYLOAD.slice(pos, Math.min(total, pos + 1448)));
      pos += 1448;
    }
  }
});

Deno.test("a UDP frame of several datagrams becomes those datagrams", () => {
  const w = setUp();
  beginRow(w, 17, 8, 3010, 1000);
  assertEquals(new Segmenter(w.memory).cut(w.iface, false), 4);
  const datagrams = framesOf(w).map(parseUdpFrame);
  assertEquals(datagrams.map((d) => d.data.length), [1000, 1000, 1000, 10]);
  for (const [i, d] of datagrams.entries()) {
    assertBytes(d.data, PAYLOAD.slice(i * 1000, Math.min(3010, i * 1000 + 1000)));
  }
});

Deno.test("a queue too short for all segments is transmitted in between", () => {
  const w = setUp(4);
  const { tx } = w.iface;
  tx.begin();
  tx.commit();
  beginRow(w, 6, 32, 1448 * 10, 1448);
  assertEquals(new Segmenter(w.memory).cut(w.iface, true), 10);
  const frames = framesOf(w).slice(1);
  assertEquals(frames.length, 10);
  assertEquals(w.device.batches, 3);
  const whole = frames.flatMap((f) => [...parseIp(f).payload.slice(32)]);
  assertBytes(Uint8Array.from(whole), PAYLOAD.slice(0, 14_480));
});

Deno.test("a long TCP row is cut into shorter ones, each still several segments", () => {
  const w = setUp();
  const total = 1448 * 44 + 5;
  const row = beginRow(w, 6, 32, total, 1448);
  const { tx } = w.iface;
  const cutter = new LongFrameCutter(w.memory);
  cutter.take(tx, row, 30_000);
  const seen: number[][] = [];
  const bytes: number[] = [];
  let tries = 0;
  while (cutter.next(tx, row)) {
    // The second is refused: it comes again, shorter
    if (++tries === 2) {
      cutter.repeat(tx, row, 3_000);
      continue;
    }
    const { dv, u8 } = w.memory;
    const ip = tx.hdrOff[row] + 14;
    const tcp = new TcpHeader();
    assertEquals(parseTcp(dv, tx.l4Off[row], 32 + 1448, tcp), 0);
    const len = tx.payLen[row] + tx.pay2Len[row];
    seen.push([len, tcp.seq - (0xfffffff0 | 0), tcp.flags, tx.gsoType[row], tx.gsoSize[row]]);
    assertEquals(dv.getUint16(ip + 2), 52 + len);
    assertEquals(fold(sum(dv, ip, 20, 0)), 0xffff, "the header's checksum");
    assertEquals(tx.csum[row], CSUM_PARTIAL);
    const pseudo = pseudoSumV4(OUR_ADDR.w3, PEER_ADDR.w3, 6, 32 + len);
    assertEquals(dv.getUint16(tx.l4Off[row] + 16), fold(pseudo));
    const segmentsBefore = Math.ceil(bytes.length / 1448);
    assertEquals(dv.getUint16(ip + 4), (0xfffe + segmentsBefore) & 0xffff, "the identification");
    bytes.push(...u8.subarray(tx.payOff[row], tx.payOff[row] + tx.payLen[row]));
    bytes.push(...u8.subarray(tx.pay2Off[row], tx.pay2Off[row] + tx.pay2Len[row]));
  }
  const first = 20 * 1448;
  assertEquals(seen[0], [first, 0, TCP_ACK | TCP_CWR, GSO_TCPV4, 1448]);
  assertEquals(seen[1], [2 * 1448, first, TCP_ACK, GSO_TCPV4, 1448]);
  assertEquals(seen.at(-1), [5, total - 5, TCP_ACK | TCP_PSH | TCP_FIN, GSO_NONE, 0]);
  assertEquals(seen.length, 1 + 12 + 1);
  assertBytes(Uint8Array.from(bytes), PAYLOAD.slice(0, total));
});

Deno.test("with a VLAN tag in front the parts are the same", () => {
  const w = setUp();
  const row = beginRow(w, 6, 32, 1448 * 10, 1448);
  const { tx } = w.iface;
  const { dv, u8 } = w.memory;
  const link = tx.prepend(4);
  u8.copyWithin(link, link + 4, link + 16);
  dv.setUint32(link + 12, 0x81000064);
  const cutter = new LongFrameCutter(w.memory);
  cutter.take(tx, row, 10_000);
  const lengths: number[] = [];
  while (cutter.next(tx, row)) lengths.push(dv.getUint16(tx.hdrOff[row] + 18 + 2) - 52);
  assertEquals(lengths, [6 * 1448, 4 * 1448]);
});

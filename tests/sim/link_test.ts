/**
 * The instruments themselves: does the simulated link do what it is told?
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type WireFrame, wireFrame } from "../support/packet_types.ts";
import { Prng } from "../support/prng.ts";
import { ipv4Frame, ipv4Header, PROTO_TCP, tcpBytes, tcpSegment } from "../support/build.ts";
import { decodeFrame } from "../support/decode.ts";
import { segmentFrame } from "../support/offload.ts";
import { checkPattern, fillPattern } from "../support/pattern.ts";
import { Channel, type ChannelOptions, PERFECT } from "./channel.ts";
import { EventQueue } from "./event_queue.ts";
import { coalesce } from "./gro.ts";
import { CodelMarker, LossProcess } from "./impairment.ts";

const MAC = new Uint8Array(6);

function tcpFrame(seq: number, payloadLen: number, flags = 0x10, tos = 0): WireFrame {
  const payload = new Uint8Array(payloadLen);
  fillPattern(payload, 0, payloadLen, 1, seq);
  const header = ipv4Header({ src: 0xc6120001, dst: 0xc6120002, tos });
  const segment = tcpSegment({ srcPort: 1, dstPort: 2, seq, flags, payload });
  const bytes = tcpBytes(header.src, header.dst, segment);
  return wireFrame(ipv4Frame(MAC, MAC, header, PROTO_TCP, bytes));
}

interface Bench {
  readonly channel: Channel;
  readonly arrived: { readonly atUs: number; readonly frame: WireFrame }[];
  run(): void;
}

function bench(options: Partial<ChannelOptions>): Bench {
  const queue = new EventQueue();
  const arrived: { atUs: number; frame: WireFrame }[] = [];
  const agenda = { at: queue.add.bind(queue), note: () => {} };
  const to = { deliver: (frame: WireFrame, atUs: number) => void arrived.push({ atUs, frame }) };
  const from = { deliver: () => {} };
  const all = { ...PERFECT, ...options };
  const channel = new Channel("x", all, new Prng(3), agenda, to, from);
  const run = () => {
    while (queue.size > 0) {
      const entry = queue.pop();
      entry.run(entry.atUs);
    }
  };
  return { channel, arrived, run };
}

Deno.test("event queue: by time, equal times in order of entry", () => {
  const queue = new EventQueue();
  const prng = new Prng(1);
  const times = Array.from({ length: 500 }, () => prng.below(50));
  const seen: [number, number][] = [];
  times.forEach((atUs, i) => queue.add(atUs, () => void seen.push([atUs, i])));
  while (queue.size > 0) queue.pop().run(0);
  const sorted = times.map((t, i) => [t, i] as [number, number])
    .sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  assertEquals(seen, sorted);
});

Deno.test("channel: rate, delay and drop-tail queue", () => {
  // 1000 bytes at 8 Mbit/s take 1 ms.
  const { channel, arrived, run } = bench({ rateBps: 8e6, delayUs: 10_000, queueBytes: 5_000 });
  for (let i = 0; i < 10; i++) channel.send(wireFrame(new Uint8Array(1000)), 0);
  run();
  assertEquals(arrived.map((a) => a.atUs), [11_000, 12_000, 13_000, 14_000, 15_000]);
  assertEquals(channel.queueDrops, 5);
});

Deno.test("channel: loss, duplication and corruption at their rates", () => {
  const { channel, arrived, run } = bench({
    loss: { kind: "bernoulli", rate: 0.1 },
    duplicateRate: 0.1,
    corruptRate: 0.1,
  });
  for (let i = 0; i < 5000; i++) channel.send(tcpFrame(i, 100), i);
  run();
  assert(Math.abs(channel.lost - 500) < 80, `${channel.lost} lost`);
  assertEquals(arrived.length, 5000 - channel.lost + channel.duplicated);
  const bad = arrived.filter((a) => decodeFrame(a.frame).errors.length > 0).length;
  assert(bad >= channel.corrupted * 0.95, `${bad} of ${channel.corrupted} show`);
});

Deno.test("channel: jitter keeps the order, reordering does not", () => {
  const order = (options: Partial<ChannelOptions>) => {
    const { channel, arrived, run } = bench(options);
    for (let i = 0; i < 300; i++) channel.send(tcpFrame(i, 10), i * 10);
    run();
    const seqs = arrived.map((a) => decodeFrame(a.frame).tcp?.seq ?? 0);
    return seqs.every((seq, i) => seq === i);
  };
  assert(order({ delayUs: 100, jitterUs: 500 }));
  assert(!order({ delayUs: 100, reorderRate: 0.1, reorderUs: 500 }));
});

Deno.test("Gilbert-Elliott: loss comes in bursts", () => {
  const model = { kind: "gilbert", goodToBad: 0.01, badToGood: 0.2, lossGood: 0, lossBad: 1 };
  const loss = new LossProcess({ ...model, kind: "gilbert" }, new Prng(5));
  let lost = 0;
  let bursts = 0;
  let wasLost = false;
  for (let i = 0; i < 20_000; i++) {
    const isLost = loss.drops(i);
    if (isLost) lost++;
    if (isLost && !wasLost) bursts++;
    wasLost = isLost;
  }
  assert(lost / bursts > 3 && lost / bursts < 7, `mean burst ${lost / bursts}`);
});

Deno.test("CoDel: nothing below the target, more and more above it", () => {
  const codel = new CodelMarker();
  for (let t = 0; t < 1e6; t += 1000) assert(!codel.decides(4_000, t));
  let marks = 0;
  for (let t = 1e6; t < 3e6; t += 1000) if (codel.decides(20_000, t)) marks++;
  assert(marks > 20 && marks < 200, `${marks} marks in 2 s`);
});

Deno.test("channel: CoDel marks what is ECN-capable and keeps the header checksum right", () => {
  const { channel, arrived, run } = bench({ rateBps: 8e6, codel: true });
  for (let i = 0; i < 2000; i++) channel.send(tcpFrame(i, 960, 0x10, 2), i * 800);
  run();
  assert(channel.marked > 0);
  const marked = arrived.map((a) => decodeFrame(a.frame)).filter((d) => d.ip?.tos === 3);
  assertEquals(marked.length, channel.marked);
  assertEquals(marked.filter((d) => d.errors.length > 0).length, 0);
});

Deno.test("GRO: neighbours become one frame; segmentation cuts it again into the same", () => {
  const batch = [0, 1000, 2000].map((seq) => tcpFrame(seq, 1000));
  const last = tcpFrame(3000, 500, 0x18);
  const stranger = tcpFrame(9000, 1000);
  const out = coalesce([...batch, last, stranger]);
  assertEquals(out.length, 2);
  assertEquals(out[0].gsoSize, 1000);
  const merged = decodeFrame(out[0]);
  assertEquals(merged.errors, []);
  const payload = merged.tcp?.payload ?? new Uint8Array();
  assertEquals(payload.length, 3500);
  assertEquals(checkPattern(payload, 0, 3500, 1, 0), -1);
  const cut = segmentFrame(out[0]).map((f) => decodeFrame(f));
  assertEquals(cut.map((d) => d.errors.length), [0, 0, 0, 0]);
  assertEquals(cut.map((d) => d.tcp?.seq), [0, 1000, 2000, 3000]);
  assertEquals(cut.map((d) => d.tcp?.flags), [0x10, 0x10, 0x10, 0x18]);
});

Deno.test("pattern: a flipped, shifted or foreign byte shows at any alignment", () => {
  const u8 = new Uint8Array(100);
  for (let pos = 0; pos < 8; pos++) {
    for (let len = 0; len < 20; len++) {
      fillPattern(u8, 3, len, 7, pos);
      assertEquals(checkPattern(u8, 3, len, 7, pos), -1);
      if (len === 0) continue;
      u8[3 + len - 1] ^= 1;
      assertEquals(checkPattern(u8, 3, len, 7, pos), len - 1);
    }
  }
  fillPattern(u8, 0, 64, 7, 0);
  assert(checkPattern(u8, 1, 60, 7, 0) >= 0);
  assert(checkPattern(u8, 0, 64, 8, 0) >= 0);
});

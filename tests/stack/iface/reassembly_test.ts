import { assert, assertEquals } from "@std/assert";
import { BuddyMemory, Counters } from "../../../stack/mod.ts";
import { DEFAULT_IP_CONFIG } from "../../../stack/iface/config.ts";
import { type PartialDatagram, Reassembly } from "../../../stack/iface/reassembly.ts";
import { emitIpv4, Ipv4Header, parseIpv4 } from "../../../stack/wire/ipv4.ts";
import { assertBytes, bytesOf } from "../net_fixture.ts";

class World {
  readonly memory = new BuddyMemory(new ArrayBuffer(32 << 20));
  readonly counters = new Counters();
  readonly timedOut: number[] = [];
  readonly reassembly: Reassembly;
  readonly #off: number;
  readonly #header = new Ipv4Header();

  constructor(config = {}) {
    this.reassembly = new Reassembly(
      this.memory,
      this.counters,
      { ...DEFAULT_IP_CONFIG, ...config },
      (d) => this.timedOut.push(d.contiguousLen),
      () => 99,
    );
    this.#off = this.memory.alloc(70_000);
  }

  add(id: number, start: number, data: Uint8Array, more: boolean, nowUs = 0, tos = 0) {
    const { dv, u8 } = this.memory;
    const flags = (more ? 0x2000 : 0) | (start >> 3);
    emitIpv4(dv, this.#off, tos, 20 + data.length, id, flags, 64, 17, 1 << 24, 2);
    u8.set(data, this.#off + 20);
    assertEquals(parseIpv4(dv, this.#off, 20 + data.length, true, this.#header), 0);
    return this.reassembly.add(this.#header, this.#off, 2, nowUs);
  }

  bytes(d: PartialDatagram | null): Uint8Array {
    assert(d !== null);
    const whole = this.memory.u8.slice(d.headerOff + d.headerLen, d.headerOff + 20 + d.totalLen);
    const header = new Ipv4Header();
    assertEquals(parseIpv4(this.memory.dv, d.headerOff, 20 + d.totalLen, true, header), 0);
    assertEquals([header.isFragment, header.totalLen], [false, 20 + d.totalLen]);
    this.reassembly.release(d);
    return whole;
  }
}

const DATA = bytesOf(4000);
const piece = (from: number, to: number) => DATA.slice(from, to);

Deno.test("in any order, with repetitions", () => {
  const orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 1, 0, 3, 3, 2], [0, 2, 0, 2, 3, 1]];
  for (const order of orders) {
    const w = new World();
    const used = w.memory.usedBytes;
    let whole: PartialDatagram | null = null;
    for (const i of order) {
      assertEquals(whole, null);
      whole = w.add(1, i * 1000, piece(i * 1000, i * 1000 + 1000), i < 3);
    }
    assertBytes(w.bytes(whole), DATA);
    assertEquals([w.memory.usedBytes, w.reassembly.usedBytes], [used, 0]);
    assertEquals([w.reassembly.count, w.reassembly.pollAtUs()], [0, Infinity]);
    const { reasmOks, reasmReqds } = w.counters.ip;
    assertEquals([reasmOks, reasmReqds], [1, order.length]);
  }
});

Deno.test("two datagrams at once are kept apart by their identification", () => {
  const w = new World();
  w.add(1, 0, piece(0, 1000), true);
  w.add(2, 0, piece(1000, 2000), true);
  assertBytes(w.bytes(w.add(2, 1000, piece(2000, 2500), false)), piece(1000, 2500));
  assertBytes(w.bytes(w.add(1, 1000, piece(1000, 1500), false)), piece(0, 1500));
});

Deno.test("overlaps kill the datagram", () => {
  const cases: [number, number, boolean][][] = [
    [[0, 1000, true], [992, 2000, true]],
    [[1000, 2000, true], [0, 1008, true]],
    [[0, 1000, true], [2000, 3000, true], [992, 2008, true]],
    [[8, 1000, false], [1000, 2000, true]], // beyond the end
    [[1000, 2000, true], [0, 1000, false]], // an end before what is there
    [[1000, 2000, false], [1000, 3000, false]], // two ends
  ];
  for (const fragments of cases) {
    const w = new World();
    for (const [from, to, more] of fragments) {
      assertEquals(w.add(1, from, piece(from, to), more), null);
    }
    assertEquals([w.reassembly.count, w.reassembly.usedBytes], [0, 0]);
    assertEquals(w.counters.drops[20], 1);
  }
});

Deno.test("given up after 30 s; told only when the first fragment has come", () => {
  const w = new World();
  w.add(1, 0, piece(0, 1000), true, 5e6);
  w.add(2, 1000, piece(1000, 2000), true, 6e6);
  assertEquals(w.reassembly.pollAtUs(), 35e6);
  w.reassembly.poll(34.9e6);
  assertEquals(w.reassembly.count, 2);
  w.reassembly.poll(40e6);
  assertEquals([w.reassembly.count, w.timedOut, w.reassembly.usedBytes], [0, [1000], 0]);
  assertEquals(w.counters.ip.reasmTimeout, 2);
});

Deno.test("over the high mark the oldest go until below the low mark", () => {
  const w = new World({ fragmentHighBytes: 40_000, fragmentLowBytes: 20_000 });
  for (let id = 1; id <= 10; id++) w.add(id, 0, piece(0, 1000), true, id);
  assertEquals(w.reassembly.usedBytes, 16_384);
  // The latest are still good.
  assertBytes(w.bytes(w.add(10, 1000, piece(1000, 2000), false)), piece(0, 2000));
});

Deno.test("no more than 128 separate runs", () => {
  const w = new World();
  for (let i = 0; i < 129; i++) w.add(1, 16 + i * 16, piece(0, 8), true);
  assertEquals([w.reassembly.count, w.counters.drops[20]], [0, 1]);
});

Deno.test("longer than a packet can be, empty, or without memory: dropped", () => {
  const w = new World();
  for (let pos = 0; pos < 65_512; pos += 1000) {
    const end = Math.min(pos + 1000, 65_512);
    w.add(1, pos, new Uint8Array(end - pos), true);
  }
  // Parsed alone the last one passes; with the first one's header of 20 bytes it is 65,535.
  assertBytes(w.bytes(w.add(1, 65_512, new Uint8Array(3), false)), new Uint8Array(65_515));
  assertEquals(w.add(2, 800, new Uint8Array(0), false), null);
  assertEquals(w.reassembly.count, 0);
  while (w.memory.alloc(1024) >= 0);
  assertEquals(w.add(3, 0, piece(0, 8), true), null);
  assertEquals(w.counters.drops[21], 1);
});

Deno.test("congestion experienced by one fragment is kept (RFC 3168 5.3)", () => {
  const w = new World();
  w.add(1, 0, piece(0, 8), true, 0, 2);
  const whole = w.add(1, 8, piece(8, 16), false, 0, 3);
  assert(whole !== null);
  assertEquals(w.memory.u8[whole.headerOff + 1], 3);
  w.reassembly.release(whole);
  w.add(2, 0, piece(0, 8), true, 0, 0);
  assertEquals(w.add(2, 8, piece(8, 16), false, 0, 3), null);
});

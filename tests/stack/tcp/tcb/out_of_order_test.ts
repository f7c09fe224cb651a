import { assert, assertEquals } from "@std/assert";
import { Span } from "../../../../stack/base/span.ts";
import { BuddyMemory } from "../../../../stack/storage/arena_memory.ts";
import { ByteRing } from "../../../../stack/storage/ring.ts";
import { OutOfOrderQueue } from "../../../../stack/tcp/tcb/out_of_order.ts";
import { seededRandom } from "../support/host.ts";

const NO_LIMIT = 1 << 30;
/** Where the tests' bytes come from; the byte of sequence number s is `byteOf(s)`. */
const SOURCE_LEN = 1 << 17;

class Bench {
  readonly memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  readonly source = this.memory.alloc(SOURCE_LEN);
  readonly ring = new ByteRing(this.memory, 1 << 16);
  readonly queue: OutOfOrderQueue;
  readonly baseBytes: number;

  constructor(maxPieces = 4096) {
    this.queue = new OutOfOrderQueue(this.memory, maxPieces);
    this.baseBytes = this.memory.usedBytes;
  }

  add(seq: number, lenBytes: number, maxCharged = NO_LIMIT): boolean {
    for (let i = 0; i < lenBytes; i++) this.memory.u8[this.source + i] = byteOf(seq + i);
    return this.queue.add(seq, this.source, lenBytes, maxCharged);
  }

  /** What is in the ring, taken out. */
  read(): number[] {
    const { u8 } = this.memory;
    const span = new Span();
    const n = this.ring.readableSpan(0, 1 << 16, span);
    const { off0, len0, off1, len1 } = span;
    const bytes = [...u8.subarray(off0, off0 + len0), ...u8.subarray(off1, off1 + len1)];
    this.ring.consume(n);
    this.ring.free();
    this.memory.releaseDeferred();
    return bytes;
  }

  /** The memory's own count of what the queue takes. */
  get takenBytes(): number {
    return this.memory.usedBytes - this.baseBytes;
  }
}

function byteOf(seq: number): number {
  return (Math.imul(seq, 31) >> 3) & 0xff;
}

function bytesOf(from: number, to: number): number[] {
  return Array.from({ length: (to - from) | 0 }, (_, i) => byteOf((from + i) | 0));
}

Deno.test("out of order: a byte costs the smallest block, wherever it lies", () => {
  const bench = new Bench();
  assert(bench.add(5_000_000, 1));
  assertEquals([bench.queue.heldBytes, bench.queue.chargedBytes], [1, 64]);
  assertEquals(bench.takenBytes, 64);
});

Deno.test("out of order: a run fills its blocks, which double", () => {
  const bench = new Bench();
  for (let seq = 0; seq < 10_000; seq++) assert(bench.add(1000 + seq, 1));
  const { queue } = bench;
  assertEquals(queue.heldBytes, 10_000);
  assert(queue.chargedBytes <= 3 * 10_000, `${queue.chargedBytes}`);
  assert(queue.pieceCount < 10, `${queue.pieceCount} pieces`);
  queue.moveTo(bench.ring, 1000, 11_000);
  assertEquals([queue.heldBytes, queue.chargedBytes, queue.pieceCount], [0, 0, 0]);
  assertEquals(bench.read(), bytesOf(1000, 11_000));
});

Deno.test("out of order: what is held already is stored once", () => {
  const bench = new Bench();
  assert(bench.add(100, 50));
  assert(bench.add(200, 50));
  assert(bench.add(120, 200));
  assert(bench.add(90, 300));
  assertEquals(bench.queue.heldBytes, 300);
  bench.queue.moveTo(bench.ring, 90, 390);
  assertEquals(bench.read(), bytesOf(90, 390));
  assertEquals(bench.takenBytes, 0);
});

Deno.test("out of order: only what is in order now leaves; what came before is forgotten", () => {
  const bench = new Bench();
  for (const seq of [100, 300, 500, 700]) assert(bench.add(seq, 100));
  // 200..350 came in order, so that 100..400 is complete
  bench.queue.moveTo(bench.ring, 350, 400);
  assertEquals(bench.read(), bytesOf(350, 400));
  assertEquals([bench.queue.heldBytes, bench.queue.pieceCount], [200, 2]);
  // 400..600 came in order
  bench.queue.moveTo(bench.ring, 600, 600);
  assertEquals([bench.read(), bench.queue.heldBytes], [[], 100]);
});

Deno.test("out of order: bounds of the charge and of the pieces; clear gives all back", () => {
  const bench = new Bench(4);
  assertEquals(bench.add(10, 1, 63), false);
  assertEquals(bench.add(10, 1, 64), true);
  assertEquals(bench.add(20, 1, 127), false);
  for (const seq of [20, 30, 40]) assertEquals(bench.add(seq, 1), true);
  assertEquals(bench.add(50, 1), false, "a fifth piece");
  assertEquals(bench.add(41, 63), true, "it goes on");
  bench.queue.clear();
  assertEquals([bench.takenBytes, bench.queue.chargedBytes, bench.queue.heldBytes], [0, 0, 0]);
  assertEquals(bench.memory.badFrees, 0);
});

Deno.test("out of order: no memory", () => {
  const bench = new Bench();
  for (let len = 1 << 16; len >= 64; len >>= 1) while (bench.memory.alloc(len) >= 0);
  assertEquals(bench.add(10, 1), false);
  assertEquals([bench.queue.heldBytes, bench.queue.chargedBytes], [0, 0]);
});

Deno.test("out of order: model, random segments against a map, across the wrap", () => {
  const random = seededRandom(5);
  const below = (n: number) => (random() >>> 0) % n;
  for (let round = 0; round < 40; round++) {
    const bench = new Bench();
    const { queue } = bench;
    const base = [0, 0x7fff_ff00, -500][round % 3];
    const held = new Set<number>();
    let next = 0;
    for (let step = 0; step < 100; step++) {
      const at = next + 1 + below(2000);
      const len = 1 + below(below(10) === 0 ? 1500 : 40);
      assert(bench.add((base + at) | 0, len));
      for (let i = 0; i < len; i++) held.add(at + i);
      assertEquals(queue.heldBytes, held.size);
      assertEquals(bench.takenBytes, queue.chargedBytes);
      assert(queue.chargedBytes <= 3 * queue.heldBytes + 64 * queue.pieceCount);
      if (step % 7 !== 6) continue;
      // Some in order, and what is complete with it
      const from = next + 1 + below(300);
      next = from;
      while (held.has(next)) next++;
      queue.moveTo(bench.ring, (base + from) | 0, (base + next) | 0);
      assertEquals(bench.read(), bytesOf(base + from, base + next));
      for (const place of held) if (place < next) held.delete(place);
    }
    queue.clear();
    assertEquals([bench.takenBytes, bench.memory.badFrees], [0, 0]);
  }
});

import { assert, assertEquals } from "@std/assert";
import { BuddyMemory } from "../../../stack/storage/arena_memory.ts";
import { ByteRing } from "../../../stack/storage/ring.ts";
import { Span } from "../../../stack/base/span.ts";
import { randomSource } from "./random.ts";

/** Copies into a writable span and commits; returns how many bytes fitted. */
function write(memory: BuddyMemory, ring: ByteRing, bytes: number[]): number {
  const span = new Span();
  const n = ring.writableSpan(bytes.length, span);
  assertEquals(n, span.len0 + span.len1);
  memory.u8.set(bytes.slice(0, span.len0), span.off0);
  memory.u8.set(bytes.slice(span.len0, n), span.off1);
  ring.commit(n);
  return n;
}

function read(memory: BuddyMemory, ring: ByteRing, skip: number, max: number): number[] {
  const span = new Span();
  const n = ring.readableSpan(skip, max, span);
  assertEquals(n, span.len0 + span.len1);
  return [
    ...memory.u8.subarray(span.off0, span.off0 + span.len0),
    ...memory.u8.subarray(span.off1, span.off1 + span.len1),
  ];
}

function setUp(capacity: number, memoryLen = 1 << 16): [BuddyMemory, ByteRing] {
  const memory = new BuddyMemory(new ArrayBuffer(memoryLen));
  return [memory, new ByteRing(memory, capacity)];
}

Deno.test("ByteRing: capacity is a power of two; memory is taken at first use", () => {
  const [memory, ring] = setUp(5000);
  assertEquals([ring.capacity, ring.freeBytes, ring.usedBytes], [8192, 8192, 0]);
  assertEquals([ring.isAllocated, memory.usedBytes], [false, 0]);
  assertEquals(read(memory, ring, 0, 10), []);
  assertEquals([ring.grow(100), ring.capacity, memory.usedBytes], [true, 8192, 0]);
  assertEquals([ring.grow(8193), ring.capacity, memory.usedBytes], [true, 16384, 0]);
  write(memory, ring, [1]);
  assertEquals([ring.isAllocated, memory.usedBytes], [true, 16384]);
  const capacities = [0, 1, 64, 65, 1 << 20].map((n) => new ByteRing(memory, n).capacity);
  assertEquals(capacities, [64, 64, 64, 128, 1 << 20]);
});

Deno.test("ByteRing: wraps in two pieces, both ways", () => {
  const [memory, ring] = setUp(64);
  const span = new Span();
  write(memory, ring, Array.from({ length: 50 }, (_, i) => i));
  ring.consume(40);
  assertEquals(ring.writableSpan(1000, span), 54);
  assertEquals([span.len0, span.len1, span.off1], [14, 40, span.off0 - 50]);
  assertEquals(write(memory, ring, Array.from({ length: 60 }, (_, i) => 100 + i)), 54);
  assertEquals([ring.usedBytes, ring.freeBytes], [64, 0]);
  assertEquals(ring.writableSpan(1, span), 0);
  assertEquals(read(memory, ring, 8, 4), [48, 49, 100, 101]);
  assertEquals(read(memory, ring, 23, 3), [113, 114, 115]);
  assertEquals(read(memory, ring, 63, 100), [153]);
  assertEquals(read(memory, ring, 64, 100), []);
  assertEquals(read(memory, ring, 70, 100), []);
});

Deno.test("ByteRing: what is written from memory is cut at the end of the ring", () => {
  const [memory, ring] = setUp(64);
  write(memory, ring, new Array(60).fill(0));
  ring.consume(58);
  const src = memory.alloc(128);
  for (let i = 0; i < 128; i++) memory.u8[src + i] = i;
  assertEquals(ring.write(src + 2, 10), 10); // wraps
  assertEquals(read(memory, ring, 0, 64), [0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assertEquals(ring.write(src, 100), 52);
  assertEquals(ring.write(src, 1), 0);
  assertEquals(ring.usedBytes, 64);
});

Deno.test("ByteRing: grow and shrink keep the bytes, and defer the old block", () => {
  const [memory, ring] = setUp(64);
  write(memory, ring, new Array(50).fill(0));
  ring.consume(50);
  const bytes = Array.from({ length: 40 }, (_, i) => i);
  write(memory, ring, bytes); // wraps
  const span = new Span();
  ring.readableSpan(0, 3, span);
  const oldOff = span.off0;
  assertEquals(ring.grow(200), true);
  assertEquals([ring.capacity, ring.usedBytes], [256, 40]);
  assertEquals([...memory.u8.subarray(oldOff, oldOff + 3)], [0, 1, 2], "still there for a frame");
  assertEquals(memory.usedBytes, 64 + 256);
  memory.releaseDeferred();
  assertEquals(memory.usedBytes, 256);
  assertEquals(read(memory, ring, 0, 99), bytes);
  ring.consume(20);
  write(memory, ring, new Array(230).fill(7)); // wraps
  ring.consume(220);
  ring.shrink();
  memory.releaseDeferred();
  assertEquals([ring.capacity, memory.usedBytes], [64, 64]);
  assertEquals(read(memory, ring, 0, 99), new Array(30).fill(7));
  ring.shrink();
  assertEquals([ring.capacity, memory.badFrees], [64, 0]);
});

Deno.test("ByteRing: no memory", () => {
  const [memory, ring] = setUp(1024, 2048);
  write(memory, ring, [1, 2, 3]);
  assertEquals(ring.grow(2048), false);
  assertEquals([ring.capacity, ring.usedBytes], [1024, 3]);
  assertEquals(read(memory, ring, 0, 3), [1, 2, 3]);
  const other = new ByteRing(memory, 2048);
  assertEquals(other.writableSpan(1, new Span()), 0);
  assertEquals(other.write(0, 1), 0);
  assertEquals([other.isAllocated, other.usedBytes], [false, 0]);
  other.free();
  assertEquals(memory.badFrees, 0);
});

Deno.test("ByteRing: free gives the memory back, and the ring may be used again", () => {
  const [memory, ring] = setUp(64);
  write(memory, ring, [1, 2, 3]);
  ring.consume(1);
  ring.free();
  assertEquals([ring.usedBytes, ring.freeBytes, ring.isAllocated], [0, 64, false]);
  ring.free();
  memory.releaseDeferred();
  assertEquals([memory.usedBytes, memory.badFrees], [0, 0]);
  write(memory, ring, [9]);
  assertEquals(read(memory, ring, 0, 9), [9]);
});

Deno.test("ByteRing: at rest it holds no memory, unless it has grown", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  const ring = new ByteRing(memory, 256);
  write(memory, ring, [1, 2, 3]);
  ring.consume(3);
  ring.releaseEmpty(false);
  assertEquals([memory.usedBytes, ring.isAllocated, ring.capacity], [0, false, 256]);
  write(memory, ring, [4, 5]);
  assertEquals(read(memory, ring, 0, 9), [4, 5]);
  ring.consume(2);
  ring.releaseEmpty(true);
  assertEquals(memory.usedBytes, 256, "queued frames may point into it");
  memory.releaseDeferred();
  assertEquals(memory.usedBytes, 0);
  ring.releaseEmpty(false);
  ring.releaseEmpty(true);
  memory.releaseDeferred();
  write(memory, ring, [6]);
  assert(ring.grow(1024));
  memory.releaseDeferred();
  ring.consume(1);
  ring.releaseEmpty(false);
  assertEquals([memory.usedBytes, ring.capacity, memory.badFrees], [1024, 1024, 0]);
  // Started over: nothing wraps
  const span = new Span();
  ring.writableSpan(1024, span);
  assertEquals([span.len0, span.len1], [1024, 0]);
});

Deno.test("ByteRing: with half of the memory in use one that has grown holds none at rest", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  const ring = new ByteRing(memory, 256);
  write(memory, ring, [1]);
  assert(ring.grow(1024));
  memory.releaseDeferred();
  const hog = memory.alloc(1 << 15);
  ring.consume(1);
  ring.releaseEmpty(false);
  assertEquals([memory.usedBytes, ring.capacity, ring.isAllocated], [1 << 15, 256, false]);
  memory.free(hog, 1 << 15);
  write(memory, ring, [2, 3]);
  assertEquals(read(memory, ring, 0, 9), [2, 3]);
});

Deno.test("ByteRing: model, 20,000 random steps against an array", () => {
  const [memory, ring] = setUp(64, 1 << 20);
  const random = randomSource(7);
  const below = (n: number): number => (random() >>> 0) % n;
  const src = memory.alloc(4096);
  let used: number[] = [];
  let nextByte = 0;
  for (let step = 0; step < 20000; step++) {
    const action = below(20);
    if (action < 6) {
      const bytes = Array.from({ length: below(100) }, () => nextByte++ & 0xff);
      const n = write(memory, ring, bytes);
      assertEquals(n, Math.min(bytes.length, ring.capacity - used.length));
      used.push(...bytes.slice(0, n));
    } else if (action < 12) {
      const len = below(60);
      for (let i = 0; i < len; i++) memory.u8[src + i] = nextByte++;
      const n = ring.write(src, len);
      assertEquals(n, Math.min(len, ring.capacity - used.length));
      used.push(...memory.u8.subarray(src, src + n));
    } else if (action < 18) {
      const n = below(used.length + 1);
      ring.consume(n);
      used.splice(0, n);
    } else if (action === 18 && below(10) === 0 && ring.capacity < 4096) {
      assert(ring.grow(ring.capacity * (below(3) + 1)));
    } else if (used.length === 0 && below(20) === 0) {
      ring.releaseEmpty(below(2) === 0);
    } else if (below(50) === 0) {
      ring.shrink();
    } else if (below(500) === 0) {
      ring.free();
      used = [];
    }
    assertEquals([ring.usedBytes, ring.freeBytes], [used.length, ring.capacity - used.length]);
    const skip = below(used.length + 2);
    const max = below(200);
    assertEquals(read(memory, ring, skip, max), used.slice(skip, skip + max));
  }
  ring.free();
  memory.releaseDeferred();
  assertEquals([memory.usedBytes, memory.badFrees], [4096, 0]);
});

Deno.test("ByteRing: pinned, the block and its indexes stay, whatever is asked", () => {
  const [memory, ring] = setUp(64);
  write(memory, ring, [1, 2, 3]);
  const off = ring.pin(256);
  assertEquals([off >= 0, ring.capacity, ring.headIndex, ring.usedBytes], [true, 256, 0, 3]);
  assertEquals(read(memory, ring, 0, 3), [1, 2, 3]);
  ring.consume(3);
  ring.releaseEmpty(false);
  ring.shrink();
  assertEquals([ring.grow(512), ring.capacity, ring.headIndex], [false, 256, 3]);
  write(memory, ring, [4]);
  assertEquals(memory.u8[off + 3], 4);
  ring.unpin();
  assertEquals([read(memory, ring, 0, 1), ring.grow(512)], [[4], true]);
});

Deno.test("ByteRing: freed while pinned, the block is the owner's until it is unpinned", () => {
  const [memory, ring] = setUp(64);
  write(memory, ring, [1, 2, 3]);
  ring.pin(64);
  ring.free();
  assertEquals([ring.isDropped, ring.usedBytes, memory.usedBytes], [true, 0, 64]);
  ring.unpin();
  memory.releaseDeferred();
  assertEquals([ring.isDropped, ring.isAllocated, memory.usedBytes], [false, false, 0]);
  assertEquals(memory.badFrees, 0);
});

Deno.test("ByteRing: without memory nothing is pinned", () => {
  const [memory, ring] = setUp(64, 1024);
  assertEquals(ring.pin(4096), -1);
  assertEquals([ring.isPinned, ring.capacity, memory.usedBytes], [false, 64, 0]);
});

import { assert, assertEquals } from "@std/assert";
import { BuddyMemory } from "../../../stack/storage/arena_memory.ts";
import { randomSource } from "./random.ts";

Deno.test("BuddyMemory: blocks are aligned, inside, at least as large as asked", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  assertEquals(memory.sizeBytes, 1 << 16);
  const sizes: [number, number][] = [[0, 64], [1, 64], [64, 64], [65, 128], [4096, 4096], [
    4097,
    8192,
  ]];
  for (const [asked, given] of sizes) {
    const before = memory.usedBytes;
    const off = memory.alloc(asked);
    assert(off >= 0 && off % 64 === 0);
    assertEquals(memory.usedBytes - before, given);
  }
  assertEquals(memory.alloc(1 << 16), -1);
  assertEquals(memory.alloc(1 << 30), -1);
  assertEquals(memory.alloc((1 << 30) + 1), -1);
  assertEquals(memory.alloc(-1), -1);
});

Deno.test("BuddyMemory: all of it can be used, whatever its size and start", () => {
  for (
    const [len, start] of [[1 << 16, 0], [100_000, 0], [70_000, 1], [5000, 4096], [63, 0], [10, 64]]
  ) {
    const memory = new BuddyMemory(new ArrayBuffer(len), start);
    const blocks: number[] = [];
    for (let off = memory.alloc(1); off >= 0; off = memory.alloc(1)) blocks.push(off);
    assertEquals(memory.usedBytes, memory.sizeBytes);
    assertEquals(new Set(blocks).size * 64, memory.sizeBytes);
    for (const off of blocks) assert(off >= start && off + 64 <= len && off % 64 === 0);
    for (const off of blocks) memory.free(off, 1);
    assertEquals([memory.usedBytes, memory.badFrees], [0, 0]);
  }
});

Deno.test("BuddyMemory: buddies merge, kept blocks too when they are needed", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  const random = randomSource(1);
  const blocks: number[] = [];
  for (let off = memory.alloc(64); off >= 0; off = memory.alloc(64)) blocks.push(off);
  blocks.sort(() => random());
  for (const off of blocks) memory.free(off, 64);
  assertEquals(memory.alloc(1 << 16), 0);
  memory.free(0, 1 << 16);
  assertEquals(memory.usedBytes, 0);
});

Deno.test("BuddyMemory: a wrong free is counted and changes nothing", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16), 128);
  const off = memory.alloc(200);
  const wrong: [number, number][] = [
    [off + 64, 200], // inside the block
    [off + 1, 200],
    [off, 100], // another size
    [off, 257],
    [off, 1 << 30],
    [-1, 64],
    [0, 64], // before the start
    [1 << 16, 64],
    [1 << 20, 64],
  ];
  for (const [badOff, len] of wrong) memory.free(badOff, len);
  assertEquals([memory.badFrees, memory.usedBytes], [wrong.length, 256]);
  memory.free(off, 256); // any size of the same class
  memory.free(off, 200);
  assertEquals([memory.badFrees, memory.usedBytes], [wrong.length + 1, 0]);
  const large = memory.alloc(1 << 15); // not kept, merged at once
  memory.free(large, 1 << 15);
  memory.free(large, 1 << 15);
  assertEquals([memory.badFrees, memory.usedBytes], [wrong.length + 2, 0]);
});

Deno.test("BuddyMemory: a deferred block stays in use until it is released", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 14));
  const offs: number[] = [];
  for (let i = 0; i < 200; i++) offs.push(memory.alloc(64));
  for (const off of offs) memory.freeDeferred(off, 64);
  assertEquals(memory.usedBytes, 200 * 64);
  memory.releaseDeferred();
  assertEquals(memory.usedBytes, 0);
  memory.releaseDeferred();
  memory.freeDeferred(offs[0], 64);
  memory.releaseDeferred();
  assertEquals(memory.badFrees, 1);
});

Deno.test("BuddyMemory: model, 20,000 random steps", () => {
  const len = 1 << 18;
  const memory = new BuddyMemory(new ArrayBuffer(len + 999), 333);
  const random = randomSource(42);
  const live: { off: number; len: number; tag: number }[] = [];
  let used = 0;
  const sizeOf = (n: number): number => Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(n, 1))));
  for (let step = 0; step < 20000; step++) {
    const growing = (step >> 11) % 2 === 0;
    if (live.length === 0 || (random() & 7) < (growing ? 5 : 3)) {
      const asked = 1 + ((random() >>> 0) % (1 << ((random() >>> 0) % 15)));
      const off = memory.alloc(asked);
      if (off < 0) continue;
      const tag = random() & 0xff;
      memory.u8.fill(tag, off, off + asked);
      live.push({ off, len: asked, tag });
      used += sizeOf(asked);
    } else {
      const i = (random() >>> 0) % live.length;
      const block = live[i];
      live[i] = live[live.length - 1];
      live.pop();
      // Another block over it would have overwritten the ends.
      assertEquals(memory.u8[block.off], block.tag);
      assertEquals(memory.u8[block.off + block.len - 1], block.tag);
      memory.free(block.off, block.len);
      used -= sizeOf(block.len);
    }
    assertEquals(memory.usedBytes, used);
  }
  live.sort((a, b) => a.off - b.off);
  for (let i = 1; i < live.length; i++) {
    assert(live[i - 1].off + sizeOf(live[i - 1].len) <= live[i].off);
  }
  for (const block of live) memory.free(block.off, block.len);
  assertEquals([memory.usedBytes, memory.badFrees], [0, 0]);
  assert(memory.alloc(len) >= 0, "all merged");
});

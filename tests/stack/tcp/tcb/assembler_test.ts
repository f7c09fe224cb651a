import { assertEquals } from "@std/assert";
import { Assembler } from "../../../../stack/tcp/tcb/assembler.ts";
import { seededRandom } from "../support/host.ts";

/** Bytes in all intervals. */
function assembledBytes(assembler: Assembler): number {
  let bytes = 0;
  for (let i = 0; i < assembler.count; i++) {
    bytes += (assembler.right[i] - assembler.left[i]) | 0;
  }
  return bytes;
}

function intervals(a: Assembler): number[][] {
  return Array.from({ length: a.count }, (_, i) => [a.left[i], a.right[i]]);
}

function blocks(a: Assembler, max = 3): number[][] {
  const left = new Int32Array(4);
  const right = new Int32Array(4);
  const n = a.sackBlocks(left, right, 0, max);
  return Array.from({ length: n }, (_, i) => [left[i], right[i]]);
}

Deno.test("assembler: joins what touches and overlaps", () => {
  const a = new Assembler();
  a.insert(10, 20);
  a.insert(30, 40);
  a.insert(50, 60);
  assertEquals(intervals(a), [[10, 20], [30, 40], [50, 60]]);
  a.insert(20, 30);
  assertEquals(intervals(a), [[10, 40], [50, 60]]);
  a.insert(5, 100);
  assertEquals(intervals(a), [[5, 100]]);
  assertEquals(a.find(50, 100), 0);
  assertEquals(a.find(50, 101), -1);
  assertEquals(assembledBytes(a), 95);
});

Deno.test("assembler: the first interval that a range overlaps; touching is no overlap", () => {
  const a = new Assembler();
  a.insert(10, 20);
  a.insert(30, 40);
  const first = (left: number, right: number) => a.firstOverlap(left, right);
  assertEquals([first(0, 10), first(20, 30), first(40, 50)], [-1, -1, -1]);
  assertEquals([first(0, 11), first(19, 35), first(39, 50), first(12, 14)], [0, 0, 1, 0]);
});

Deno.test("assembler: advances through what is complete", () => {
  const a = new Assembler();
  a.insert(10, 20);
  a.insert(30, 40);
  assertEquals(a.advance(5), 5);
  assertEquals(a.advance(12), 20);
  assertEquals(intervals(a), [[30, 40]]);
  assertEquals(a.advance(45), 45);
  assertEquals(a.count, 0);
});

Deno.test("assembler: refuses what would be one interval too many", () => {
  const a = new Assembler();
  a.insert(10, 20);
  a.insert(30, 40);
  assertEquals(a.hasRoom(50, 60, 2), false);
  assertEquals(a.hasRoom(20, 30, 2), true);
  a.insert(20, 25);
  assertEquals(intervals(a), [[10, 25], [30, 40]]);
});

Deno.test("assembler: SACK blocks, the latest touched first, each once", () => {
  const a = new Assembler();
  for (const left of [10, 30, 50, 70]) a.insert(left, left + 5);
  assertEquals(blocks(a), [[70, 75], [50, 55], [30, 35]]);
  a.insert(35, 38);
  assertEquals(blocks(a), [[30, 38], [70, 75], [50, 55]]);
  assertEquals(blocks(a, 4), [[30, 38], [70, 75], [50, 55], [10, 15]]);
  a.advance(40);
  assertEquals(blocks(a), [[70, 75], [50, 55]]);
});

Deno.test("assembler: agrees with a plain bitmap, across the wrap", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 30; round++) {
    const base = round % 2 === 0 ? 0x7fff_ff80 : -100;
    const a = new Assembler();
    const map = new Uint8Array(400);
    let next = 0;
    for (let i = 0; i < 60; i++) {
      const at = 1 + (random() >>> 0) % 380;
      const len = 1 + (random() >>> 0) % 12;
      if (at < next) continue;
      a.insert((base + at) | 0, (base + at + len) | 0);
      map.fill(1, at, at + len);
      if (i % 10 === 9) {
        map[next] = 1;
        while (map[next] === 1) next++;
        assertEquals(a.advance((base + next) | 0), (base + next) | 0);
      }
      let bytes = 0;
      for (let k = next; k < map.length; k++) bytes += map[k];
      assertEquals(assembledBytes(a), bytes);
    }
  }
});

/**
 * What the stack keeps things in: rings, blocks of memory, timers, tables.
 *
 * @module
 */
import { BuddyMemory } from "../../stack/storage/arena_memory.ts";
import { FlowTable, portsWord } from "../../stack/storage/hash_table.ts";
import { ByteRing } from "../../stack/storage/ring.ts";
import { Span } from "../../stack/base/span.ts";
import { TimerHeap, TimerNode } from "../../stack/storage/timer_heap.ts";
import { keep, mustBe } from "./measure.ts";

const memory = new BuddyMemory(new ArrayBuffer(64 << 20));
const CHUNK_LEN = 65160;
const ring = new ByteRing(memory, 1 << 20);
const span = new Span();
const source = memory.alloc(CHUNK_LEN);

Deno.bench({
  name: "span to write, commit, span to read, consume",
  group: "ring",
  baseline: true,
  fn: () => {
    keep(ring.writableSpan(CHUNK_LEN, span) + span.off0);
    ring.commit(CHUNK_LEN);
    keep(ring.readableSpan(0, CHUNK_LEN, span) + span.off0);
    ring.consume(CHUNK_LEN);
  },
});
Deno.bench({
  name: "the same, and 65,160 B copied in",
  group: "ring",
  fn: () => {
    keep(ring.write(source, CHUNK_LEN));
    keep(ring.readableSpan(0, CHUNK_LEN, span) + span.off0);
    ring.consume(CHUNK_LEN);
  },
});

for (const [lenBytes, what] of [[256, "256 B"], [2048, "2 KiB"], [1 << 16, "64 KiB"]] as const) {
  Deno.bench({
    name: `alloc and free ${what}`,
    group: "memory",
    baseline: lenBytes === 256,
    fn: () => {
      const off = memory.alloc(lenBytes);
      keep(off);
      memory.free(off, lenBytes);
    },
  });
}

/** A heap with `count` timers armed at random. */
function armed(count: number): { heap: TimerHeap; nodes: TimerNode[] } {
  const heap = new TimerHeap();
  const nodes = Array.from({ length: count }, () => new TimerNode());
  for (const node of nodes) heap.set(node, Math.random() * 1e6);
  return { heap, nodes };
}

for (const count of [10, 10_000]) {
  const { heap, nodes } = armed(count);
  let nowUs = 0;
  let next = 0;
  Deno.bench({
    name: `move one of ${count.toLocaleString("en")}`,
    group: "timers",
    baseline: count === 10,
    fn: () => {
      next = next + 7919 < count ? next + 7919 : (next + 7919) % count;
      nowUs += 10;
      heap.set(nodes[next], nowUs + 200_000);
      keep(heap.nextAtUs());
    },
  });
  Deno.bench({
    name: `cancel and set one of ${count.toLocaleString("en")}`,
    group: "timers",
    fn: () => {
      next = next + 7919 < count ? next + 7919 : (next + 7919) % count;
      nowUs += 10;
      heap.cancel(nodes[next]);
      keep(heap.count);
      heap.set(nodes[next], nowUs + 200_000);
    },
  });
}

const MAPPED = 0xffff;
const LOCAL = (198 << 24) | (18 << 16) | 1;

for (const count of [10, 10_000]) {
  const table = new FlowTable(0x5eed);
  for (let i = 0; i < count; i++) {
    table.set(0, 0, MAPPED, LOCAL, 0, 0, MAPPED, LOCAL + 1 + (i & 255), portsWord(80, 1024 + i), i);
  }
  let next = 0;
  const get = () => {
    next = next + 7919 < count ? next + 7919 : (next + 7919) % count;
    const remote = LOCAL + 1 + (next & 255);
    return table.get(0, 0, MAPPED, LOCAL, 0, 0, MAPPED, remote, portsWord(80, 1024 + next));
  };
  mustBe(get(), next, "flow table");
  Deno.bench({
    name: `look-up among ${count.toLocaleString("en")} connections`,
    group: "flow table",
    baseline: count === 10,
    fn: () => keep(get()),
  });
}

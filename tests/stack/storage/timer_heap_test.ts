import { assert, assertEquals } from "@std/assert";
import { Alarm } from "../../../stack/base/alarm.ts";
import { TimerHeap, TimerNode } from "../../../stack/storage/timer_heap.ts";
import { randomSource } from "./random.ts";

Deno.test("TimerHeap: in order of time, due ones only", () => {
  const heap = new TimerHeap();
  const [a, b, c] = [new TimerNode(), new TimerNode(), new TimerNode()];
  assertEquals([heap.nextAtUs(), heap.popDue(1e12), heap.count], [Infinity, null, 0]);
  heap.set(a, 3e9);
  heap.set(b, 1e9);
  heap.set(c, 2e9);
  assertEquals([heap.nextAtUs(), heap.count], [1e9, 3]);
  assertEquals(heap.popDue(1e9 - 1), null);
  assert(heap.popDue(1e9) === b, "due at its very time");
  assertEquals([b.atUs, b.heapIndex], [Infinity, -1]);
  heap.set(a, 1.5e9); // earlier
  assert(heap.popDue(9e9) === a);
  heap.set(c, 4e9); // later
  assertEquals(heap.popDue(3e9), null);
  heap.cancel(c);
  heap.cancel(c);
  assertEquals([heap.nextAtUs(), heap.count], [Infinity, 0]);
});

Deno.test("TimerHeap: a timer set from a due one's handler waits for its own time", () => {
  const heap = new TimerHeap();
  const node = new TimerNode();
  heap.set(node, 10);
  assert(heap.popDue(10) === node);
  heap.set(node, 20);
  assertEquals(heap.popDue(10), null);
  assertEquals(heap.nextAtUs(), 20);
});

Deno.test("TimerHeap: model, 20,000 random steps against a scan", () => {
  const random = randomSource(11);
  const below = (n: number): number => (random() >>> 0) % n;
  const heap = new TimerHeap();
  const nodes = Array.from({ length: 200 }, () => new TimerNode());
  const armed = new Map<TimerNode, number>();
  let nowUs = 2 ** 31 - 5000;
  for (let step = 0; step < 20000; step++) {
    const node = nodes[below(nodes.length)];
    const action = below(10);
    if (action < 6) {
      const atUs = nowUs + below(1000);
      heap.set(node, atUs);
      armed.set(node, atUs);
    } else if (action < 8) {
      heap.cancel(node);
      armed.delete(node);
    } else {
      nowUs += below(50);
      let lastUs = -Infinity;
      for (let due = heap.popDue(nowUs); due !== null; due = heap.popDue(nowUs)) {
        const atUs = armed.get(due)!;
        assert(atUs <= nowUs && atUs >= lastUs);
        lastUs = atUs;
        armed.delete(due);
      }
    }
    assertEquals(heap.count, armed.size);
    assertEquals(heap.nextAtUs(), Math.min(Infinity, ...armed.values()));
    assertEquals(node.heapIndex >= 0, armed.has(node));
  }
});

Deno.test("a heap's alarm hears of every time that is set", () => {
  const alarm = new Alarm();
  alarm.atUs = Infinity;
  const heap = new TimerHeap(alarm);
  const node = new TimerNode();
  heap.set(node, 30);
  assertEquals(alarm.atUs, 30);
  heap.set(node, 20);
  heap.set(new TimerNode(), 40);
  assertEquals(alarm.atUs, 20);
});

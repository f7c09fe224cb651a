import { assert, assertEquals } from "@std/assert";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import type { Flow } from "../../../../stack/tcp/base/flow.ts";
import { TimerHeap } from "../../../../stack/storage/timer_heap.ts";

Deno.test("a flow begins outside of the demultiplexer, without a timer, never answered", () => {
  const flow = new FourTuple();
  assertEquals([flow.flowIndex, flow.heapIndex, flow.atUs], [-1, -1, Infinity]);
  assert(flow.local.isUnspecified && flow.remote.isUnspecified);
  assertEquals(flow.suspectAnsweredUs, -Infinity);
});

Deno.test("a flow is one timer: armed again it moves, and is due once", () => {
  const heap = new TimerHeap<Flow>();
  const [a, b] = [new FourTuple(), new FourTuple()];
  heap.set(a, 30);
  heap.set(b, 20);
  heap.set(a, 10);
  assert(heap.popDue(9) === null);
  assert(heap.popDue(25) === a && heap.popDue(25) === b && heap.popDue(25) === null);
});

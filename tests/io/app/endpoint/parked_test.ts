/** @module */
import { assertEquals } from "@std/assert";
import { ParkedCalls } from "../../../../io/app/endpoint/parked.ts";

Deno.test("parked: those of a socket go on when they are let, once; who parks again waits", () => {
  const parked = new ParkedCalls();
  const went: string[] = [];
  parked.park(1, () => went.push("a"));
  parked.park(1, () => {
    went.push("b");
    parked.park(1, () => went.push("b again"));
  });
  parked.park(2, () => went.push("c"));
  parked.wake(3);
  parked.wake(1);
  assertEquals(went, []);
  parked.runWoken();
  assertEquals([went, parked.size], [["a", "b"], 2]);
  parked.runWoken();
  parked.wake(1);
  parked.runWoken();
  assertEquals([went, parked.size], [["a", "b", "b again"], 1]);
});

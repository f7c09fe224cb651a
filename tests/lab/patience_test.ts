import { assert, assertEquals } from "@std/assert";
import { patience, patienceAt } from "./patience.ts";

Deno.test("limits grow with the work that each processor has, between two bounds", () => {
  assertEquals([0, 1, 2].map((load) => patienceAt(load, 2)), [3, 3, 3]);
  assertEquals(patienceAt(8, 2), 12);
  assertEquals(patienceAt(8, 8), 3);
  assertEquals(patienceAt(500, 2), 20);
  assert(patience() >= 3);
});

import { assertEquals } from "@std/assert";
import { median } from "../../../bench/lab/median.ts";

Deno.test("median: odd, even, one, none; numbers are not compared as text", () => {
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([7]), 7);
  assertEquals(median([]), NaN);
  const given = [3, 1, 2];
  median(given);
  assertEquals(given, [3, 1, 2]);
});

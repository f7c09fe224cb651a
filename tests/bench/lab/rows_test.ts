import { assert, assertEquals } from "@std/assert";
import { MEASURES } from "../../../bench/lab/rows.ts";

Deno.test("each row has a name of its own, and a goal beyond its bar", () => {
  assertEquals(new Set(MEASURES.map(({ name }) => name)).size, MEASURES.length);
  for (const { name, unit, bar, goal } of MEASURES) {
    if (goal === undefined) continue;
    const isUpper = ["µs", "ms", "MB"].includes(unit);
    assert(bar !== null && (isUpper ? goal < bar : goal > bar), name);
  }
});

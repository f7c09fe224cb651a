import { assert, assertEquals } from "@std/assert";
import { segments, weigh } from "../../../bench/micro/many.ts";
import { warmed } from "../../../bench/micro/measure.ts";

for (const isUsed of [false, true]) {
  const name = isUsed ? "used" : "never used";
  Deno.test(`an idle connection, ${name}, weighs at most 4 KiB and has no buffers`, async () => {
    const { heapBytes, arenaBytes } = await weigh(2000, isUsed);
    assert(heapBytes > 500 && heapBytes <= 4096, `${Math.round(heapBytes)} bytes of heap`);
    assertEquals(arenaBytes, 0);
  });
}

/** The best of a few: other work on the machine only adds. */
function fastestNs(fn: () => void): number {
  let best = Infinity;
  for (let round = 0; round < 10; round++) {
    const start = performance.now();
    for (let i = 0; i < 5000; i++) fn();
    best = Math.min(best, ((performance.now() - start) * 1e6) / 5000);
  }
  return best;
}

Deno.test("a segment does not cost more among more connections", () => {
  const few = warmed(segments(10, 10));
  const many = warmed(segments(2000, 10));
  const manyBusy = warmed(segments(2000, 2000));
  const fewNs = fastestNs(few);
  // Two hundred times as many: a search would show
  assert(fastestNs(many) < 3 * fewNs, "many, of which few are busy");
  // Here cache misses count
  assert(fastestNs(manyBusy) < 12 * fewNs, "many, all busy");
});

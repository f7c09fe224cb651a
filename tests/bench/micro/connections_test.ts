import { assert, assertEquals } from "@std/assert";
import { segments, weigh } from "../../../bench/micro/many.ts";
import { blocksEntered } from "../../support/work.ts";

for (const isUsed of [false, true]) {
  const name = isUsed ? "used" : "never used";
  Deno.test(`an idle connection, ${name}, weighs at most 4 KiB and has no buffers`, async () => {
    const { heapBytes, arenaBytes } = await weigh(2000, isUsed);
    assert(heapBytes > 500 && heapBytes <= 4096, `${Math.round(heapBytes)} bytes of heap`);
    assertEquals(arenaBytes, 0);
  });
}

const SEGMENTS = 2000;

/** Blocks of the stack's code that a segment enters. */
async function blocksPerSegment(count: number, busy: number): Promise<number> {
  const next = segments(count, busy);
  const turn = () => {
    for (let i = 0; i < SEGMENTS; i++) next();
  };
  turn();
  return await blocksEntered(turn) / SEGMENTS;
}

Deno.test("a segment does not cost more among more connections", async () => {
  const few = await blocksPerSegment(10, 10);
  // Two hundred times as many: a search would show
  const many = await blocksPerSegment(2000, 10);
  assert(many < 1.1 * few, `${many} blocks instead of ${few}: many, of which few are busy`);
  const manyBusy = await blocksPerSegment(2000, 2000);
  assert(manyBusy < 1.1 * few, `${manyBusy} blocks instead of ${few}: many, all busy`);
});

import { assertEquals } from "@std/assert";
import { WindowedMax } from "../../../../stack/tcp/congestion/windowed_max.ts";
import { Prng } from "../../../support/prng.ts";

Deno.test("windowed max: a value counts in its own round and in so many more", () => {
  const max = new WindowedMax(3);
  assertEquals(max.value, 0);
  max.update(9, 5);
  max.update(4, 6);
  max.update(2, 8);
  assertEquals(max.value, 9);
  max.update(1, 9);
  assertEquals(max.value, 4);
  max.update(1, 10);
  assertEquals(max.value, 2);
  max.update(0, 1_000_000);
  assertEquals(max.value, 0);
});

Deno.test("windowed max: agrees with a list", () => {
  const prng = new Prng(10);
  const max = new WindowedMax(10);
  const all: [number, number][] = [];
  let round = 0;
  for (let i = 0; i < 2000; i++) {
    if (prng.chance(0.3)) round += prng.magnitude(1, 30);
    const value = prng.below(1000);
    all.push([value, round]);
    max.update(value, round);
    const recent = all.filter(([, r]) => r >= round - 10).map(([v]) => v);
    assertEquals(max.value, Math.max(...recent));
  }
});

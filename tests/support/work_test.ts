import { assert, assertEquals } from "@std/assert";
import { TokenBucket } from "../../stack/base/token_bucket.ts";
import { blocksEntered } from "./work.ts";

/** So many calls on a bucket that lets them all pass. */
const takes = (calls: number) => () => {
  const bucket = new TokenBucket(1, calls);
  for (let i = 0; i < calls; i++) bucket.take(0);
};

Deno.test("work: what is done twice as often counts twice, whatever has run before", async () => {
  const once = await blocksEntered(takes(1000));
  const twice = await blocksEntered(takes(2000));
  assert(once >= 1000, `${once} blocks`);
  const perCall = (twice - once) / 1000;
  assert(Number.isInteger(perCall) && perCall > 0, `${once} and ${twice}`);
  assertEquals(await blocksEntered(takes(1000)), once);
});

Deno.test("work: only what lies under the folder counts", async () => {
  assertEquals(await blocksEntered(takes(1000), "io/"), 0);
  assertEquals(await blocksEntered(() => {}), 0);
});

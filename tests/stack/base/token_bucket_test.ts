import { assertEquals } from "@std/assert";
import { TokenBucket } from "../../../stack/base/token_bucket.ts";

function takeAll(bucket: TokenBucket, nowUs: number): number {
  let n = 0;
  while (n < 1000 && bucket.take(nowUs)) n++;
  return n;
}

Deno.test("TokenBucket: a burst, then the rate", () => {
  const bucket = new TokenBucket(100, 10);
  assertEquals(takeAll(bucket, 5e9), 10);
  assertEquals(takeAll(bucket, 5e9), 0);
  assertEquals(takeAll(bucket, 5e9 + 9_999), 0);
  assertEquals(takeAll(bucket, 5e9 + 10_000), 1);
  assertEquals(takeAll(bucket, 5e9 + 60_000), 5);
  assertEquals(takeAll(bucket, 6e9), 10, "never more than the burst");
  assertEquals(takeAll(bucket, 5e9), 0, "a clock that went back gives nothing");
});

Deno.test("TokenBucket: over a long time the rate is kept", () => {
  const bucket = new TokenBucket(50, 6);
  let taken = 0;
  for (let nowUs = 0; nowUs < 10e6; nowUs += 777) if (bucket.take(nowUs)) taken++;
  assertEquals(Math.abs(taken - 506) <= 1, true, `${taken}`);
});

Deno.test("TokenBucket: rate 0 gives the burst only", () => {
  const bucket = new TokenBucket(0, 2);
  assertEquals(takeAll(bucket, 0) + takeAll(bucket, 1e12), 2);
});

Deno.test("TokenBucket: one token is enough for any cost, and none is owed", () => {
  const bucket = new TokenBucket(1, 3);
  assertEquals([bucket.take(0, 0), bucket.take(0, 2), bucket.take(0, 2)], [true, true, true]);
  assertEquals([bucket.take(0, 0), bucket.take(1e6, 1)], [false, true]);
});

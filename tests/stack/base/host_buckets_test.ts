import { assertEquals } from "@std/assert";
import { HostBuckets } from "../../../stack/base/host_buckets.ts";

Deno.test("host buckets: each host has its own", () => {
  const buckets = new HostBuckets(1, 2);
  const taken = [7, 7, 7, 8, 8, 8].map((host) => buckets.take(host, 0));
  assertEquals(taken, [true, true, false, true, true, false]);
  assertEquals([buckets.take(7, 1e6), buckets.take(7, 1e6)], [true, false]);
});

Deno.test("host buckets: only so many are remembered, the first is forgotten", () => {
  const buckets = new HostBuckets(1, 1);
  for (let host = 0; host < 1024; host++) buckets.take(host, 0);
  assertEquals(buckets.take(0, 0), false);
  buckets.take(5000, 0);
  assertEquals([buckets.take(0, 0), buckets.take(1023, 0)], [true, false]);
});

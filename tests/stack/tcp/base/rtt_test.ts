import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RttEstimator } from "../../../../stack/tcp/base/rtt.ts";

const SECOND = 1_000_000;

Deno.test("RTT: first sample, second sample (RFC 6298 (2.2), (2.3))", () => {
  const rtt = new RttEstimator(SECOND, 200_000, 120 * SECOND);
  assertEquals(rtt.rtoUs, SECOND);
  rtt.sample(400_000, 0);
  assertEquals([rtt.srttUs, rtt.rttvarUs, rtt.rtoUs], [400_000, 200_000, 1_200_000]);
  rtt.sample(500_000, 1);
  assertAlmostEquals(rtt.srttUs, 412_500);
  assertAlmostEquals(rtt.rttvarUs, 175_000);
  assertAlmostEquals(rtt.rtoUs, 1_112_500);
});

Deno.test("RTT: the minimum is on the variance, the maximum on the sum; back-off doubles", () => {
  const rtt = new RttEstimator(SECOND, 200_000, 120 * SECOND);
  for (let i = 0; i < 200; i++) rtt.sample(1_000, i);
  assertEquals(Math.round(rtt.rtoUs), 201_000);
  for (let i = 0; i < 12; i++) rtt.backOff();
  assertEquals(rtt.rtoUs, 120 * SECOND);
  assertEquals(Math.round(rtt.baseRtoUs(1)), 201_000);
});

Deno.test("RTT: the minimum ages", () => {
  const rtt = new RttEstimator(SECOND, 200_000, 120 * SECOND);
  rtt.sample(1_000, 0);
  rtt.sample(5_000, 10 * SECOND);
  assertEquals(rtt.minRttUs, 1_000);
  rtt.sample(5_000, 301 * SECOND);
  assertEquals(rtt.minRttUs, 5_000);
  assert(rtt.srttUs > 1_000);
});

Deno.test("RTT: the minimum is without what the receiver waited for, the RTO allows for it", () => {
  const rtt = new RttEstimator(SECOND, 200_000, 120 * SECOND);
  rtt.sample(140_000, 0, 100_000);
  assertEquals([rtt.minRttUs, rtt.srttUs], [100_000, 140_000]);
  rtt.sample(120_000, 1);
  assertEquals(rtt.minRttUs, 100_000);
});

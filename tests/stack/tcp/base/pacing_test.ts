import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { burstBytesAt, Pacer } from "../../../../stack/tcp/base/pacing.ts";

const SMSS = 1448;
const ROW_MAX = 44 * SMSS;

/**
 * Sends rows as fast as the pacer lets it, woken up `lateUs` after each due time. Bytes per second.
 */
function rateOf(pacer: Pacer, lateUs: number, lengthUs: number): number {
  let sent = 0;
  for (let nowUs = 0; nowUs < lengthUs; nowUs = pacer.nextSendUs + lateUs) {
    while (pacer.isDue(nowUs)) {
      const row = pacer.burstBytes(SMSS, ROW_MAX, 50_000);
      pacer.onSent(row, nowUs);
      sent += row;
    }
  }
  return (sent * 1e6) / lengthUs;
}

Deno.test("pacing: without a rate everything is due, in rows as the window fills the path", () => {
  const pacer = new Pacer();
  pacer.update(0, 14_480, 1e9, -1);
  pacer.onSent(1e9, 0);
  assert(pacer.isDue(0));
  assertEquals(pacer.burstBytes(SMSS, ROW_MAX, 100), ROW_MAX);
  pacer.update(0, 14_480, 1e9, 50_000);
  assert(pacer.isDue(0));
  assertEquals(pacer.burstBytes(SMSS, ROW_MAX, 50_000), 2 * SMSS);
  assertEquals(pacer.burstBytes(SMSS, ROW_MAX, 0), ROW_MAX);
});

Deno.test("pacing: keeps the rate, exactly, and when the timer is up to a millisecond late", () => {
  for (const rate of [20_000, 1e6, 12.5e6, 1.25e9]) {
    for (const lateUs of [0, 300, 950]) {
      const pacer = new Pacer();
      pacer.update(rate, 0, 0, -1);
      const lengthUs = rate < 1e6 ? 20_000_000 : 1_000_000;
      assertAlmostEquals(rateOf(pacer, lateUs, lengthUs) / rate, 1, 0.02, `${rate} ${lateUs}`);
    }
  }
});

Deno.test("pacing: a rest is no credit beyond a millisecond", () => {
  const pacer = new Pacer();
  pacer.update(1e6, 0, 0, -1);
  pacer.onSent(1_000, 1_000_000);
  assertEquals(pacer.nextSendUs, 1_000_000, "a millisecond's worth is free at the start");
  pacer.onSent(5_000, 60_000_000);
  assertEquals(pacer.nextSendUs, 60_004_000);
  assert(!pacer.isDue(60_003_999));
  assert(pacer.isDue(60_004_000));
});

Deno.test("pacing: a row is a millisecond's worth, two segments at least, 64 KiB at most", () => {
  for (const [rate, expected] of [[1_000, 1], [200_000, 2], [12.5e6, 8], [125e6, 45], [1e12, 45]]) {
    assertEquals(burstBytesAt(rate, SMSS, 0), expected * SMSS, `${rate}`);
  }
  assert(burstBytesAt(1e12, SMSS, 0) <= 65_536);
  const pacer = new Pacer();
  pacer.update(12.5e6, 0, 0, -1);
  assertEquals(pacer.burstBytes(SMSS, ROW_MAX, 50_000), 8 * SMSS);
  assertEquals(pacer.burstBytes(SMSS, ROW_MAX, 0), ROW_MAX, "more on a path without delay");
  assertEquals(pacer.burstBytes(SMSS, ROW_MAX, 1_024), 19 * SMSS);
  assertEquals(pacer.burstBytes(SMSS, SMSS, -1), SMSS, "what the route can take");
});

Deno.test("pacing: SO_MAX_PACING_RATE limits the algorithm's rate", () => {
  const pacer = new Pacer();
  pacer.maxRate = 5e6;
  pacer.update(9e6, 0, 0, -1);
  assertEquals(pacer.rate, 5e6);
  pacer.update(2e6, 0, 0, -1);
  assertEquals(pacer.rate, 2e6);
});

Deno.test("pacing: SO_MAX_PACING_RATE paces an algorithm without a rate, by cwnd and RTT", () => {
  const pacer = new Pacer();
  pacer.maxRate = 5e6;
  pacer.update(0, 100_000, 1e9, -1);
  assertEquals(pacer.rate, 5e6, "no round trip is known");
  pacer.update(0, 100_000, 1e9, 100_000);
  assertAlmostEquals(pacer.rate, 2e6, 1, "slow start: twice the window a round trip");
  pacer.update(0, 100_000, 100_000, 100_000);
  assertAlmostEquals(pacer.rate, 1.2e6, 1);
  pacer.update(0, 1e9, 1e9, 100_000);
  assertEquals(pacer.rate, 5e6);
  pacer.maxRate = 0;
  pacer.update(1e6, 1e9, 1e9, 100_000);
  pacer.onSent(1000, 0);
  assert(pacer.isDue(0), "0 means none, and stops nothing");
});

Deno.test("pacing: by cwnd only on paths that are not short, and only beyond ten segments", () => {
  const pacer = new Pacer();
  pacer.update(0, 100 * SMSS, 1e9, 1_999, 1_999, SMSS);
  assertEquals(pacer.rate, 0, "the round trip is over before a timer is");
  pacer.update(0, 100 * SMSS, 1e9, 100_000, 100_000, SMSS);
  assertAlmostEquals(pacer.rate, 2_000 * SMSS, 1);
  let sent = 0;
  for (; pacer.isDue(1e6); sent++) pacer.onSent(SMSS, 1e6);
  assertEquals(sent, 11, "the eleventh uses up more than there is");
  assertAlmostEquals(pacer.nextSendUs, 1e6 + 500, 1e-6);
});

Deno.test("pacing: twice the window a round trip up to half of ssthresh, 1.2 times beyond", () => {
  const pacer = new Pacer();
  const ssthresh = 100_000;
  for (const [cwnd, ratio] of [[14_480, 2], [49_999, 2], [50_000, 1.2], [99_999, 1.2]]) {
    pacer.update(0, cwnd, ssthresh, 50_000, 50_000, SMSS);
    assertAlmostEquals(pacer.rate, ratio * cwnd * 20, 1, `${cwnd}`);
  }
});

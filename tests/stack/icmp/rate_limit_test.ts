import { assert, assertEquals } from "@std/assert";
import { Counters } from "../../../stack/mod.ts";
import { DEFAULT_ICMP_CONFIG } from "../../../stack/icmp/mod.ts";
import { IcmpRateLimit } from "../../../stack/icmp/rate_limit.ts";

Deno.test("six at once to one host, then one a second", () => {
  const counters = new Counters().icmp;
  const limit = new IcmpRateLimit(DEFAULT_ICMP_CONFIG, counters, () => 1);
  const allowed = (nowUs: number) => {
    let n = 0;
    for (let i = 0; i < 10; i++) if (limit.allow(7, nowUs)) n++;
    return n;
  };
  assertEquals([allowed(0), allowed(1e6), allowed(3.5e6)], [6, 1, 2]);
  assertEquals(counters.outRateLimitHost, 21);
});

Deno.test("fifty at once to all, then a thousand a second", () => {
  const counters = new Counters().icmp;
  const limit = new IcmpRateLimit(DEFAULT_ICMP_CONFIG, counters, () => 1);
  const allowed = (first: number, nowUs: number) => {
    let n = 0;
    for (let i = 0; i < 100; i++) if (limit.allow(first + i, nowUs)) n++;
    return n;
  };
  assertEquals([allowed(0, 0), allowed(1000, 10_000)], [50, 10]);
  assertEquals(counters.outRateLimitGlobal, 140);
});

Deno.test("only so many hosts are remembered", () => {
  const config = { ...DEFAULT_ICMP_CONFIG, errorsPerSecond: 1e9, errorBurst: 1e9 };
  const limit = new IcmpRateLimit(config, new Counters().icmp, () => 1);
  for (let i = 0; i < 6; i++) limit.allow(1, 0);
  assertEquals(limit.allow(1, 0), false);
  for (let i = 0; i < 2000; i++) limit.allow(100 + i, 0);
  assertEquals(limit.allow(1, 0), true);
});

Deno.test("nobody can tell from the errors to himself how many went to others", () => {
  let seed = 1;
  const random = () => seed = Math.imul(seed, 1664525) + 1013904223 | 0;
  const counts = new Set<number>();
  let sum = 0;
  for (let round = 0; round < 100; round++) {
    const limit = new IcmpRateLimit(DEFAULT_ICMP_CONFIG, new Counters().icmp, () => random() >>> 8);
    let n = 0;
    for (let host = 0; host < 200; host++) if (limit.allow(host, 0)) n++;
    counts.add(n);
    sum += n;
  }
  assert(counts.size > 10, `always ${[...counts]}`);
  assert(sum > 45 * 100 && sum < 57 * 100, `${sum / 100} on the average, not about 50`);
});

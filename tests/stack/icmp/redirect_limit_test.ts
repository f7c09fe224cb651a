import { assertEquals } from "@std/assert";
import { RedirectLimit } from "../../../stack/icmp/redirect_limit.ts";

/** When a host that sends every millisecond is told, from `fromUs` on. */
function toldAt(limit: RedirectLimit, host: number, fromUs: number, forUs: number): number[] {
  const told: number[] = [];
  for (let us = 0; us < forUs; us += 1000) if (limit.allow(host, fromUs + us)) told.push(us / 1000);
  return told;
}

Deno.test("after 40 ms, then twice as long each time, nine times in all", () => {
  const limit = new RedirectLimit();
  const told = toldAt(limit, 7, 1e6, 60e6);
  assertEquals(told, [0, 40, 120, 280, 600, 1240, 2520, 5080, 10_200]);
});

Deno.test("after twenty seconds of silence it begins anew; each host for itself", () => {
  const limit = new RedirectLimit();
  toldAt(limit, 7, 0, 12e6);
  assertEquals(limit.allow(7, 30e6), false);
  assertEquals(limit.allow(8, 30e6), true);
  assertEquals(limit.allow(7, 30e6 + 20.479e6), false);
  assertEquals(limit.allow(7, 52e6 + 20.48e6), true);
});

Deno.test("a thousand hosts are remembered", () => {
  const limit = new RedirectLimit();
  for (let host = 0; host < 1024; host++) assertEquals(limit.allow(host, 0), true);
  assertEquals(limit.allow(0, 0), false);
  assertEquals(limit.allow(5000, 0), true);
  assertEquals([limit.allow(1, 0), limit.allow(0, 0)], [false, true]);
});

import { assertEquals } from "@std/assert";
import { Limit, LimitClock } from "../../../../stack/tcp/tcb/limit_clock.ts";

Deno.test("limit clock: each limit has its time, the one at hand up to now", () => {
  const clock = new LimitClock();
  clock.set(Limit.NETWORK, 1_000);
  clock.set(Limit.WINDOW, 1_300);
  clock.set(Limit.WINDOW, 1_400);
  clock.set(Limit.IDLE, 1_500);
  clock.set(Limit.BUFFER, 9_000);
  assertEquals(clock.windowUs(9_050), 200);
  assertEquals(clock.bufferUs(9_050), 50);
  assertEquals(clock.busyUs(9_050), 550, "idle is not busy");
  clock.set(Limit.WINDOW, 9_100);
  assertEquals(clock.windowUs(9_110), 210);
});

import { assert, assertEquals } from "@std/assert";
import { IdlePoll } from "../../../io/loop/idle_poll.ts";

Deno.test("short sleeps open the window, up to 200 µs", () => {
  const idle = new IdlePoll();
  assertEquals(idle.windowUs, 0);
  idle.adapt(30);
  assertEquals(idle.windowUs, 50);
  idle.adapt(30); // found while looking: long enough
  assertEquals(idle.windowUs, 50);
  for (const waitedUs of [60, 120, 190, 199]) idle.adapt(waitedUs);
  assertEquals(idle.windowUs, 200);
});

Deno.test("after bulk work there is no window", () => {
  const idle = new IdlePoll();
  idle.adapt(30);
  assertEquals(idle.windowAfter(20), 50);
  assertEquals(idle.windowAfter(300), 0);
});

Deno.test("long sleeps close it within a few waits", () => {
  const idle = new IdlePoll();
  for (const waitedUs of [30, 60, 120]) idle.adapt(waitedUs);
  let waits = 0;
  while (idle.windowUs > 0) {
    idle.adapt(4000);
    waits++;
  }
  assert(waits <= 4, `${waits} waits`);
  idle.adapt(4000);
  assertEquals(idle.windowUs, 0);
});

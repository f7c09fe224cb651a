import { assertEquals } from "@std/assert";
import { FastOpenPause } from "../../../../stack/tcp/base/fast_open_pause.ts";

Deno.test("fast open: pauses double, to 64 times the first, until text comes", () => {
  const pause = new FastOpenPause(10);
  assertEquals(pause.isOn(5), false);
  let nowUs = 1000;
  for (const lengthUs of [10, 20, 40, 80, 160, 320, 640, 640, 640]) {
    pause.begin(nowUs);
    assertEquals([pause.isOn(nowUs + lengthUs - 1), pause.isOn(nowUs + lengthUs)], [true, false]);
    nowUs += 1000;
  }
  pause.begin(nowUs);
  pause.end();
  assertEquals(pause.isOn(nowUs), false);
  const never = new FastOpenPause(0);
  never.begin(5);
  assertEquals(never.isOn(5), false);
});

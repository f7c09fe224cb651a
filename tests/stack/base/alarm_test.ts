import { assertEquals } from "@std/assert";
import { Alarm, UNKNOWN } from "../../../stack/base/alarm.ts";

Deno.test("alarm: the earliest counts, and nothing does until everybody has been asked", () => {
  const alarm = new Alarm();
  alarm.by(5);
  assertEquals(alarm.atUs, UNKNOWN);
  alarm.atUs = Infinity;
  alarm.by(9);
  alarm.by(7);
  alarm.by(8);
  assertEquals(alarm.atUs, 7);
  alarm.stir();
  assertEquals(alarm.atUs, UNKNOWN);
});

import { assertEquals } from "@std/assert";
import { errnoOfIcmp, isHardIcmp } from "../../../stack/icmp/mod.ts";

Deno.test("Linux's icmp_err_convert", () => {
  const errnos = [101, 113, 92, 111, 90, 95, 101, 112, 64, 101, 113, 101, 113, 113, 113, 113];
  const hard = [0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1];
  for (let code = 0; code < 16; code++) {
    assertEquals([errnoOfIcmp(3, code), isHardIcmp(3, code)], [errnos[code], hard[code] === 1]);
  }
  assertEquals([errnoOfIcmp(3, 16), isHardIcmp(3, 16)], [0, false]);
});

Deno.test("time exceeded is soft, a parameter problem hard, the rest nothing", () => {
  assertEquals([errnoOfIcmp(11, 0), isHardIcmp(11, 0)], [113, false]);
  assertEquals([errnoOfIcmp(12, 0), isHardIcmp(12, 0)], [71, true]);
  for (const type of [0, 4, 5, 8, 13, 200]) assertEquals(errnoOfIcmp(type, 0), 0);
});

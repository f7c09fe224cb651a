import { assertEquals } from "@std/assert";
import { CONGESTION_NAMES, createCongestionControl } from "../../../../stack/tcp/congestion/mod.ts";

Deno.test("congestion: every name gives a fresh algorithm of that name", () => {
  assertEquals(CONGESTION_NAMES, ["cubic", "reno", "bbr"]);
  for (const name of CONGESTION_NAMES) {
    const first = createCongestionControl(name, () => 1)!;
    assertEquals([first.name, first.ownsWindow], [name, name === "bbr"]);
    assertEquals(first.pacingRate, 0);
    assertEquals(first === createCongestionControl(name), false);
  }
});

Deno.test("congestion: there is nothing of an unknown name", () => {
  for (const name of ["", "vegas", "CUBIC", "cubic ", "constructor"]) {
    assertEquals(createCongestionControl(name), null);
  }
});

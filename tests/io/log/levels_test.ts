import { assert, assertEquals } from "@std/assert";
import { CATEGORIES, isWanted, LEVELS, thresholdsOf } from "../../../io/log/levels.ts";

Deno.test("a level is wanted from its threshold on", () => {
  for (const [i, level] of LEVELS.entries()) {
    for (const [j, threshold] of LEVELS.entries()) {
      assertEquals(isWanted(level, threshold), i >= j, `${level} from ${threshold}`);
    }
    assert(!isWanted(level, "off"));
  }
});

Deno.test("every category gets a threshold", () => {
  const thresholds = thresholdsOf((category) => category === "tcp" ? "debug" : "off");
  assertEquals(Object.keys(thresholds), [...CATEGORIES]);
  assertEquals([thresholds.tcp, thresholds.arp], ["debug", "off"]);
});

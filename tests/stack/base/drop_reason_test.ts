import { assertEquals } from "@std/assert";
import * as reasons from "../../../stack/base/drop_reason.ts";

Deno.test("drop reasons: numbered without gaps, each with its own name in the same order", () => {
  const { DROP_NAMES, ...constants } = reasons;
  const entries = Object.entries(constants).sort((a, b) => b[1] - a[1]);
  assertEquals(DROP_NAMES.length, entries.length + 1);
  assertEquals(new Set(DROP_NAMES).size, DROP_NAMES.length);
  entries.forEach(([constant, reason], i) => {
    assertEquals(reason, -(i + 1), constant);
    const snake = DROP_NAMES[i + 1].replace(/[A-Z]/g, "_$&").toUpperCase();
    assertEquals(`DROP_${snake}`, constant);
  });
});

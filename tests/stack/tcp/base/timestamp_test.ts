import { assertEquals } from "@std/assert";
import { timestampNow } from "../../../../stack/tcp/base/timestamp.ts";

Deno.test("TSval: whole milliseconds beyond the offset, an int32 that wraps", () => {
  assertEquals(timestampNow(0, 0), 0);
  assertEquals([timestampNow(7, 1999), timestampNow(7, 2000)], [8, 9]);
  assertEquals(timestampNow(0x7fffffff, 1000), -0x80000000);
  assertEquals(timestampNow(-1, 1000), 0);
  // Fifty days of milliseconds are more than 32 bits
  assertEquals(timestampNow(5, 2 ** 32 * 1000), 5);
});

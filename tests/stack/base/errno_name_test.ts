import { assertEquals } from "@std/assert";
import { errnoName } from "../../../stack/base/errno_name.ts";

Deno.test("errnoName: either sign, and numbers without a name", () => {
  assertEquals(errnoName(110), "ETIMEDOUT");
  assertEquals(errnoName(-11), "EAGAIN");
  assertEquals(errnoName(-4095), "errno 4095");
});

import { assertEquals } from "@std/assert";
import { FFI_DIR, IS_SOURCE } from "../../../ffi/base/place.ts";

Deno.test("the folder of the C sources is found from the sources", () => {
  assertEquals(IS_SOURCE, true);
  assertEquals(Deno.statSync(`${FFI_DIR}/shim/protocol.h`).isFile, true);
});

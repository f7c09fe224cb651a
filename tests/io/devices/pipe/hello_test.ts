import { assertEquals } from "@std/assert";
import { emitHello, HELLO_LEN, parseHello, Role } from "../../../../io/devices/pipe/hello.ts";

Deno.test("hello: each role comes back", () => {
  for (const role of [Role.END, Role.SWITCH, Role.TAKEN]) {
    assertEquals(parseHello(emitHello(role)), role);
  }
});

Deno.test("hello: another version, role, length or text is none", () => {
  const changed = (at: number, byte: number) => {
    const bytes = emitHello(Role.END);
    bytes[at] = byte;
    return bytes;
  };
  assertEquals(parseHello(changed(0, 0)), null);
  assertEquals(parseHello(changed(10, 2)), null);
  assertEquals(parseHello(changed(11, 0)), null);
  assertEquals(parseHello(changed(11, 4)), null);
  assertEquals(parseHello(emitHello(Role.END).subarray(0, HELLO_LEN - 1)), null);
  assertEquals(parseHello(new Uint8Array(HELLO_LEN + 1)), null);
});

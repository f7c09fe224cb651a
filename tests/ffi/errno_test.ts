/** @module */
import { assertEquals, assertThrows } from "@std/assert";
import { check, EACCES, errnoName, errnoNumber, SysError } from "../../ffi/errno.ts";

Deno.test("errno: names and numbers, either sign, gaps", () => {
  assertEquals(errnoName(111), "ECONNREFUSED");
  assertEquals(errnoName(-1), "EPERM");
  assertEquals(errnoName(133), "EHWPOISON");
  assertEquals(errnoName(41), "errno 41");
  assertEquals(errnoName(4095), "errno 4095");
  assertEquals(errnoName(0), "errno 0");
  assertEquals(errnoNumber("EACCES"), EACCES);
  assertEquals(errnoNumber("ENONSENSE"), 0);
});

Deno.test("SysError: one line that says what, why and what to do", () => {
  const error = new SysError("open", -EACCES, "cannot open /dev/net/tun", {
    path: "/dev/net/tun",
    advice: "run with sudo, or give CAP_NET_ADMIN",
  });
  assertEquals(
    error.message,
    "cannot open /dev/net/tun: EACCES (run with sudo, or give CAP_NET_ADMIN)",
  );
  assertEquals([error.syscall, error.errno, error.code, error.path], [
    "open",
    13,
    "EACCES",
    "/dev/net/tun",
  ]);
});

Deno.test("check: passes results on, throws errors", () => {
  assertEquals(check(0, "x", "cannot x"), 0);
  assertEquals(check(7, "x", "cannot x"), 7);
  assertThrows(() => check(-22, "bind", "cannot bind"), SysError, "cannot bind: EINVAL");
});

import { assertEquals } from "@std/assert";
import * as errno from "../../../stack/base/errno.ts";

Deno.test("errno: the numbers that programs compare with, as on Linux x86", () => {
  assertEquals(
    [errno.EPERM, errno.EAGAIN, errno.EWOULDBLOCK, errno.EINVAL, errno.EPIPE],
    [1, 11, 11, 22, 32],
  );
  assertEquals([errno.ENOTSOCK, errno.EMSGSIZE, errno.EOPNOTSUPP], [88, 90, 95]);
  assertEquals([errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ENETUNREACH], [98, 99, 101]);
  assertEquals([errno.ECONNRESET, errno.ENOBUFS, errno.EISCONN, errno.ENOTCONN], [
    104,
    105,
    106,
    107,
  ]);
  assertEquals([errno.ETIMEDOUT, errno.ECONNREFUSED, errno.EHOSTUNREACH], [110, 111, 113]);
  assertEquals([errno.EALREADY, errno.EINPROGRESS, errno.ECANCELED], [114, 115, 125]);
});

Deno.test("errno: no number has two names but EWOULDBLOCK", () => {
  const numbers = Object.entries(errno).filter(([name]) => name !== "EWOULDBLOCK").map(([, n]) =>
    n
  );
  assertEquals(new Set(numbers).size, numbers.length);
});

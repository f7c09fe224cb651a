/** @module */
import { assert, assertEquals } from "@std/assert";
import { Doorway } from "../../cli/doorway.ts";
import { libc } from "../../ffi/libc.ts";

const POLLHUP = 0x10;

Deno.test("doorway: what the program sends arrives; closed, that shows", () => {
  const doorway = Doorway.make();
  assert(doorway !== null);
  const fd = doorway.programFd;
  assert(fd !== doorway.stackFd);
  assertEquals(libc().write(fd, new Uint8Array(1), 1), 1);
  doorway.close();
  doorway.close();
  assertEquals(doorway.programFd, -1);
  assertEquals(libc().poll(doorway.stackFd, 0, 0), POLLHUP);
  libc().close(doorway.stackFd);
});

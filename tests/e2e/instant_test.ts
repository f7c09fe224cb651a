/**
 * Between sockets of one stack what a call has done shows when it returns: instant.c counts how
 * often it does not, under nuse and on the kernel's loopback.
 *
 * @module
 */
import { assertSame, withProgram } from "./compiled.ts";
import { e2eWith } from "./fixture.ts";

const e2e = e2eWith("cc");

e2e(
  "loopback: what was sent, connected, shut, closed is there when the call returns",
  async (f) => {
    await withProgram(["instant.c"], async (instant) => {
      await assertSame(f, [instant], ["unread: 0, end 0 reset 60 neither 0"]);
    });
  },
);

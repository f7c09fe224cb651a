/**
 * Between sockets of one stack what a call has done shows when it returns: instant.c counts how
 * often it does not, under nuse and on the kernel's loopback.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith } from "./fixture.ts";

const e2e = e2eWith("cc");

const SOURCE = `${import.meta.dirname}/instant.c`;

e2e(
  "loopback: what was sent, connected, shut, closed is there when the call returns",
  async (f) => {
    const dir = await Deno.makeTempDir();
    try {
      const flags = ["-O1", "-Wall", "-Wextra"];
      const compiled = await f.ns.run(["cc", ...flags, "-o", `${dir}/instant`, SOURCE]);
      assertEquals([compiled.code, compiled.stderr], [0, ""]);
      const native = await f.b.run([`${dir}/instant`]);
      assertStringIncludes(native.stdout, "unread: 0, end 0 reset 60 neither 0");
      const under = await f.nuse([`${dir}/instant`]).done;
      assertEquals(under.stdout, native.stdout, under.stderr);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

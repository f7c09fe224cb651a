/**
 * The results of calls whose arguments are odd or wrong: the same program is run under nuse and
 * without, and its output compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, PEER } from "./fixture.ts";

const e2e = e2eWith("cc");

const SOURCE = `${import.meta.dirname}/calls.c`;
const LOOPBACK = "127.0.0.1";
const CLOSED_PORT = "4990";

/** What a case must print, besides that both print the same. */
const CASES: readonly (readonly [name: string, words: string])[] = [
  ["codes", "ENOENT"],
  ["pointers", "EFAULT"],
  ["recverr", "ECONNREFUSED"],
];

e2e("error codes, pointers and lengths as the kernel's", async (f) => {
  const dir = await Deno.makeTempDir();
  try {
    const compiled = await f.ns.run([
      "cc",
      "-O1",
      "-Wall",
      "-Wextra",
      "-o",
      `${dir}/calls`,
      SOURCE,
    ]);
    assertEquals([compiled.code, compiled.stderr], [0, ""]);
    for (const [name, words] of CASES) {
      const native = await f.b.run([`${dir}/calls`, name, LOOPBACK, CLOSED_PORT]);
      const under = await f.nuse([`${dir}/calls`, name, PEER, CLOSED_PORT]).done;
      assertStringIncludes(native.stdout, words);
      assertEquals(under.stdout, native.stdout, under.stderr);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

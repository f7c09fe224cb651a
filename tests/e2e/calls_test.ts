/**
 * The results of calls whose arguments are odd or wrong: the same program is run under nuse and
 * without, and its output compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { e2eWith, type Fixture, PEER, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("cc"));

const SOURCES = ["calls.c", "group_calls.c"].map((name) => `${import.meta.dirname}/${name}`);
const LOOPBACK = "127.0.0.1";
const CLOSED_PORT = "4990";

/** What a case must print, besides that both print the same. */
const CASES: readonly (readonly [name: string, words: string])[] = [
  ["codes", "ENOENT"],
  ["pointers", "EFAULT"],
  ["recverr", "ECONNREFUSED"],
  ["sandboxed", "read: 0"],
  ["numbers", "6 number"],
  ["filtered", "received: 4"],
  ["segments", "received: 500"],
  ["stamps", "1 37 64 1"],
  ["filters", "24: mode 1 of 3 198.18.0.1 198.18.0.2\n"],
];

/** The compiled program, in a directory of its own. */
async function withCalls(f: Fixture, use: (calls: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const flags = ["-O1", "-Wall", "-Wextra"];
    const compiled = await f.ns.run(["cc", ...flags, "-o", `${dir}/calls`, ...SOURCES]);
    assertEquals([compiled.code, compiled.stderr], [0, ""]);
    await use(`${dir}/calls`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

e2e("error codes, pointers and lengths as the kernel's", async (f) => {
  await withCalls(f, async (calls) => {
    for (const [name, words] of CASES) {
      const native = await f.b.run([calls, name, LOOPBACK, CLOSED_PORT]);
      const under = await f.nuse([calls, name, PEER, CLOSED_PORT]).done;
      assertStringIncludes(native.stdout, words);
      assertEquals(under.stdout, native.stdout, under.stderr);
    }
  });
});

e2e("getaddrinfo(AI_ADDRCONFIG) goes by our addresses, not by the host's", async (f) => {
  const unknown = "Name or service not known\n";
  await withCalls(f, async (calls) => {
    const resolve = [calls, "resolve", PEER, "80"];
    const native = await f.ns.run(resolve);
    assertStringIncludes(native.stdout, unknown);
    const under = await f.nuse(resolve).done;
    assertEquals(under.stdout, `found\nfound\n${unknown}`, under.stderr);
  });
}, ["RAW"]);

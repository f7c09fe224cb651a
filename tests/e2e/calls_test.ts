/**
 * The results of calls whose arguments are odd or wrong: the same program is run under nuse and
 * without, and its output compared.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertSame, withProgram } from "./compiled.ts";
import { e2eWith, PEER, withoutNetmap } from "./fixture.ts";

const e2e = withoutNetmap(e2eWith("cc"));

const SOURCES = ["calls.c", "group_calls.c"];
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

e2e("error codes, pointers and lengths as the kernel's", async (f) => {
  await withProgram(SOURCES, async (calls) => {
    for (const [name, words] of CASES) {
      const here = [calls, name, LOOPBACK, CLOSED_PORT];
      await assertSame(f, here, [words], [calls, name, PEER, CLOSED_PORT]);
    }
  });
});

e2e("getaddrinfo(AI_ADDRCONFIG) goes by our addresses, not by the host's", async (f) => {
  const unknown = "Name or service not known\n";
  await withProgram(SOURCES, async (calls) => {
    const resolve = [calls, "resolve", PEER, "80"];
    const native = await f.ns.run(resolve);
    assertStringIncludes(native.stdout, unknown);
    const under = await f.nuse(resolve).done;
    assertEquals(under.stdout, "found\nfound\nfound\n", under.stderr);
    const without = await f.nuse(["--no-ipv6", ...resolve]).done;
    assertEquals(without.stdout, `found\nfound\n${unknown}`, without.stderr);
  });
}, ["RAW"]);

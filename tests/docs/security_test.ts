/**
 * docs/security.md names a test for what it says: each is there.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../tidy/tree.ts";

const PAGE = Deno.readTextFileSync(`${ROOT}/docs/security.md`);

/** A file and the name of a test, in backticks. */
const NAMED = [...PAGE.matchAll(/`(tests\/\S+_test\.ts): ([^`]+)`/g)]
  .map(([, path, name]) => ({ path, name }));

/** Whether a file has a test of that name; a file registers tests by Deno.test or by e2e. */
function hasTest(path: string, name: string): boolean {
  const text = Deno.readTextFileSync(`${ROOT}/${path}`);
  return text.includes(JSON.stringify(name));
}

Deno.test("every test that the page on security names is there", () => {
  assertEquals(NAMED.filter(({ path, name }) => !hasTest(path, name)), []);
});

Deno.test("every line of its tables names one", () => {
  const rows = PAGE.split("\n").filter((line) =>
    /^\| /.test(line) && !/^\| (he|it) cannot/.test(line)
  );
  const claims = rows.filter((line) => !/^\| -+ \|/.test(line));
  assert(claims.length > 20, `${claims.length} lines`);
  assertEquals(claims.filter((line) => !/`tests\/\S+_test\.ts: [^`]+` *\|$/.test(line)), []);
});

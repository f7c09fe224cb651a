import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CASES } from "./cases/mod.ts";
import { fillIn, withNuse } from "./exchange.ts";
import { isNamed, whyNot } from "./programs.ts";
import { PAGE, pageText, readResults, type Result, RESULTS, resultsText } from "./report.ts";

const ONE: Result = { name: "b", version: "1", door: "shim", client: "yes", server: null };
const TWO: Result = { name: "a", version: "2", door: "second", client: "no | way", server: "yes" };

Deno.test("results are read as they were written, sorted by name", () => {
  assertEquals(readResults(resultsText([ONE, TWO])), [TWO, ONE]);
  assertEquals(readResults(""), []);
});

Deno.test("the page says what works and why the rest does not", () => {
  const page = pageText([ONE, TWO]);
  assertStringIncludes(page, "2 programs, 1 of them");
  assertStringIncludes(
    page,
    "| a       | 2       | second | no        | yes       | client: no \\|",
  );
  assertStringIncludes(page, "| b       | 1       | shim   | yes       |           | works ");
});

Deno.test("docs/programs.md is what the results say (else: deno task programs)", async () => {
  const results = readResults(await Deno.readTextFile(RESULTS));
  assertEquals(await Deno.readTextFile(PAGE), pageText(results));
  assertEquals(
    results.map(({ name }) => name).sort(),
    CASES.map(({ name }) => name).sort(),
    "each case has a result",
  );
});

Deno.test("every case asks something, and names are there once", () => {
  assert(CASES.length >= 80);
  assertEquals(new Set(CASES.map(({ name }) => name)).size, CASES.length);
  for (const { name, client, server } of CASES) {
    const exchanges = [client, server].filter((exchange) => exchange !== undefined);
    assert(exchanges.length > 0, name);
    for (const { sees } of exchanges) assert(sees !== "", `${name}: anything would do`);
  }
});

Deno.test("nuse stands where a command wants it, or in front", () => {
  assertEquals(withNuse("ask x", "nuse"), "nuse ask x");
  assertEquals(withNuse("a | {} b && {} c", "nuse"), "a | nuse b && nuse c");
  assertEquals(withNuse("a | {} b", ""), "a |  b");
  assertEquals(fillIn("$D/x $host $SERVER", { D: "/d", SERVER: "s" }), "/d/x $host s");
});

Deno.test("a case is chosen by its name or the first word of it", () => {
  assert(isNamed({ name: "nginx, 2 workers" }, "nginx"));
  assert(isNamed({ name: "hey (Go)" }, "hey") && isNamed({ name: "hey (Go)" }, "hey (Go)"));
  assert(!isNamed({ name: "nginx, 2 workers" }, "ngin"));
});

Deno.test("why something does not work is what was said last", () => {
  assertEquals(whyNot({ asked: "a\nb\n", served: "c\n\n" }), "b / c");
  assertEquals(whyNot({ asked: "", served: "\n" }), "nothing was seen");
});

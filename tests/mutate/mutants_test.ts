/**
 * The lists of mutants fit the code, and the runner tells the killed from the survivors.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { expectNone, FILES, read } from "../tidy/tree.ts";
import { knownMutants } from "./known.ts";
import { formatMutant, type Mutant, mutate, occurrences, parseMutants } from "./mutant.ts";
import { Runner } from "./runner.ts";

Deno.test("every known mutant fits the code: its pattern is there exactly once", () => {
  const stale = knownMutants().filter(({ file }) => FILES.includes(file)).flatMap((mutant) => {
    const times = occurrences(read(mutant.file), mutant.pattern).length;
    return times === 1 ? [] : [`${mutant.file}, ${times} times: ${mutant.pattern}`];
  });
  expectNone(stale, "the code has changed: adapt these in tests/mutate/known");
});

Deno.test("every known mutant names a file, tests, and a change, once", () => {
  const mutants = knownMutants();
  assert(mutants.length > 0);
  const isThere = (path: string) => FILES.some((file) => `${file}/`.startsWith(`${path}/`));
  const wrong = mutants.filter(({ file, tests, pattern, replacement }) =>
    !FILES.includes(file) || !tests.every(isThere) || pattern === replacement
  );
  expectNone(wrong.map(formatMutant), "no such file or test, or no change");
  assertEquals(new Set(mutants.map(({ title }) => title)).size, mutants.length);
});

const BLOCK = `# One more is let in
@ src/limit.ts  tests/a_test.ts tests/b
- if (n <
- max) return true;
+ if (n <= max) return true;
`;

Deno.test("a list is read as it was written", () => {
  const [mutant, other] = parseMutants(`${BLOCK}\n# Dropped\n@ a.ts  t\n- x = 1;\n+\n`);
  assertEquals(formatMutant(mutant), BLOCK);
  assertEquals(mutant.tests, ["tests/a_test.ts", "tests/b"]);
  assertEquals([other.pattern, other.replacement], ["x = 1;", ""]);
  for (const line of BLOCK.trim().split("\n")) {
    if (!line.startsWith("-")) assertThrows(() => parseMutants(BLOCK.replace(line, "")), Error);
  }
  assertThrows(() => parseMutants(BLOCK + "stray"), Error, "stray");
});

Deno.test("the pattern is found whatever the white space, and only when it is there once", () => {
  const [mutant] = parseMutants(BLOCK);
  const source = "a();\n  if (n < max)\n    return true;\n";
  assertEquals(mutate(source, mutant), "a();\n  if (n <= max) return true;\n");
  assertEquals(mutate(source + source, mutant), null);
  assertEquals(mutate("if (n > max) return true;", mutant), null);
});

const LIMIT = "export const isIn = (n: number, max: number) => n < max;\n";
const LIMIT_TEST = `import { isIn } from "./limit.ts";
Deno.test("limit", () => { if (isIn(5, 5) || !isIn(1, 5)) throw new Error(); });
`;

Deno.test("the runner: killed, survived, stale, no proof; the tree as it was", async () => {
  const root = await Deno.makeTempDir();
  const mutantOf = (replacement: string, pattern = "n < max"): Mutant => ({
    title: "",
    file: "limit.ts",
    tests: ["limit_test.ts"],
    pattern,
    replacement,
  });
  try {
    await new Deno.Command("git", { args: ["init", "-q", root] }).output();
    await Deno.writeTextFile(`${root}/limit.ts`, LIMIT);
    await Deno.writeTextFile(`${root}/limit_test.ts`, LIMIT_TEST);
    await Deno.writeTextFile(`${root}/bad_test.ts`, 'Deno.test("bad", () => { throw 0; });');
    await using runner = await Runner.create({ root, limitSec: 30 });
    const killed = await runner.run(mutantOf("n <= max"));
    assertEquals([killed.verdict, killed.by], ["killed", "limit_test.ts"]);
    assert(killed.how.startsWith("error: "), killed.how);
    const lives = { verdict: "survived", by: null, how: "" } as const;
    assertEquals(await runner.run(mutantOf("n != max")), lives);
    const stale = await runner.run(mutantOf("n <= max", "n > max"));
    assertEquals(stale, { ...lives, verdict: "stale" });
    assertEquals(await runner.unproven(["limit_test.ts"]), new Set());
    assertEquals(
      await runner.unproven(["limit_test.ts", "bad_test.ts"]),
      new Set(["bad_test.ts"]),
    );
    assertEquals(await Deno.readTextFile(`${root}/limit.ts`), LIMIT);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

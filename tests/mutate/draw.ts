/**
 * Draws a new set of mutants over stack/, io/, ffi/ and cli/, to measure what the tests see:
 *
 *     deno run -A tests/mutate/draw.ts [--count 120] [--seed 1] > new.mutants
 *     deno task mutate --list new.mutants --json RESULT
 *
 * Mutants that change nothing that anybody could notice (a size of a table, an order without
 * meaning) are taken out by hand, with the reason, before the tests are run.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { FILES, filesOf, read } from "../tidy/tree.ts";
import { formatMutant } from "./mutant.ts";
import { draw, slips } from "./operators.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const SOURCES = /^(stack|io|ffi|cli)\/.*\.(ts|c)$/;

/** Beyond the test at the mirrored path and its folder: by what else a part is held. */
const WIDER: readonly (readonly [start: string, tests: readonly string[]])[] = [
  ["stack/tcp/", ["tests/scripts", "tests/stack/tcp", "tests/fuzz/fuzz_test.ts"]],
  ["stack/", ["tests/stack/stack_test.ts", "tests/scripts", "tests/stack"]],
  ["io/", ["tests/io"]],
  ["ffi/shim/", ["tests/ffi/shim"]],
  ["ffi/", ["tests/ffi", "tests/io"]],
  ["cli/", ["tests/cli"]],
];

function testsOf(file: string): string[] {
  const mirrored = `tests/${file.replace(/\.(ts|c)$/, "_test.ts")}`;
  const folder = mirrored.slice(0, mirrored.lastIndexOf("/"));
  const wider = WIDER.find(([start]) => file.startsWith(start))?.[1] ?? [];
  const isThere = (path: string) => FILES.some((f) => `${f}/`.startsWith(`${path}/`));
  const hasTests = FILES.some((f) => f.startsWith(`${folder}/`) && f.endsWith("_test.ts"));
  const near = [mirrored, ...(hasTests ? [folder] : [])].filter(isThere);
  return [...new Set([...near, ...wider])];
}

helpIfAsked(import.meta);
if (import.meta.main) {
  const flags = { string: ["count", "seed"], default: { count: "120", seed: "1" } } as const;
  const { count, seed } = parseArgs(Deno.args, flags);
  const all = filesOf(SOURCES).flatMap((file) => slips(file, read(file), testsOf(file)));
  console.log(draw(all, Number(count), Number(seed)).map(formatMutant).join("\n"));
}

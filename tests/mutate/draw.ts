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
import { TESTED_ELSEWHERE } from "../tidy/tested_elsewhere.ts";
import { FILES, filesOf, read } from "../tidy/tree.ts";
import { formatMutant } from "./mutant.ts";
import { draw, slips } from "./operators.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const SOURCES = /^(stack|io|ffi|cli)\/.*\.(ts|c)$/;

/** By what else a part is held than by the test at the mirrored path and those in its folder. */
const BESIDE: readonly (readonly [start: string, tests: readonly string[]])[] = [
  ["stack/stack.ts", ["tests/stack/dhcp", "tests/stack/stack_view_test.ts"]],
  ["stack/tcp/", ["tests/scripts", "tests/stack/tcp"]],
  ["stack/iface/", ["tests/stack/stack_test.ts"]],
  ["stack/base/", ["tests/stack/udp", "tests/scripts"]],
  ["stack/wire/", ["tests/scripts"]],
  ["io/app/door/", ["tests/io/app/door/door_test.ts"]],
  ["io/app/control/", ["tests/io/app/endpoint"]],
  ["io/app/endpoint/", ["tests/io/app/control"]],
  ["io/app/service.ts", ["tests/io/app/control/fault_test.ts"]],
  ["ffi/shim/core/evidence.c", ["tests/e2e/rights_test.ts"]],
  ["ffi/shim/", ["tests/ffi/shim/cases_test.ts", "tests/e2e/calls_test.ts"]],
  ["ffi/host/door", ["tests/io/app/door/door_test.ts"]],
  ["ffi/host/closer.c", ["tests/io/app/control/fault_test.ts"]],
  ["ffi/host/network.c", ["tests/ffi/network_test.ts", "tests/e2e/capture_test.ts"]],
  ["ffi/host/host.c", ["tests/ffi/libc_test.ts", "tests/io/devices", "tests/io/loop"]],
  ["io/runtime.ts", ["tests/e2e/ping_test.ts"]],
];

/** The nearest tests, the mirrored one first; where there is none, that which holds it instead. */
function testsOf(file: string): string[] {
  const mirrored = `tests/${file.replace("/host/", "/").replace(/\.(ts|c)$/, "_test.ts")}`;
  const folder = mirrored.slice(0, mirrored.lastIndexOf("/"));
  const isThere = (path: string) => FILES.some((f) => `${f}/`.startsWith(`${path}/`));
  const tests = FILES.filter((f) => f.startsWith(`${folder}/`) && f.endsWith("_test.ts"));
  // A folder that holds others with tests is too wide
  const hasTests = tests.length > 0 &&
    tests.every((f) => !f.slice(folder.length + 1).includes("/"));
  const beside = BESIDE.find(([start]) => file.startsWith(start))?.[1] ?? [];
  const near = [mirrored, ...elsewhere(file), ...(hasTests ? [folder] : []), ...beside];
  const found = [...new Set(near.filter(isThere))];
  return found.length > 0 ? found : [`tests/${file.slice(0, file.indexOf("/"))}`];
}

/** The first test that TESTED_ELSEWHERE names for the module. */
function elsewhere(file: string): string[] {
  const key = Object.keys(TESTED_ELSEWHERE).find((start) =>
    start === file || (start.endsWith("/") && file.startsWith(start))
  );
  const path = key === undefined ? null : /^tests\/\S+_test\.ts/.exec(TESTED_ELSEWHERE[key]);
  return path === null ? [] : [path[0]];
}

helpIfAsked(import.meta);
if (import.meta.main) {
  const flags = { string: ["count", "seed"], default: { count: "120", seed: "1" } } as const;
  const { count, seed } = parseArgs(Deno.args, flags);
  const all = filesOf(SOURCES).flatMap((file) =>
    slips(file, read(file), testsOf(file)).map((m) => ({ ...m, title: `${file}: ${m.title}` }))
  );
  console.log(draw(all, Number(count), Number(seed)).map(formatMutant).join("\n"));
}

/**
 * Runs many seeds of the scenario in which everything goes wrong, and prints those that fail.
 *
 *     deno run -A tests/sim/seeds.ts [COUNT = 10000] [FIRST = 1] [-v]
 *
 * With -v the failures come with their capture. Exit status 1 when a seed failed.
 *
 * @module
 */
import { runScenario } from "./scenario.ts";

const numbers = Deno.args.filter((arg) => !arg.startsWith("-")).map(Number);
const count = numbers[0] ?? 10_000;
const first = numbers[1] ?? 1;
const isVerbose = Deno.args.includes("-v");

const startMs = performance.now();
const failed: number[] = [];
let bytes = 0;
let steps = 0;
let virtualUs = 0;
for (let seed = first; seed < first + count; seed++) {
  try {
    const outcome = runScenario(seed);
    bytes += outcome.bytes;
    steps += outcome.steps;
    virtualUs += outcome.virtualUs;
  } catch (error) {
    failed.push(seed);
    const text = error instanceof Error ? error.message : String(error);
    console.log(isVerbose ? text : text.split("\n")[0]);
  }
  if (seed % 1000 === 0) console.log(`seed ${seed}: ${failed.length} failed so far`);
}
const seconds = (performance.now() - startMs) / 1000;
console.log(
  `${count} seeds, ${failed.length} failed; ${(bytes / 2 ** 20).toFixed(0)} MiB, ${steps} steps, ` +
    `${(virtualUs / 1e6).toFixed(0)} s of virtual time in ${seconds.toFixed(1)} s`,
);
if (failed.length > 0) {
  console.log(`failed: ${failed.slice(0, 50).join(" ")}`);
  Deno.exit(1);
}

/**
 * Runs many seeds of the scenario in which everything goes wrong, prints those that fail, and
 * writes the figures to bench/results/seeds-TIME.json.
 *
 *     deno run -A tests/sim/seeds.ts [COUNT = 10000] [FIRST = 1] [-v] [-6] [--set FIELD=VALUE]...
 *                                    [--json FILE]
 *
 * With -6 the hosts speak IPv6. With -v the failures come with their capture. `--set synCookies=2`
 * fixes a number of the TCP configuration on both hosts. Exit status 1 when a seed failed.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { saveReport } from "../../bench/lab/results.ts";
import { type Mishaps, runScenario } from "./scenario.ts";

const args = parseArgs(Deno.args, {
  string: ["json", "set"],
  boolean: ["v", "6"],
  collect: ["set"],
});
const count = Number(args._[0] ?? 10_000);
const first = Number(args._[1] ?? 1);
const family = args["6"] ? 6 : 4;
const tcp = Object.fromEntries(
  args.set.map((text) => {
    const [field, value] = text.split("=");
    return [field, Number(value)];
  }),
);

const startMs = performance.now();
const failures: { seed: number; message: string }[] = [];
const totals: Record<string, number> = {};
/** In how many seeds it happened. */
const seedsWith: Record<string, number> = {};
let bytes = 0;
let steps = 0;
let virtualUs = 0;

function add(mishaps: Mishaps): void {
  for (const [name, n] of Object.entries(mishaps)) {
    totals[name] = (totals[name] ?? 0) + n;
    if (n > 0) seedsWith[name] = (seedsWith[name] ?? 0) + 1;
  }
}

for (let seed = first; seed < first + count; seed++) {
  try {
    const outcome = runScenario(seed, tcp, undefined, family);
    bytes += outcome.bytes;
    steps += outcome.steps;
    virtualUs += outcome.virtualUs;
    add(outcome.mishaps);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    failures.push({ seed, message: text.split("\n")[0] });
    console.log(args.v ? text : text.split("\n")[0]);
  }
  if (seed % 1000 === 0) console.log(`seed ${seed}: ${failures.length} failed so far`);
}
const wallSeconds = (performance.now() - startMs) / 1000;
const virtualSeconds = Math.round(virtualUs / 1e6);
console.log(
  `${count} seeds, ${failures.length} failed; ${(bytes / 2 ** 20).toFixed(0)} MiB, ` +
    `${steps} steps, ${virtualSeconds} s of virtual time in ${wallSeconds.toFixed(1)} s`,
);
console.log(`frames: ${JSON.stringify(totals)}`);
const path = await saveReport("seeds", {
  seeds: count,
  first,
  family,
  tcp,
  failed: failures.length,
  failures,
  bytes,
  steps,
  virtualSeconds,
  wallSeconds: Math.round(wallSeconds),
  mishaps: totals,
  seedsWith,
}, args.json);
console.log(path);
if (failures.length > 0) {
  console.log(`failed: ${failures.slice(0, 50).map(({ seed }) => seed).join(" ")}`);
  Deno.exit(1);
}

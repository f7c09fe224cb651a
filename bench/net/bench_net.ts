/**
 * `deno task bench:net [--rounds N] [--secs S] [--only text,...] [--paths raw,tap,pipe,raw2,tap2]
 * [--json FILE]`
 *
 * Native next to nuse, interleaved: every round runs every measure on every path before the next
 * round begins, so that what else the machine does hits all alike. Prints medians and the median of
 * the ratios of each round, and writes every sample as JSON. Exits with 1 when a bar is missed or a
 * run failed.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { canMakeNetns } from "../../tests/lab/netns.ts";
import { Lab, NUSE_PATHS, type Path } from "../lab/lab.ts";
import { type Measure, MEASURES } from "../lab/measures.ts";
import { saveReport } from "../lab/results.ts";
import { type Sample, table } from "../lab/table.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

interface Plan {
  readonly rounds: number;
  readonly secs: number;
  readonly measures: readonly Measure[];
  readonly paths: readonly Path[];
  readonly json: string | undefined;
}

/** A string says what is wrong. */
function parse(args: string[]): Plan | string {
  const options = parseArgs(args, {
    string: ["rounds", "secs", "only", "paths", "json"],
    default: { rounds: "5", secs: "3", paths: NUSE_PATHS.join(",") },
  });
  const only = options.only?.split(",");
  const wanted = options.paths!.split(",");
  const plan: Plan = {
    rounds: Number(options.rounds),
    secs: Number(options.secs),
    measures: MEASURES.filter((m) => !only || only.some((text) => m.name.includes(text))),
    paths: NUSE_PATHS.filter((path) => wanted.includes(path)),
    json: options.json,
  };
  const isPositive = (n: number) => Number.isInteger(n) && n > 0; // iperf3 takes no fractions
  if (!isPositive(plan.rounds) || !isPositive(plan.secs)) {
    return "--rounds and --secs take whole numbers";
  }
  if (plan.measures.length === 0) {
    return `--only: none of ${MEASURES.map((m) => m.name).join(", ")}`;
  }
  if (plan.paths.length !== wanted.length) return `--paths: of ${NUSE_PATHS.join(",")}`;
  return plan;
}

async function sampleOf(lab: Lab, m: Measure, path: Path, round: number, secs: number) {
  const sample: Sample = { round, measure: m.name, path, value: null };
  try {
    sample.value = await m.run(lab, path, secs);
  } catch (error) {
    sample.error = String(error).slice(0, 500);
    console.error(`round ${round + 1}, ${m.name}, ${path}: ${sample.error}`);
  }
  return sample;
}

async function run({ rounds, secs, measures, paths }: Plan): Promise<Sample[]> {
  const samples: Sample[] = [];
  await using lab = await Lab.create();
  for (let round = 0; round < rounds; round++) {
    for (const measure of measures) {
      for (const path of ["native" as const, ...paths]) {
        samples.push(await sampleOf(lab, measure, path, round, secs));
      }
    }
    console.error(`round ${round + 1} of ${rounds} done`);
  }
  return samples;
}

async function main(): Promise<number> {
  const plan = parse(Deno.args);
  if (typeof plan === "string") {
    console.error(`bench:net: ${plan}`);
    return 2;
  }
  if (!canMakeNetns) {
    console.error("bench:net: needs root and iproute2 (it makes network namespaces)");
    return 2;
  }
  const samples = await run(plan);
  const text = table(samples, plan.measures, plan.paths);
  console.log(text);
  console.error(`written: ${await saveReport("net", { secs: plan.secs, samples }, plan.json)}`);
  return text.includes("MISSED") || samples.some((s) => s.value === null) ? 1 : 0;
}

helpIfAsked(import.meta);
Deno.exit(await main());

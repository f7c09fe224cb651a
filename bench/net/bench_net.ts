/**
 * `deno task bench:net [--rounds N] [--secs S] [--only text,...] [--skip text,...]
 * [--paths raw,tap,pipe,raw2,tap2] [--peers FOLDER] [--once S] [--json FILE] [--list]`
 * `deno task bench:net --plot [--json FILE] [--svg FILE]`
 *
 * Native next to nuse, interleaved: every round runs every measure on every path before the next
 * round begins, so that what else the machine does hits all alike. Prints medians and the median of
 * the ratios of each round, and writes every sample as JSON. Exits with 1 when a bar is missed or a
 * run failed.
 *
 * --list names the measures; --only and --skip choose among them by parts of their names. What is
 * measured once a run takes a minute (--once). Other stacks are measured in the same rounds where
 * FOLDER has them built (bench/lab/peers.ts; by default ../shared/peers).
 *
 * --plot measures nothing: it draws a run's ratios, FILE's or the last one's, as docs/ratios.svg.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { whyNoFamily } from "../../tests/lab/ipv6.ts";
import { canMakeNetns } from "../../tests/lab/netns.ts";
import { isInstalled } from "../../tests/lab/setup.ts";
import { Lab, NUSE_PATHS, type Path, type PeerPath } from "../lab/lab.ts";
import type { Measure } from "../lab/measure.ts";
import { Peers } from "../lab/peers.ts";
import { plotFile } from "../lab/plot_file.ts";
import { saveReport } from "../lab/results.ts";
import { MEASURES } from "../lab/rows.ts";
import { type Sample, table } from "../lab/table.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const PEERS = `${import.meta.dirname}/../../../shared/peers`;

interface Plan {
  readonly rounds: number;
  readonly secs: number;
  /** Of what is measured once. */
  readonly onceSec: number | undefined;
  readonly measures: readonly Measure[];
  readonly paths: readonly Path[];
  /** Where other stacks are. */
  readonly peers: string;
  readonly json: string | undefined;
}

function read(args: string[]) {
  return parseArgs(args, {
    string: ["rounds", "secs", "only", "skip", "paths", "peers", "once", "json", "svg"],
    boolean: ["plot", "list"],
    default: { rounds: "5", secs: "3", paths: "raw,tap,pipe", peers: PEERS },
  });
}

/** A string says what is wrong. */
function planOf(options: ReturnType<typeof read>): Plan | string {
  const only = options.only?.split(",") ?? [""];
  const skip = options.skip?.split(",") ?? [];
  const wanted = options.paths!.split(",");
  const plan: Plan = {
    rounds: Number(options.rounds),
    secs: Number(options.secs),
    onceSec: options.once === undefined ? undefined : Number(options.once),
    measures: MEASURES.filter(({ name }) =>
      only.some((text) => name.includes(text)) && !skip.some((text) => name.includes(text))
    ),
    paths: NUSE_PATHS.filter((path) => wanted.includes(path)),
    peers: options.peers!,
    json: options.json,
  };
  const isPositive = (n: number) => Number.isInteger(n) && n > 0; // iperf3 takes no fractions
  if (![plan.rounds, plan.secs, plan.onceSec ?? 1].every(isPositive)) {
    return "--rounds, --secs and --once take whole numbers";
  }
  if (plan.measures.length === 0) {
    return `--only and --skip: none is left of ${MEASURES.map((m) => m.name).join("; ")}`;
  }
  if (plan.paths.length !== wanted.length) return `--paths: of ${NUSE_PATHS.join(",")}`;
  return plan;
}

/** null: nothing to measure. */
async function sampleOf(
  round: number,
  measure: string,
  path: Sample["path"],
  run: () => Promise<number | null>,
): Promise<Sample | null> {
  const sample: Sample = { round, measure, path, value: null };
  try {
    sample.value = await run();
    if (sample.value === null) return null;
  } catch (error) {
    sample.error = String(error).slice(0, 500);
    console.error(`round ${round + 1}, ${measure}, ${path}: ${sample.error}`);
  }
  return sample;
}

/** Those whose programs are there; says what is left out. */
function possible(measures: readonly Measure[]): Measure[] {
  return measures.filter(({ name, programs = [], family = 4 }) => {
    const why = whyNoFamily(family);
    if (why !== "") console.error(`left out: ${name}${why}`);
    if (why !== "") return false;
    const missing = programs.filter((program) => !isInstalled(program));
    if (missing.length > 0) console.error(`left out: ${name} (no ${missing.join(", ")})`);
    return missing.length === 0;
  });
}

async function run({ rounds, secs, onceSec, measures, paths, peers }: Plan): Promise<Sample[]> {
  const samples: (Sample | null)[] = [];
  await using lab = await Lab.create();
  const others: PeerPath[] = Peers.builtIn(peers);
  const stacks = others.length > 0 ? await Peers.create(lab, peers) : null;
  for (let round = 0; round < rounds; round++) {
    for (const measure of measures) {
      if (measure.onceSec !== undefined && round > 0) continue;
      lab.family = measure.family ?? 4;
      const time = measure.onceSec === undefined ? secs : onceSec ?? measure.onceSec;
      const own = measure.isNuseOnly ? paths : ["native" as const, ...paths];
      const add = async (path: Sample["path"], run: () => Promise<number | null>) => {
        samples.push(await sampleOf(round, measure.name, path, run));
      };
      for (const path of own) await add(path, () => measure.run(lab, path, time));
      for (const path of measure.family === 6 ? [] : others) {
        await add(path, () => stacks!.run(measure.name, path, time));
      }
    }
    console.error(`round ${round + 1} of ${rounds} done`);
  }
  return samples.filter((sample) => sample !== null);
}

async function main(): Promise<number> {
  const options = read(Deno.args);
  if (options.list) {
    console.log(MEASURES.map(({ name }) => name).join("\n"));
    return 0;
  }
  if (options.plot) {
    console.log(`drawn: ${await plotFile(options.json, options.svg)}`);
    return 0;
  }
  const plan = planOf(options);
  if (typeof plan === "string") {
    console.error(`bench:net: ${plan}`);
    return 2;
  }
  if (!canMakeNetns) {
    console.error("bench:net: needs root and iproute2 (it makes network namespaces)");
    return 2;
  }
  const measures = possible(plan.measures);
  const samples = await run({ ...plan, measures });
  const text = table(samples, measures, [...plan.paths, ...Peers.builtIn(plan.peers)]);
  console.log(text);
  console.error(`written: ${await saveReport("net", { secs: plan.secs, samples }, plan.json)}`);
  return text.includes("MISSED") || samples.some((s) => s.value === null) ? 1 : 0;
}

helpIfAsked(import.meta);
Deno.exit(await main());

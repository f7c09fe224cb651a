/**
 * `deno task bench:rings [--rounds N] [--bytes 2G] [--paths tap,raw] [--streams 1,8,64]
 * [--ways out,in] [--settings 0,1] [--json FILE]`
 *
 * What rings give (NUSE_RINGS, docs/performance.md): iperf3 under nuse to and from the kernel, with
 * each of the settings in turn in every round, so that what else the machine does hits all alike.
 * Prints medians of the rates and of the CPU time of nuse and iperf3 for a GiB, and the median of
 * each round's ratios to the first setting; writes every sample as JSON.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { canMakeNetns } from "../../tests/lab/netns.ts";
import { newPort, stop } from "../lab/measure.ts";
import { Lab, NUSE_PATHS, type Path } from "../lab/lab.ts";
import { saveReport } from "../lab/results.ts";
import { median } from "../lab/median.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const LIMIT_SEC = 120;

interface Sample {
  readonly round: number;
  readonly row: string;
  readonly setting: string;
  readonly gbitPerSecond: number;
  /** User and system time of nuse and iperf3, the start included. */
  readonly cpuSeconds: number;
  readonly gib: number;
}

interface Row {
  readonly path: Path;
  readonly way: "out" | "in";
  readonly streams: string;
}

/** What bash's `time` has written, as TIMEFORMAT has it: "user system". */
export function cpuSeconds(stderr: string): number {
  const found = stderr.trim().match(/([\d.]+) ([\d.]+)$/);
  if (found === null) throw new Error(`no times in ${stderr}`);
  return Number(found[1]) + Number(found[2]);
}

/** A line for each row and setting. */
export function table(samples: readonly Sample[], settings: readonly string[]): string[] {
  const lines: string[] = [];
  for (const row of new Set(samples.map((s) => s.row))) {
    const of = (setting: string) => samples.filter((s) => s.row === row && s.setting === setting);
    const base = of(settings[0]);
    for (const setting of settings) {
      const own = of(setting);
      const ratios = (value: (s: Sample) => number) =>
        median(own.map((s) => value(s) / value(base.find((b) => b.round === s.round) ?? s)));
      const rate = median(own.map((s) => s.gbitPerSecond));
      const cpu = median(own.map((s) => s.cpuSeconds / s.gib));
      const rateRatio = ratios((s) => s.gbitPerSecond);
      const cpuRatio = ratios((s) => s.cpuSeconds / s.gib);
      lines.push(
        `${row.padEnd(18)} NUSE_RINGS=${setting.padEnd(5)} ${rate.toFixed(2).padStart(7)} Gbit/s ` +
          `(${rateRatio.toFixed(2)})  ${cpu.toFixed(2)} CPU s/GiB (${cpuRatio.toFixed(2)})`,
      );
    }
  }
  return lines;
}

async function measure(lab: Lab, { path, way, streams }: Row, setting: string, bytes: string) {
  const port = newPort();
  const server = lab.opposite(path, ["iperf3", "-s", "-1", "-p", port, "--forceflush"], {
    limitSec: LIMIT_SEC,
  });
  try {
    await server.waitFor("listening");
    const words = ["iperf3", "-c", lab.peer(path), "-p", port, "-n", bytes, "-P", streams, "-J"];
    if (way === "in") words.push("-R");
    const client = lab.timed(path, words, { env: { NUSE_RINGS: setting }, limitSec: LIMIT_SEC });
    const { code, stdout, stderr } = await client.done;
    const report = stdout.startsWith("{") ? JSON.parse(stdout) : { error: "no report" };
    if (code !== 0 || report.error) throw new Error(`exit ${code}: ${report.error} ${stderr}`);
    const { bits_per_second, bytes: received } = report.end.sum_received;
    const cpu = cpuSeconds(stderr);
    return { gbitPerSecond: bits_per_second / 1e9, cpuSeconds: cpu, gib: received / 2 ** 30 };
  } finally {
    await stop(server);
  }
}

async function main(): Promise<number> {
  const options = parseArgs(Deno.args, {
    string: ["rounds", "bytes", "paths", "streams", "ways", "settings", "json"],
    default: {
      rounds: "5",
      bytes: "2G",
      paths: "tap,raw",
      streams: "1,8,64",
      ways: "out,in",
      settings: "0,1",
    },
  });
  if (!canMakeNetns) {
    console.error("bench:rings: needs root and iproute2 (it makes network namespaces)");
    return 2;
  }
  const paths = options.paths!.split(",").filter((p) => NUSE_PATHS.includes(p as Path)) as Path[];
  const ways = options.ways!.split(",").filter((way) => way === "out" || way === "in");
  const settings = options.settings!.split(",");
  const rows = paths.flatMap((path) =>
    ways.flatMap((way) =>
      options.streams!.split(",").map((streams) => ({ path, way, streams }) as Row)
    )
  );
  const samples: Sample[] = [];
  await using lab = await Lab.create();
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const row of rows) {
      for (const setting of settings) {
        const name = `${row.path} ${row.way}, ${row.streams}`;
        try {
          const measured = await measure(lab, row, setting, options.bytes!);
          samples.push({ round, row: name, setting, ...measured });
        } catch (error) {
          console.error(`round ${round + 1}, ${name}, ${setting}: ${error}`);
        }
      }
    }
    console.error(`round ${round + 1} of ${options.rounds} done`);
  }
  console.log(table(samples, settings).join("\n"));
  console.error(`written: ${await saveReport("rings", { samples }, options.json)}`);
  return samples.length === 0 ? 1 : 0;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main());

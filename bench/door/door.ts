/**
 * `deno task bench:door [--rounds 5] [--measure NAME] [--json FILE]`: what the second door costs,
 * in rounds, each way in turn in every round, so that other load meets all of them:
 *
 *     floor, sync   a trap that a supervisor answers who does nothing else (traps.c)
 *     shim          the program with the shim in it; its calls carry the mark and pass the filter
 *     no filter     the same with --host-network, where no filter is installed
 *     door          the program without its environment: its calls stop
 *
 * The report is written as JSON to bench/results/.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { helpIfAsked } from "../../cli/build/task_help.ts";
import { must } from "../../tests/lab/netns.ts";
import { Lab } from "../lab/lab.ts";
import { saveReport } from "../lab/results.ts";
import { median } from "../lab/median.ts";

const SOURCE = `${import.meta.dirname}/traps.c`;
const PORT = "5201";
const LIMIT_SEC = 60;

type Way = "floor" | "sync" | "shim" | "no filter" | "door";

interface Figures {
  readonly medianNs: number;
  readonly tenthNs: number;
  readonly ninetiethNs: number;
  readonly cpuNs: number;
}

interface Measure {
  readonly name: string;
  readonly kind: string;
  readonly count: number;
  readonly gapUs: number;
  readonly ways: readonly Way[];
}

const MEASURES: readonly Measure[] = [
  {
    name: "getsockname, back to back",
    kind: "name",
    count: 5000,
    gapUs: 0,
    ways: ["floor", "sync", "shim", "door"],
  },
  {
    name: "getsockname, 300 µs apart",
    kind: "name",
    count: 1000,
    gapUs: 300,
    ways: ["floor", "sync", "shim", "door"],
  },
  { name: "socket", kind: "socket", count: 2000, gapUs: 0, ways: ["shim", "door"] },
  { name: "connect", kind: "connect", count: 500, gapUs: 0, ways: ["shim", "door"] },
  {
    name: "send and recv of 64 bytes",
    kind: "bytes",
    count: 10_000,
    gapUs: 0,
    ways: ["shim", "no filter", "door"],
  },
  {
    name: "recv of nothing",
    kind: "recv",
    count: 300_000,
    gapUs: 0,
    ways: ["shim", "no filter", "door"],
  },
];

interface Sample extends Figures {
  readonly round: number;
  readonly measure: string;
  readonly way: Way;
}

function argvOf(lab: Lab, program: string, { kind, count, gapUs }: Measure, way: Way): string[] {
  const isBare = way === "floor" || way === "sync";
  const peer = lab.peer(isBare ? "native" : "tap");
  const argv = [program, isBare ? way : kind, String(count), String(gapUs), peer, PORT];
  if (way === "door") return ["env", "-i", ...argv];
  return way === "no filter" ? ["--host-network", ...argv] : argv;
}

async function measureOnce(lab: Lab, program: string, measure: Measure, way: Way) {
  const isBare = way === "floor" || way === "sync";
  const argv = argvOf(lab, program, measure, way);
  const running = lab.program(isBare ? "native" : "tap", argv, { limitSec: LIMIT_SEC });
  const { code, stdout, stderr } = await running.done;
  if (code !== 0) throw new Error(`${measure.name}, ${way}: status ${code}: ${stderr}`);
  return JSON.parse(stdout) as Figures;
}

const us = (ns: number): string => (ns / 1000).toFixed(1).padStart(8);

/** A row for each way: medians over the rounds. */
function table(measures: readonly Measure[], samples: readonly Sample[]): string {
  const rows = [`${" ".repeat(38)}  median     10 %     90 %      CPU  (µs)`];
  for (const { name, ways } of measures) {
    for (const way of ways) {
      const own = samples.filter((s) => s.measure === name && s.way === way);
      const of = (field: keyof Figures) => us(median(own.map((s) => s[field])));
      const title = `${name.padEnd(27)} ${way.padEnd(10)}`;
      rows.push(`${title}${of("medianNs")} ${of("tenthNs")} ${of("ninetiethNs")} ${of("cpuNs")}`);
    }
  }
  return rows.join("\n");
}

if (import.meta.main) {
  helpIfAsked(import.meta);
  const args = parseArgs(Deno.args, {
    string: ["rounds", "json", "measure"],
    default: { rounds: "5", measure: "" },
  });
  const measures = MEASURES.filter(({ name }) => name.includes(args.measure ?? ""));
  await using lab = await Lab.create();
  const program = `${lab.scratch}/traps`;
  await must(["cc", "-O2", "-Wall", "-Wextra", "-std=c11", "-o", program, SOURCE]);
  await lab.b.run(["sysctl", "-qw", "net.ipv4.ip_nonlocal_bind=1"]);
  const server = lab.b.start([program, "echo", "0", "0", "0.0.0.0", PORT], { limitSec: 3600 });
  await server.waitFor("ready");
  const samples: Sample[] = [];
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const measure of measures) {
      for (const way of measure.ways) {
        const figures = await measureOnce(lab, program, measure, way);
        samples.push({ round, measure: measure.name, way, ...figures });
      }
    }
    console.log(`round ${round + 1}\n${table(measures, samples)}\n`);
  }
  server.kill();
  const load = await Deno.readTextFile("/proc/loadavg");
  console.log(await saveReport("door", { load: load.trim(), samples }, args.json));
}

/**
 * `deno task soak [--minutes 30] [--path raw|tap]`: iperf3 in both directions for a long time;
 * memory, descriptors and threads of the nuse process are sampled every ten seconds, written as
 * JSON to bench/results/, and judged: flat memory (last third against the second third), as many
 * descriptors at the end as at the start, and no trace of nuse afterwards.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { canMakeNetns, must, type Running } from "../../tests/lab/netns.ts";
import { Lab, NUSE_PATHS, type Path } from "../lab/lab.ts";
import { saveReport } from "../lab/results.ts";
import { median } from "../lab/median.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const SAMPLE_MS = 10_000;
const START_LIMIT_MS = 10_000;
const MARGIN_SEC = 60;
/** Growth of the median from the second third to the last that still counts as flat. */
const FLAT = 1.05;
/** iperf3 opens and closes a few of its own while it starts and ends. */
const DESCRIPTOR_SLACK = 2;

interface Reading {
  atSec: number;
  rssKb: number;
  descriptors: number;
  threads: number;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function statusField(pid: number, field: string): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(status.match(new RegExp(`^${field}:\\s+(\\d+)`, "m"))?.[1] ?? NaN);
}

function children(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** The nuse process under `running` (timeout's child), once the program runs under it in turn. */
async function nusePid(running: Running): Promise<number> {
  for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(100)) {
    try {
      const [pid] = children(running.pid);
      if (pid === undefined) continue;
      const isUp = children(pid).some((child) =>
        Deno.readTextFileSync(`/proc/${child}/comm`).trim() === "iperf3"
      );
      if (isUp) return pid;
    } catch {
      // It has not started yet, or has ended.
    }
  }
  throw new Error("no iperf3 under nuse");
}

/** null: it has ended. */
function read(pid: number, began: number): Reading | null {
  try {
    const rssKb = statusField(pid, "VmRSS");
    if (Number.isNaN(rssKb)) return null; // its parent has not noticed yet
    return {
      atSec: Math.round((Date.now() - began) / 1000),
      rssKb,
      descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
      threads: statusField(pid, "Threads"),
    };
  } catch {
    return null;
  }
}

/** Readings until the program ends. */
async function watch(client: Running): Promise<Reading[]> {
  const pid = await nusePid(client);
  const began = Date.now();
  const readings: Reading[] = [];
  for (let isOver = false; !isOver;) {
    const reading = read(pid, began);
    if (reading === null) break;
    readings.push(reading);
    isOver = await Promise.race([client.done.then(() => true), sleep(SAMPLE_MS).then(() => false)]);
  }
  return readings;
}

/** What nuse has left behind: interfaces, packet sockets, processes, shared memory. */
async function leftovers(lab: Lab): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of [lab.a, lab.b]) {
    const links = await must(["ip", "-n", name, "-o", "link"]);
    const sockets = await must(["ss", "-N", name, "-0", "-a", "-H"]);
    const pids = await must(["ip", "netns", "pids", name]);
    found.push(
      ...links.split("\n").filter((line) => line.includes("nuse-")),
      ...sockets.split("\n").filter(Boolean),
      ...pids.split("\n").filter(Boolean).map((pid) => `process ${pid}`),
    );
  }
  const shm = [...Deno.readDirSync("/dev/shm")].map((entry) => `/dev/shm/${entry.name}`);
  return [...found, ...shm.filter((path) => path.includes("nuse"))];
}

function judge(readings: Reading[]) {
  const third = Math.floor(readings.length / 3);
  const rss = readings.map((r) => r.rssKb);
  const rssMiddleKb = median(rss.slice(third, 2 * third));
  const rssLastKb = median(rss.slice(2 * third));
  const descriptorsFirst = readings.at(Math.min(1, readings.length - 1))?.descriptors ?? NaN;
  const descriptorsLast = readings.at(-1)?.descriptors ?? NaN;
  const isFlat = rssLastKb <= rssMiddleKb * FLAT &&
    Math.abs(descriptorsLast - descriptorsFirst) <= DESCRIPTOR_SLACK;
  return { isFlat, rssMiddleKb, rssLastKb, descriptorsFirst, descriptorsLast };
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["minutes", "path"],
    default: { minutes: "30", path: "raw" },
  });
  const secs = Math.round(Number(args.minutes) * 60);
  const path = NUSE_PATHS.find((p): p is Path => p === args.path);
  if (!(secs >= 30) || path === undefined || !canMakeNetns) {
    console.error(
      canMakeNetns
        ? "soak: --minutes is at least 0.5, --path raw or tap"
        : "soak: needs root and iproute2 (it makes network namespaces)",
    );
    return 2;
  }
  await using lab = await Lab.create();
  const limitSec = secs + MARGIN_SEC;
  const server = lab.opposite(path, ["iperf3", "-s", "-1", "--forceflush"], { limitSec });
  await server.waitFor("listening");
  const argv = ["iperf3", "-c", lab.peer(path), "--bidir", "-t", String(secs), "-J", "-C", "cubic"];
  const client = lab.program(path, argv, { limitSec });
  const readings = await watch(client);
  const { code, stdout, stderr } = await client.done;
  await server.done;
  const end = stdout.startsWith("{") ? JSON.parse(stdout).end : undefined;
  const gbps = (sum?: { bits_per_second: number }) => (sum?.bits_per_second ?? NaN) / 1e9;
  const verdict = judge(readings);
  const left = await leftovers(lab);
  const report = {
    path,
    minutes: secs / 60,
    exit: code,
    outGbps: gbps(end?.sum_received),
    inGbps: gbps(end?.sum_received_bidir_reverse),
    ...verdict,
    left,
  };
  await saveReport(`soak-${path}`, { ...report, readings });
  console.log({ ...report, readings: readings.length });
  if (code !== 0) console.error(`soak: iperf3: ${stderr || stdout.slice(-300)}`);
  return code === 0 && verdict.isFlat && left.length === 0 ? 0 : 1;
}

helpIfAsked(import.meta);
Deno.exit(await main());

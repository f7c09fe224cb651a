/**
 * `deno task soak [--minutes 30] [--path raw|tap]`: iperf3 in both directions for a long time; memory,
 * descriptors and traces of the nuse process are sampled every ten seconds, written as JSON to
 * bench/results/, and judged: flat memory (last third against the second third), nothing left at the end.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Lab, type Path } from "./net/lab.ts";
import { median } from "./net/table.ts";
import { must } from "../tests/support/netns.ts";

interface Reading {
  atSec: number;
  rssKb: number;
  descriptors: number;
  threads: number;
}

function statusField(pid: number, field: string): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(status.match(new RegExp(`${field}:\\s+(\\d+)`))?.[1] ?? NaN);
}

/** The nuse process: parent of the iperf3 client that runs under it. */
async function nusePid(): Promise<number> {
  for (let i = 0; i < 100; i++) {
    const pids = (await must(["sh", "-c", "pgrep -x iperf3 || true"])).trim().split("\n");
    for (const pid of pids.filter(Boolean).map(Number)) {
      const parent = statusField(pid, "PPid");
      const comm = (await Deno.readTextFile(`/proc/${parent}/comm`)).trim();
      if (comm.startsWith("deno") || comm.startsWith("nuse")) return parent;
    }
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error("no iperf3 under nuse");
}

function read(pid: number, began: number): Reading {
  return {
    atSec: Math.round((Date.now() - began) / 1000),
    rssKb: statusField(pid, "VmRSS"),
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    threads: statusField(pid, "Threads"),
  };
}

async function leftovers(lab: Lab): Promise<string[]> {
  const links = (await lab.a.ip("-o link")) + (await lab.b.ip("-o link"));
  const shm = [...Deno.readDirSync("/dev/shm")].map((e) => e.name);
  return [
    ...links.split("\n").filter((l) => l.includes("nuse-")),
    ...shm.filter((n) => n.includes("nuse")),
  ];
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["minutes", "path"],
    default: { minutes: "30", path: "raw" },
  });
  const secs = Math.round(Number(args.minutes) * 60);
  await using lab = await Lab.create();
  const server = lab.kernel(["iperf3", "-s", "-1", "--forceflush"], { limitSec: secs + 60 });
  await server.waitFor("listening");
  const path = args.path as Path;
  const argv = ["iperf3", "-c", lab.peer(path), "--bidir", "-t", String(secs), "-J", "-C", "cubic"];
  const client = lab.program(path, argv, { limitSec: secs + 60 });
  const pid = await nusePid();
  const began = Date.now();
  const readings: Reading[] = [];
  let isOver = false;
  client.done.then(() => isOver = true);
  while (!isOver) {
    try {
      readings.push(read(pid, began));
    } catch {
      break; // it has just ended
    }
    await Promise.race([client.done, new Promise((r) => setTimeout(r, 10_000))]);
  }
  const result = await client.done;
  await server.done;
  const end = JSON.parse(result.stdout || "{}").end;
  const third = Math.floor(readings.length / 3);
  const middle = median(readings.slice(third, 2 * third).map((r) => r.rssKb));
  const last = median(readings.slice(2 * third).map((r) => r.rssKb));
  const fds = readings.map((r) => r.descriptors);
  const left = await leftovers(lab);
  const report = {
    stamp: new Date().toISOString(),
    path,
    minutes: Number(args.minutes),
    exit: result.code,
    outGbps: end?.sum_received?.bits_per_second / 1e9,
    inGbps: end?.sum_received_bidir_reverse?.bits_per_second / 1e9,
    rssMiddleKb: middle,
    rssLastKb: last,
    descriptorsFirst: fds[Math.min(1, fds.length - 1)],
    descriptorsLast: fds.at(-1),
    left,
    readings,
  };
  const name = `soak-${path}-${report.stamp.replace(/[:.]/g, "-")}.json`;
  await Deno.writeTextFile(
    new URL(`./results/${name}`, import.meta.url),
    JSON.stringify(report, null, 1) + "\n",
  );
  console.log({ ...report, readings: readings.length });
  const isFlat = last <= middle * 1.05 &&
    Math.abs((fds.at(-1) ?? 0) - report.descriptorsFirst) <= 2;
  return result.code === 0 && isFlat && left.length === 0 ? 0 : 1;
}

Deno.exit(await main());

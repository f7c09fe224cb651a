/**
 * What the net bench does with iperf3, ping and its own load program: each runs a pair of programs
 * over one path and gives one figure.
 *
 * @module
 */
import type { Lab, Path } from "./lab.ts";
import type { Running, RunResult } from "../../tests/lab/netns.ts";
import { IDLE, lastJson, MARGIN_SEC, newPort, stop } from "./measure.ts";
import { median } from "./median.ts";

export interface Transfer {
  /** The program receives. */
  readonly reverse: boolean;
  /** How many connections at once; 1 when not given. */
  readonly streams?: number;
}

/** What a server of `load` is told of the family. */
function serverOf({ family }: Lab): string[] {
  return family === 6 ? ["6"] : [];
}

/** iperf3 with CUBIC chosen per socket; what the receivers got in all, Gbit/s. */
export async function iperf3(
  lab: Lab,
  path: Path,
  secs: number,
  { reverse, streams = 1 }: Transfer,
): Promise<number> {
  const port = newPort();
  const limitSec = secs + MARGIN_SEC;
  const server = lab.opposite(path, ["iperf3", "-s", "-1", "-p", port, "--forceflush"], {
    limitSec,
  });
  try {
    await server.waitFor("listening", MARGIN_SEC);
    const argv = ["iperf3", "-c", lab.peer(path), "-p", port, "-t", String(secs), "-J"];
    argv.push("-C", "cubic", "-P", String(streams), ...(reverse ? ["-R"] : []));
    const client = await lab.program(path, argv, { limitSec }).done;
    const report = client.stdout.startsWith("{") ? JSON.parse(client.stdout) : {};
    if (client.code !== 0 || report.error) {
      throw new Error(`iperf3 on ${path}: exit ${client.code}: ${report.error ?? client.stderr}`);
    }
    return report.end.sum_received.bits_per_second / 1e9;
  } finally {
    await stop(server);
  }
}

/** Datagrams that reached the receiver, per second. */
export async function udp(lab: Lab, path: Path, secs: number, size: number, out: boolean) {
  const port = newPort();
  const limitSec = secs + MARGIN_SEC;
  const sinkArgs = [lab.load, "usink", port, ...serverOf(lab)];
  const sink = out
    ? lab.opposite(path, sinkArgs, { limitSec })
    : lab.program(path, sinkArgs, { limitSec });
  try {
    await sink.waitFor("READY", MARGIN_SEC);
    const to = out ? lab.peer(path) : lab.self(path);
    const sendArgs = [lab.load, "usend", to, port, String(size), String(secs)];
    const sender = out
      ? lab.program(path, sendArgs, { limitSec })
      : lab.opposite(path, sendArgs, { limitSec });
    const sent = await sender.done;
    if (sent.code !== 0) throw new Error(`usend on ${path}: exit ${sent.code}: ${sent.stderr}`);
    const { rate } = lastJson(await sink.done);
    if (rate === 0) throw new Error(`UDP on ${path}: next to nothing arrived`);
    return rate;
  } finally {
    await stop(sink);
  }
}

/** Transactions per second against an echo server at the other end. */
export async function transactions(lab: Lab, path: Path, secs: number, mode: "rr" | "crr") {
  const port = newPort();
  const limitSec = secs + MARGIN_SEC;
  const server = lab.opposite(path, [lab.load, "echo", port, ...serverOf(lab)], { limitSec });
  try {
    await server.waitFor("READY", MARGIN_SEC);
    const argv = [lab.load, mode, lab.peer(path), port, String(secs)];
    return lastJson(await lab.program(path, argv, { limitSec }).done).rate;
  } finally {
    await stop(server);
  }
}

/** What shared/peers measured with. */
const PING_INTERVAL_SEC = 0.002;

function pingArgs(addr: string, secs: number): string[] {
  const count = Math.round(secs / PING_INTERVAL_SEC);
  return ["ping", "-c", String(count), "-i", String(PING_INTERVAL_SEC), addr];
}

/** Median round trip that ping tells, microseconds. */
function medianRtt({ stdout, stderr }: RunResult): number {
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map((m) => Number(m[1]));
  if (times.length < 200) {
    throw new Error(`${times.length} replies: ${stdout.slice(-500)}${stderr}`);
  }
  return median(times) * 1000;
}

const IDLE_LIMIT = { limitSec: 60 + MARGIN_SEC };

/** Microseconds of the ping that `start` starts. */
export async function pingMedian(
  start: (argv: string[]) => Running,
  address: string,
  secs: number,
): Promise<number> {
  return medianRtt(await start(pingArgs(address, secs)).done);
}

/** `./nuse ping` of the other end. */
export async function ping(lab: Lab, path: Path, secs: number): Promise<number> {
  // A kernel answers by itself, another nuse has to be there
  const idle = lab.hasKernelPeer(path) ? null : lab.opposite(path, [...IDLE], IDLE_LIMIT);
  try {
    await idle?.waitFor("READY", MARGIN_SEC);
    return await pingMedian((argv) => lab.program(path, argv), lab.peer(path), secs);
  } finally {
    if (idle !== null) await stop(idle);
  }
}

/** The other end's ping of an address that nuse answers for (or the kernel, natively). */
export async function pinged(lab: Lab, path: Path, secs: number): Promise<number> {
  const idle = lab.program(path, [...IDLE], IDLE_LIMIT);
  try {
    await idle.waitFor("READY", MARGIN_SEC);
    return await pingMedian((argv) => lab.opposite(path, argv), lab.self(path), secs);
  } finally {
    await stop(idle);
  }
}

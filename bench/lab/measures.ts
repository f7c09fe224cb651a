/**
 * The measurements of the net bench: each runs a pair of programs over one path and gives one
 * figure.
 *
 * @module
 */
import type { Lab, Path } from "./lab.ts";
import type { Running, RunResult } from "../../tests/lab/netns.ts";
import { median } from "./table.ts";

export interface Measure {
  readonly name: string;
  readonly unit: "Gbit/s" | "1/s" | "µs";
  /** Ratio to native that is expected (for µs: an absolute upper limit). */
  readonly bar: number | null;
  readonly run: (lab: Lab, path: Path, secs: number) => Promise<number>;
}

let nextPort = 20_000;

/** Time for a program beyond what it measures: start, handshake, the last datagrams. */
const MARGIN_SEC = 15;

function lastJson(result: RunResult): { rate: number } {
  const line = result.stdout.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) {
    throw new Error(`exit ${result.code}: ${result.stdout}${result.stderr}`);
  }
  return JSON.parse(line);
}

/** A server that has done its work; so that nothing of one measure runs on into the next. */
async function stop(server: Running): Promise<void> {
  server.kill();
  await server.done;
}

/** iperf3 with CUBIC chosen per socket; the receiver's figure. */
async function iperf3(lab: Lab, path: Path, secs: number, reverse: boolean): Promise<number> {
  const port = String(nextPort++);
  const limitSec = secs + MARGIN_SEC;
  const server = lab.opposite(path, ["iperf3", "-s", "-1", "-p", port, "--forceflush"], {
    limitSec,
  });
  try {
    await server.waitFor("listening");
    const argv = ["iperf3", "-c", lab.peer(path), "-p", port, "-t", String(secs), "-J"];
    argv.push("-C", "cubic", ...(reverse ? ["-R"] : []));
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
async function udp(lab: Lab, path: Path, secs: number, size: number, out: boolean) {
  const port = String(nextPort++);
  const limitSec = secs + MARGIN_SEC;
  const sinkArgs = [lab.load, "usink", port];
  const sink = out
    ? lab.opposite(path, sinkArgs, { limitSec })
    : lab.program(path, sinkArgs, { limitSec });
  try {
    await sink.waitFor("READY");
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
async function transactions(lab: Lab, path: Path, secs: number, mode: "rr" | "crr") {
  const port = String(nextPort++);
  const limitSec = secs + MARGIN_SEC;
  const server = lab.opposite(path, [lab.load, "echo", port], { limitSec });
  try {
    await server.waitFor("READY");
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

/** A program that is just there, so that its nuse is. */
const IDLE = ["sh", "-c", "echo READY; exec sleep 60"];
const IDLE_LIMIT = { limitSec: 70 };

/** `./nuse ping` of the other end. */
async function ping(lab: Lab, path: Path, secs: number): Promise<number> {
  // A kernel answers by itself, another nuse has to be there
  const idle = lab.hasKernelPeer(path) ? null : lab.opposite(path, IDLE, IDLE_LIMIT);
  try {
    await idle?.waitFor("READY");
    return medianRtt(await lab.program(path, pingArgs(lab.peer(path), secs)).done);
  } finally {
    if (idle !== null) await stop(idle);
  }
}

/** The other end's ping of an address that nuse answers for (or the kernel, natively). */
async function pinged(lab: Lab, path: Path, secs: number): Promise<number> {
  const idle = lab.program(path, IDLE, IDLE_LIMIT);
  try {
    await idle.waitFor("READY");
    return medianRtt(await lab.opposite(path, pingArgs(lab.self(path), secs)).done);
  } finally {
    await stop(idle);
  }
}

export const MEASURES: Measure[] = [
  { name: "TCP out", unit: "Gbit/s", bar: 0.5, run: (l, p, s) => iperf3(l, p, s, false) },
  { name: "TCP in", unit: "Gbit/s", bar: 0.5, run: (l, p, s) => iperf3(l, p, s, true) },
  { name: "UDP 1 KiB out", unit: "1/s", bar: 0.3, run: (l, p, s) => udp(l, p, s, 1024, true) },
  { name: "UDP 1 KiB in", unit: "1/s", bar: 0.3, run: (l, p, s) => udp(l, p, s, 1024, false) },
  { name: "UDP 64 B out", unit: "1/s", bar: null, run: (l, p, s) => udp(l, p, s, 64, true) },
  { name: "UDP 64 B in", unit: "1/s", bar: null, run: (l, p, s) => udp(l, p, s, 64, false) },
  {
    name: "TCP request/response",
    unit: "1/s",
    bar: 0.4,
    run: (l, p, s) => transactions(l, p, s, "rr"),
  },
  {
    name: "TCP connections",
    unit: "1/s",
    bar: null,
    run: (l, p, s) => transactions(l, p, s, "crr"),
  },
  { name: "ping RTT", unit: "µs", bar: 100, run: ping },
  { name: "ping RTT, pinged", unit: "µs", bar: 100, run: pinged },
];

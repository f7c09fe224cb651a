/**
 * The measurements of the net bench: each runs a pair of programs over one path and gives one figure.
 *
 * @module
 */
import type { Lab, Path } from "./lab.ts";
import type { RunResult } from "../../tests/support/netns.ts";

export interface Measure {
  readonly name: string;
  readonly unit: "Gbit/s" | "1/s" | "µs";
  /** Ratio to native that is expected (for µs: an absolute upper limit). */
  readonly bar: number | null;
  readonly run: (lab: Lab, path: Path, secs: number) => Promise<number>;
}

let nextPort = 20_000;

function lastJson(result: RunResult): { rate: number } {
  const line = result.stdout.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) {
    throw new Error(`exit ${result.code}: ${result.stdout}${result.stderr}`);
  }
  return JSON.parse(line);
}

/** iperf3 with CUBIC chosen per socket; the receiver's figure. */
async function iperf3(lab: Lab, path: Path, secs: number, reverse: boolean): Promise<number> {
  const port = String(nextPort++);
  const server = lab.kernel(["iperf3", "-s", "-1", "-p", port, "--forceflush"]);
  await server.waitFor("listening");
  const args = ["-c", lab.peer(path), "-p", port, "-t", String(secs), "-J", "-C", "cubic"];
  const client = await lab.program(path, ["iperf3", ...args, ...(reverse ? ["-R"] : [])]).done;
  server.kill();
  await server.done;
  const report = JSON.parse(client.stdout || "{}");
  if (client.code !== 0 || report.error) {
    throw new Error(`iperf3 on ${path}: ${report.error ?? client.stderr}`);
  }
  return report.end.sum_received.bits_per_second / 1e9;
}

/** Datagrams that reached the receiver, per second. */
async function udp(lab: Lab, path: Path, secs: number, size: number, out: boolean) {
  const port = String(nextPort++);
  const sinkArgs = [lab.load, "usink", port];
  const sink = out ? lab.kernel(sinkArgs) : lab.program(path, sinkArgs);
  await sink.waitFor("READY");
  const to = out ? lab.peer(path) : lab.self(path);
  const sendArgs = [lab.load, "usend", to, port, String(size), String(secs)];
  const sender = out ? lab.program(path, sendArgs) : lab.kernel(sendArgs);
  const sent = await sender.done;
  if (sent.code !== 0) throw new Error(`usend on ${path}: ${sent.stderr}`);
  return lastJson(await sink.done).rate;
}

/** Transactions per second against an echo server on the kernel's side. */
async function transactions(lab: Lab, path: Path, secs: number, mode: "rr" | "crr") {
  const port = String(nextPort++);
  const server = lab.kernel([lab.load, "echo", port]);
  await server.waitFor("READY");
  const args = [lab.load, mode, lab.peer(path), port, String(secs)];
  const client = await lab.program(path, args).done;
  server.kill();
  await server.done;
  return lastJson(client).rate;
}

/** Median round trip of ping, microseconds. */
async function ping(lab: Lab, path: Path): Promise<number> {
  const argv = ["ping", "-c", "300", "-i", "0.004", lab.peer(path)];
  const result = await lab.program(path, argv).done;
  const times = [...result.stdout.matchAll(/time=([\d.]+) ms/g)].map((m) => Number(m[1]));
  if (times.length < 200) throw new Error(`ping on ${path}: ${result.stdout}${result.stderr}`);
  times.sort((x, y) => x - y);
  return times[times.length >> 1] * 1000;
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
  { name: "ping RTT", unit: "µs", bar: 100, run: (l, p) => ping(l, p) },
];

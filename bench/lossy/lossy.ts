/**
 * `deno task bench:lossy [--rounds N] [--secs S] [--loss 0,1000,...] [--rtt 1,20,100]`
 *
 * The same bulk transfer (iperf3, CUBIC per socket) from the kernel and from nuse through one
 * seeded lossy link, interleaved. A cell is loss (per million) × round-trip time (ms); the bar is
 * 0.9 of the kernel's median. Exits with 1 when a cell misses it or a transfer failed.
 *
 * The kernel remembers the congestion of earlier connections to a host (tcp_metrics): that is off
 * here, or the bad cells would slow down the good ones that follow.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { parseArgs } from "@std/cli/parse-args";
import { LOSSY_NUSE, LOSSY_PEER, LossyLink } from "../../tests/support/linkem/lossy_link.ts";
import { canMakeNetns } from "../../tests/support/netns.ts";
import { closeOnSignal } from "../net/interrupt.ts";
import { saveReport } from "../net/results.ts";
import { median } from "../net/table.ts";

const NUSE = fromFileUrl(new URL("../../nuse", import.meta.url));
const RATE = 100_000_000;
const QUEUE_MIN_BYTES = 64_000;
const BAR = 0.9;
const MARGIN_SEC = 20;

interface Cell {
  readonly lossPpm: number;
  readonly rttMs: number;
  readonly kernelMbps: number[];
  readonly nuseMbps: number[];
  /** Transfers that gave no figure. */
  readonly failures: string[];
}

async function transfer(link: LossyLink, isNuse: boolean, secs: number): Promise<number> {
  const limitSec = secs + MARGIN_SEC;
  const server = link.b.start(["iperf3", "-s", "-1", "--forceflush"], { limitSec });
  try {
    await server.waitFor("listening");
    const argv = ["iperf3", "-c", LOSSY_PEER, "-t", String(secs), "-J", "-C", "cubic"];
    const env: Record<string, string> = isNuse ? { NUSEDEV: "va", "nuse-va": LOSSY_NUSE } : {};
    const client = await link.a.start(isNuse ? [NUSE, ...argv] : argv, { env, limitSec }).done;
    const report = client.stdout.startsWith("{") ? JSON.parse(client.stdout) : {};
    if (client.code !== 0 || report.error) {
      throw new Error(`exit ${client.code}: ${report.error ?? client.stderr}`);
    }
    return report.end.sum_received.bits_per_second / 1e6;
  } finally {
    server.kill();
    await server.done;
  }
}

/** One transfer of the kernel's and one of nuse's. */
async function fill(link: LossyLink, cell: Cell, seed: number, secs: number): Promise<void> {
  const { rttMs, lossPpm } = cell;
  const queueBytes = Math.max(QUEUE_MIN_BYTES, RATE / 8 * rttMs / 1000);
  for (const isNuse of [false, true]) {
    const who = isNuse ? "nuse" : "kernel";
    try {
      const settings = { delayUs: rttMs * 500, rate: RATE, queueBytes, lossPpm, seed };
      await link.set(settings, secs + MARGIN_SEC + 10);
      const mbps = await transfer(link, isNuse, secs);
      (isNuse ? cell.nuseMbps : cell.kernelMbps).push(mbps);
    } catch (error) {
      cell.failures.push(`${who}: ${String(error).slice(0, 500)}`);
      console.error(`${rttMs} ms, ${lossPpm / 10_000} %: ${cell.failures.at(-1)}`);
    }
  }
}

/** Prints the table; true: every cell is there and above the bar. */
function print(cells: Cell[]): boolean {
  let isMet = true;
  console.log(`RTT ms  loss %  kernel Mbit/s  nuse Mbit/s  ratio  bar ≥ ${BAR}`);
  for (const c of cells) {
    const [kernel, nuse] = [median(c.kernelMbps), median(c.nuseMbps)];
    const ratio = nuse / kernel;
    const verdict = Number.isNaN(ratio) ? "failed" : ratio >= BAR ? "met" : "MISSED";
    isMet &&= verdict === "met" && c.failures.length === 0;
    const figures = [c.rttMs, c.lossPpm / 10_000, kernel.toFixed(2), nuse.toFixed(2)];
    const widths = [6, 6, 13, 11];
    const text = figures.map((v, i) => String(v).padStart(widths[i])).join("  ");
    console.log(`${text}  ${ratio.toFixed(2).padStart(5)}  ${verdict}`);
  }
  return isMet;
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["rounds", "secs", "loss", "rtt"],
    default: { rounds: "3", secs: "10", loss: "0,1000,10000,50000", rtt: "1,20,100" },
  });
  const list = (text: string) => text.split(",").map(Number);
  const [rounds, secs] = [Number(args.rounds), Number(args.secs)];
  const cells: Cell[] = list(args.rtt!).flatMap((rttMs) =>
    list(args.loss!).map((lossPpm) => {
      return { lossPpm, rttMs, kernelMbps: [], nuseMbps: [], failures: [] };
    })
  );
  const isPositive = (n: number) => Number.isInteger(n) && n > 0; // iperf3 takes no fractions
  if (
    !isPositive(rounds) || !isPositive(secs) || cells.some((c) => !(c.lossPpm >= 0 && c.rttMs > 0))
  ) {
    console.error("bench:lossy: --rounds, --secs, --loss and --rtt take numbers");
    return 2;
  }
  if (!canMakeNetns) {
    console.error("bench:lossy: needs root and iproute2 (it makes network namespaces)");
    return 2;
  }
  {
    await using link = await LossyLink.create();
    using _ = closeOnSignal(() => link.close());
    for (const ns of [link.a, link.b]) {
      const { code } = await ns.run(["sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1"]);
      if (code !== 0) console.error("bench:lossy: the kernel keeps its tcp_metrics");
    }
    for (let round = 1; round <= rounds; round++) {
      for (const cell of cells) await fill(link, cell, round, secs);
      console.error(`round ${round} of ${rounds} done`);
    }
  }
  const file = await saveReport("lossy", { rateBps: RATE, secs, cells });
  const isMet = print(cells);
  console.error(`written: ${file}`);
  return isMet ? 0 : 1;
}

Deno.exit(await main());

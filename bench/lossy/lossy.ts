/**
 * `deno task bench:lossy [--rounds N] [--secs S] [--links N] [--loss 0,1000,...] [--rtt 1,20,100]`
 *
 * The same bulk transfer (iperf3, CUBIC per socket, the kernel's receiver) from the kernel and from
 * nuse through one seeded lossy link, interleaved. A cell is loss (per million, both ways) ×
 * round-trip time (ms); the bar is 0.9 of the kernel's median. Exits with 1 when a cell misses it
 * or a transfer failed.
 *
 * With loss, chance rules: a transfer of 10 s at 100 ms and 1 % has a dozen losses. So there are
 * fewer rounds without loss, and where loss keeps a transfer far below the link's rate, several
 * links are used at the same time.
 *
 * The kernel remembers the congestion of earlier connections to a host (tcp_metrics): that is off
 * here, or the bad cells would slow down the good ones that follow. And its sockets do not begin
 * with BBR, where that is the machine's default: those stay paced when they are made CUBIC's. (Reno
 * may be set in any namespace, CUBIC only where the machine allows it.)
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { LossyLink } from "../../tests/lab/linkem/lossy_link.ts";
import { canMakeNetns, must } from "../../tests/lab/netns.ts";
import { closeOnSignal } from "../lab/interrupt.ts";
import { UNPACED } from "../lab/lab.ts";
import { saveReport } from "../lab/results.ts";
import { median } from "../lab/median.ts";
import { RATE_BPS, type Sample, sample } from "./transfer.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const BAR = 0.9;
const MSS_BITS = 1448 * 8;
const SYSCTLS = ["net.ipv4.tcp_no_metrics_save=1", UNPACED];

interface Cell {
  readonly lossPpm: number;
  readonly rttMs: number;
  readonly kernel: Sample[];
  readonly nuse: Sample[];
  /** Transfers that gave no figure. */
  readonly failures: string[];
}

/**
 * How many links may carry a transfer of the cell at the same time: Reno's bound (Mathis et al.,
 * 1997) says how much each may become.
 */
function parallelism({ lossPpm, rttMs }: Cell, links: number): number {
  const boundBps = MSS_BITS / (rttMs / 1000) * Math.sqrt(1.5e6 / lossPpm);
  return links * boundBps <= RATE_BPS / 2 ? links : 1;
}

/** Transfers of the kernel's, then as many of nuse's with the same seeds. */
async function fill(links: LossyLink[], cell: Cell, round: number, secs: number): Promise<void> {
  const used = links.slice(0, parallelism(cell, links.length));
  for (const isNuse of [false, true]) {
    await Promise.all(used.map(async (link, i) => {
      const seed = round * links.length + i;
      try {
        (isNuse ? cell.nuse : cell.kernel).push(
          await sample(link, { isNuse, rttMs: cell.rttMs, lossPpm: cell.lossPpm, seed, secs }),
        );
      } catch (error) {
        const who = isNuse ? "nuse" : "kernel";
        cell.failures.push(`${who}, seed ${seed}: ${String(error).slice(0, 500)}`);
        console.error(`${cell.rttMs} ms, ${cell.lossPpm / 10_000} %: ${cell.failures.at(-1)}`);
      }
    }));
  }
}

/** Prints the table; true: every cell is there and above the bar. */
function print(cells: Cell[]): boolean {
  let isMet = true;
  console.log(`RTT ms  loss %  samples  kernel Mbit/s  nuse Mbit/s  ratio  bar ≥ ${BAR}`);
  for (const c of cells) {
    const [kernel, nuse] = [c.kernel, c.nuse].map((list) => median(list.map((s) => s.mbps)));
    const ratio = nuse / kernel;
    const verdict = Number.isNaN(ratio) ? "failed" : ratio >= BAR ? "met" : "MISSED";
    isMet &&= verdict === "met" && c.failures.length === 0;
    const figures = [
      c.rttMs,
      c.lossPpm / 10_000,
      c.nuse.length,
      kernel.toFixed(2),
      nuse.toFixed(2),
    ];
    const widths = [6, 6, 7, 13, 11];
    const text = figures.map((v, i) => String(v).padStart(widths[i])).join("  ");
    console.log(`${text}  ${ratio.toFixed(2).padStart(5)}  ${verdict}`);
  }
  return isMet;
}

async function makeLinks(count: number, links: LossyLink[]): Promise<void> {
  for (let i = 0; i < count; i++) {
    const link = await LossyLink.create();
    links.push(link);
    for (const ns of [link.a, link.b]) await must([...ns.enter, "sysctl", "-qw", ...SYSCTLS]);
  }
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["rounds", "secs", "links", "loss", "rtt"],
    default: { rounds: "5", secs: "10", links: "4", loss: "0,1000,10000,50000", rtt: "1,20,100" },
  });
  const list = (text: string) => text.split(",").map(Number);
  const [rounds, secs, linkCount] = [args.rounds, args.secs, args.links].map(Number);
  const cells: Cell[] = list(args.rtt!).flatMap((rttMs) =>
    list(args.loss!).map((lossPpm) => ({ lossPpm, rttMs, kernel: [], nuse: [], failures: [] }))
  );
  const isPositive = (n: number) => Number.isInteger(n) && n > 0; // iperf3 takes no fractions
  if (
    ![rounds, secs, linkCount].every(isPositive) ||
    cells.some((c) => !(c.lossPpm >= 0 && c.rttMs > 0))
  ) {
    console.error("bench:lossy: --rounds, --secs, --links, --loss and --rtt take numbers");
    return 2;
  }
  if (!canMakeNetns) {
    console.error("bench:lossy: needs root and iproute2 (it makes network namespaces)");
    return 2;
  }
  const links: LossyLink[] = [];
  const close = async () => {
    for (const link of links) await link.close();
  };
  using _ = closeOnSignal(close);
  try {
    await makeLinks(linkCount, links);
    const lossless = Math.ceil(rounds / 2);
    for (let round = 1; round <= rounds; round++) {
      for (const cell of cells) {
        if (cell.lossPpm > 0 || round <= lossless) await fill(links, cell, round, secs);
      }
      console.error(`round ${round} of ${rounds} done`);
    }
  } finally {
    await close();
  }
  const file = await saveReport("lossy", { rateBps: RATE_BPS, secs, cells });
  const isMet = print(cells);
  console.error(`written: ${file}`);
  return isMet ? 0 : 1;
}

helpIfAsked(import.meta);
Deno.exit(await main());

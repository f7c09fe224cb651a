/**
 * `deno task bench:lossy [--rounds N] [--secs S] [--loss 0,1000,...] [--rtt 1,20,100]`
 *
 * The same bulk transfer (iperf3, CUBIC per socket) from the kernel and from nuse through one seeded lossy
 * link, interleaved. A cell is loss × round-trip time; the bar is 0.9 of the kernel's median.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { parseArgs } from "@std/cli/parse-args";
import { LOSSY_NUSE, LOSSY_PEER, LossyLink } from "../../tests/support/linkem/lossy_link.ts";
import { median } from "../net/table.ts";

const NUSE = fromFileUrl(new URL("../../nuse", import.meta.url));
const RATE = 100_000_000;

interface Cell {
  lossPpm: number;
  rttMs: number;
  kernelMbps: number[];
  nuseMbps: number[];
}

async function transfer(link: LossyLink, isNuse: boolean, secs: number): Promise<number> {
  const server = link.b.start(["iperf3", "-s", "-1", "--forceflush"], { limitSec: secs + 20 });
  await server.waitFor("listening");
  const argv = ["iperf3", "-c", LOSSY_PEER, "-t", String(secs), "-J", "-C", "cubic"];
  const env = { NUSEDEV: "va", "nuse-va": LOSSY_NUSE };
  const client = await link.a.start(isNuse ? [NUSE, ...argv] : argv, {
    env: isNuse ? env : {},
    limitSec: secs + 20,
  }).done;
  server.kill();
  await server.done;
  const report = JSON.parse(client.stdout || "{}");
  if (client.code !== 0) throw new Error(report.error ?? client.stderr);
  return report.end.sum_received.bits_per_second / 1e6;
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["rounds", "secs", "loss", "rtt"],
    default: { rounds: "3", secs: "10", loss: "0,1000,10000,50000", rtt: "1,20,100" },
  });
  const list = (text: string) => text.split(",").map(Number);
  const cells: Cell[] = list(args.rtt!).flatMap((rttMs) =>
    list(args.loss!).map((lossPpm) => ({ lossPpm, rttMs, kernelMbps: [], nuseMbps: [] }))
  );
  await using link = await LossyLink.create();
  const secs = Number(args.secs);
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const cell of cells) {
      for (const isNuse of [false, true]) {
        const queueBytes = Math.max(64_000, RATE / 8 * cell.rttMs / 1000);
        const delayUs = cell.rttMs * 500;
        const seed = round + 1;
        const settings = { delayUs, rate: RATE, queueBytes, lossPpm: cell.lossPpm, seed };
        await link.set(settings, secs + 30);
        (isNuse ? cell.nuseMbps : cell.kernelMbps).push(await transfer(link, isNuse, secs));
      }
    }
    console.error(`round ${round + 1} of ${args.rounds} done`);
  }
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  const file = new URL(`../results/lossy-${stamp}.json`, import.meta.url);
  const report = { stamp, kernel: Deno.osRelease(), rateBps: RATE, secs, cells };
  await Deno.writeTextFile(file, JSON.stringify(report, null, 1) + "\n");
  let isMissed = false;
  console.log("RTT ms  loss %  kernel Mbit/s  nuse Mbit/s  ratio  bar ≥ 0.9");
  for (const c of cells) {
    const [kernel, nuse] = [median(c.kernelMbps), median(c.nuseMbps)];
    const ratio = nuse / kernel;
    isMissed ||= ratio < 0.9;
    const figures = [c.rttMs, c.lossPpm / 10_000, kernel.toFixed(2), nuse.toFixed(2)];
    const widths = [6, 6, 13, 11];
    const text = figures.map((v, i) => String(v).padStart(widths[i])).join("  ");
    console.log(`${text}  ${ratio.toFixed(2).padStart(5)}  ${ratio >= 0.9 ? "met" : "MISSED"}`);
  }
  return isMissed ? 1 : 0;
}

Deno.exit(await main());

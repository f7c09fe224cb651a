/**
 * Two CUBIC flows of equal round-trip time that start within one, over 60 s: how equal are their
 * shares?
 *
 *     deno run -A tests/sim/fairness.ts [SEEDS = 10] [MBIT/S = 100] [RTT MS = 50]
 *
 * JSON goes to bench/results/. The delay varies by the time that the bottleneck takes for a frame,
 * as on any real path: without that it is the phase of the packets that decides whose are dropped
 * (Floyd and Jacobson, 1992).
 *
 * @module
 */
import { saveReport } from "../../bench/lab/results.ts";
import { runBulk } from "./bulk.ts";

/** A frame of 1500 bytes with its Ethernet header. */
const FRAME_BITS = 1514 * 8;

export interface Sharing {
  /** Goodput of the lesser flow to the other's. */
  readonly ratio: number;
  readonly utilisation: number;
}

export function sharing(rateBps: number, rttMs: number, seed: number): Sharing {
  const jitterUs = Math.ceil(FRAME_BITS * 1e6 / rateBps);
  const link = { flows: 2, rateBps, rttMs, startSpreadMs: rttMs, jitterUs, seed };
  const { goodput, utilisation } = runBulk({ ...link, seconds: 60, warmupSeconds: 0 });
  return { ratio: Math.min(...goodput) / Math.max(...goodput), utilisation };
}

if (import.meta.main) {
  const [seeds, mbit, rttMs] = Deno.args.map(Number);
  const [count, rateBps, rtt] = [seeds || 10, (mbit || 100) * 1e6, rttMs || 50];
  const results = Array.from({ length: count }, (_, i) => sharing(rateBps, rtt, i + 1));
  const ratios = results.map(({ ratio }) => ratio);
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / count;
  console.log(ratios.map((ratio) => ratio.toFixed(3)).join(" "));
  console.log(`mean ${mean.toFixed(3)}, worst ${Math.min(...ratios).toFixed(3)}`);
  console.log(await saveReport("fairness", { rateBps, rttMs: rtt, seconds: 60, mean, results }));
}

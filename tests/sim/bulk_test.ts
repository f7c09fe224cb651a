/**
 * Utilisation of a bottleneck and fairness between flows, with virtual time. Longer runs: bulk.ts.
 *
 * @module
 */
import { assert } from "@std/assert";
import { runBulk } from "./bulk.ts";
import { sharing } from "./fairness.ts";

Deno.test("bulk: one CUBIC flow fills 95% of 100 Mbit/s at 50 ms with one BDP of queue", () => {
  const { utilisation, goodput } = runBulk({ seconds: 20 });
  assert(utilisation >= 0.95, `${utilisation}`);
  // Nearly all that crosses the link is new to the receiver: 1448 of 1514 bytes of every frame.
  const useful = goodput[0] * 8 / (utilisation * 100e6);
  assert(useful > 0.9, `${useful} of the link's bytes were useful`);
});

Deno.test("bulk: two NewReno flows of equal round-trip time share a link", () => {
  const link = { flows: 2, rateBps: 20e6, seconds: 60, warmupSeconds: 5 };
  const { goodput, utilisation } = runBulk({ ...link, congestion: "reno" });
  assert(utilisation >= 0.95, `${utilisation}`);
  const ratio = Math.min(...goodput) / Math.max(...goodput);
  assert(ratio > 0.6, `${goodput.map(Math.round)}`);
});

Deno.test("bulk: BBR fills 80% of that link at 0.1% of random loss", () => {
  const { utilisation } = runBulk({ congestion: "bbr", loss: 0.001, seconds: 20 });
  assert(utilisation >= 0.8, `${utilisation}`);
});

/**
 * The lesser flow to the other, the mean over some seeds: a minute holds few losses, and which flow
 * has one is chance. The floors say that neither starves, whatever the seeds; how fair it is on
 * average, fairness.ts measures.
 */
function meanShare(rateBps: number, rttMs: number, seeds: number): number {
  let sum = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const { ratio, utilisation } = sharing(rateBps, rttMs, seed);
    assert(utilisation >= 0.95, `${utilisation}`);
    sum += ratio;
  }
  return sum / seeds;
}

Deno.test("bulk: two CUBIC flows on 50 Mbit/s and 20 ms share it over 60 s", () => {
  const mean = meanShare(50e6, 20, 4);
  assert(mean >= 0.75, `${mean}`);
});

Deno.test("bulk: two CUBIC flows on 100 Mbit/s and 50 ms share it, on few losses", () => {
  const mean = meanShare(100e6, 50, 3);
  assert(mean >= 0.7, `${mean}`);
});

Deno.test("bulk: two CUBIC flows share 20 Mbit/s and 50 ms, whatever the phase", () => {
  const link = { flows: 2, rateBps: 20e6, seconds: 60, warmupSeconds: 5 };
  const { goodput, utilisation } = runBulk(link);
  assert(utilisation >= 0.95, `${utilisation}`);
  const ratio = Math.min(...goodput) / Math.max(...goodput);
  assert(ratio > 0.5, `${goodput.map(Math.round)}`);
});

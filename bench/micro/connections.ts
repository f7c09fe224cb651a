/**
 * Many connections on one stack: what an idle one weighs, and whether a segment costs more among
 * many. JSON to bench/results/; exit status 1 when a bar is missed.
 *
 *     deno task bench:connections [--segments 20000] [--rounds 40] [--json FILE]
 *
 * Weight: the heap after garbage collection with one end's stack less that without it, and what its
 * memory has given out, for connections that were never used and for such as a byte has gone over
 * each way.
 *
 * Time: one segment with a byte in, read by the program, its acknowledgment where one is due. "One
 * busy": of N connections one gets all the segments: the time is that of finding it and of the
 * timers. "All busy": each gets one in turn, in an order that no cache can follow, so that its
 * state comes from memory: that is the difference, and it ends where nothing is in the cache any
 * more. The rounds are short, those of all sizes take turns, and the best one counts: other work on
 * the machine can only add.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { segments, weigh, type Weight } from "./many.ts";
import { warmed } from "./measure.ts";
import { saveReport } from "../lab/results.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const SIZES = [10, 100, 1_000, 10_000];
const MANY = 10_000;
/** Bars. */
const WEIGHT_MAX_BYTES = 4096;
const ONE_BUSY_MAX_RATIO = 1.25;

interface Timing {
  readonly connections: number;
  readonly busy: "one" | "all";
  readonly ns: number;
  readonly samplesNs: readonly number[];
}

/** Nanoseconds a segment. */
function timeOf(fn: () => void, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) fn();
  return ((performance.now() - start) * 1e6) / count;
}

function timings(busy: "one" | "all", segmentCount: number, rounds: number): Timing[] {
  const rows = SIZES.map((connections) => {
    const fn = warmed(segments(connections, busy === "one" ? 1 : connections));
    return { connections, fn, samplesNs: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { fn, samplesNs } of rows) samplesNs.push(timeOf(fn, segmentCount));
  }
  return rows.map(({ connections, samplesNs }) => ({
    connections,
    busy,
    ns: Math.round(Math.min(...samplesNs)),
    samplesNs: samplesNs.map(Math.round),
  }));
}

function printWeight(name: string, { heapBytes, arenaBytes }: Weight): void {
  const [heap, arena] = [heapBytes, arenaBytes].map((n) => Math.round(n).toLocaleString("en"));
  console.log(`${name.padEnd(12)} ${heap} B of heap, ${arena} B of buffers`);
}

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, { string: ["segments", "rounds", "json"] });
  const segmentCount = Number(args.segments ?? 20_000);
  const rounds = Number(args.rounds ?? 40);
  const neverUsed = await weigh(MANY, false);
  const used = await weigh(MANY, true);
  console.log(`an idle connection among ${MANY.toLocaleString("en")}:`);
  printWeight("never used", neverUsed);
  printWeight("used", used);
  const times: Timing[] = [];
  for (const busy of ["one", "all"] as const) {
    const rows = timings(busy, segmentCount, rounds);
    times.push(...rows);
    console.log(`a segment, ${busy} busy:`);
    for (const { connections, ns } of rows) {
      const ratio = (ns / rows[0].ns).toFixed(2);
      console.log(`${connections.toLocaleString("en").padStart(12)} ${ns} ns, x ${ratio}`);
    }
  }
  const ns = (connections: number, busy: string) =>
    times.find((t) => t.connections === connections && t.busy === busy)!.ns;
  const ratioOf = (busy: string) => ns(MANY, busy) / ns(SIZES[0], busy);
  const [oneBusyRatio, allBusyRatio] = [ratioOf("one"), ratioOf("all")];
  const isLight = Math.max(neverUsed.heapBytes, used.heapBytes) <= WEIGHT_MAX_BYTES;
  const isFlat = oneBusyRatio <= ONE_BUSY_MAX_RATIO;
  const path = await saveReport("connections", {
    connections: MANY,
    idle: { neverUsed, used, maxBytes: WEIGHT_MAX_BYTES, ok: isLight },
    segment: { times, oneBusyRatio, allBusyRatio, maxOneBusyRatio: ONE_BUSY_MAX_RATIO, ok: isFlat },
  }, args.json);
  console.log(`${isLight && isFlat ? "ok" : "MISSED"}: ${path}`);
  return isLight && isFlat ? 0 : 1;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main());

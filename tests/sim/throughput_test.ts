/**
 * Throughput at a buffer of 32 KiB and 100 ms: at least what smoltcp has published, CUBIC at 1%
 * loss excepted, which RFC 9438 keeps below it (throughput.ts says why, and prints the table).
 *
 * Which frames are lost is chance: the mean over some seeds is judged, and lies four of its own
 * standard deviations or more above the floor: other seeds come to the same verdict.
 *
 * @module
 */
import { assert } from "@std/assert";
import { measure, REFERENCE, windowBound } from "./throughput.ts";

const BUFFER = 32768;
const BYTES = 10 << 20;

/** Seeds whose mean is judged; without loss all are alike. */
const SEEDS = 8;

/** The least that there must be, bytes a second; left out: smoltcp's figure. */
interface Floor {
  readonly congestion: string;
  readonly loss: number;
  readonly floor?: number;
}

const FLOORS: readonly Floor[] = [
  { congestion: "cubic", loss: 0 },
  { congestion: "cubic", loss: 0.001, floor: 0.88 * windowBound({ buffer: BUFFER, rttMs: 100 }) },
  { congestion: "cubic", loss: 0.01, floor: 160_000 },
  { congestion: "cubic", loss: 0.05 },
  { congestion: "cubic", loss: 0.3 },
  { congestion: "bbr", loss: 0 },
  { congestion: "bbr", loss: 0.01 },
  { congestion: "bbr", loss: 0.05 },
  { congestion: "bbr", loss: 0.3 },
];

for (const { congestion, loss, floor = REFERENCE[`${BUFFER} ${loss}`] } of FLOORS) {
  const path = `32 KiB buffer, 100 ms, ${loss * 100}% loss`;
  Deno.test(`throughput: ${congestion}, ${path}: at least ${floor} bytes/s`, () => {
    const seeds = Array.from({ length: loss === 0 ? 1 : SEEDS }, (_, i) => i + 1);
    const values = seeds.map((seed) =>
      measure({ buffer: BUFFER, loss, rttMs: 100, congestion }, BYTES, seed)
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assert(mean >= floor, `${Math.round(mean)} bytes/s: ${values.map(Math.round)}`);
  });
}

Deno.test("throughput: without loss the window is filled", () => {
  const cell = { buffer: 262144, loss: 0, rttMs: 20 };
  const value = measure(cell, BYTES);
  assert(value > 0.85 * windowBound(cell), `${Math.round(value)} of ${windowBound(cell)} bytes/s`);
});

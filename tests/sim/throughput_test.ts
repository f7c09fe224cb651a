/**
 * Throughput at a buffer of 32 KiB and 100 ms: at least what smoltcp has published, CUBIC at 1%
 * loss excepted, which RFC 9438 keeps below it (throughput.ts says why, and prints the table).
 *
 * @module
 */
import { assert } from "@std/assert";
import { measure, REFERENCE, windowBound } from "./throughput.ts";

const BUFFER = 32768;
const BYTES = 10 << 20;

/** The least that there must be, bytes a second, seed by seed; left out: smoltcp's figure. */
interface Floor {
  readonly congestion: string;
  readonly loss: number;
  readonly seeds: number;
  readonly floor?: number;
}

const FLOORS: readonly Floor[] = [
  { congestion: "cubic", loss: 0, seeds: 1 },
  { congestion: "cubic", loss: 0.001, seeds: 1, floor: 300_000 },
  { congestion: "cubic", loss: 0.01, seeds: 3, floor: 155_000 },
  { congestion: "cubic", loss: 0.05, seeds: 3 },
  { congestion: "cubic", loss: 0.3, seeds: 3 },
  { congestion: "bbr", loss: 0, seeds: 1 },
  { congestion: "bbr", loss: 0.01, seeds: 3 },
  { congestion: "bbr", loss: 0.05, seeds: 3 },
  { congestion: "bbr", loss: 0.3, seeds: 3 },
];

for (const { congestion, loss, seeds, floor = REFERENCE[`${BUFFER} ${loss}`] } of FLOORS) {
  const path = `32 KiB buffer, 100 ms, ${loss * 100}% loss`;
  Deno.test(`throughput: ${congestion}, ${path}: at least ${floor} bytes/s`, () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const value = measure({ buffer: BUFFER, loss, rttMs: 100, congestion }, BYTES, seed);
      assert(value >= floor, `seed ${seed}: ${Math.round(value)} bytes/s`);
    }
  });
}

Deno.test("throughput: without loss the window is filled", () => {
  const cell = { buffer: 262144, loss: 0, rttMs: 20 };
  const value = measure(cell, BYTES);
  assert(value > 0.85 * windowBound(cell), `${Math.round(value)} of ${windowBound(cell)} bytes/s`);
});

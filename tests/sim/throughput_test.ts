/**
 * Throughput at a buffer of 32 KiB and 100 ms. Without loss it must reach smoltcp's published
 * figure; with loss the floors are what NewReno or CUBIC alone give. The whole table, with bounds:
 * throughput.ts.
 *
 * @module
 */
import { assert } from "@std/assert";
import { measure, windowBound } from "./throughput.ts";

/** [loss, bytes of the transfer, bytes a second]. */
const FLOORS: readonly (readonly [number, number, number])[] = [
  [0, 10 << 20, 322_945],
  [0.001, 10 << 20, 300_000],
  [0.01, 10 << 20, 140_000],
  [0.05, 10 << 20, 50_000],
  // Timeouts rule here: it must arrive at all.
  [0.3, 1 << 17, 1],
];

for (const [loss, bytes, floor] of FLOORS) {
  const name = `32 KiB buffer, 100 ms, ${loss * 100}% loss: at least ${floor} bytes/s`;
  Deno.test(`throughput: ${name}`, () => {
    const value = measure({ buffer: 32768, loss, rttMs: 100 }, bytes);
    assert(value >= floor, `${Math.round(value)} bytes/s`);
  });
}

Deno.test("throughput: without loss the window is filled", () => {
  const cell = { buffer: 262144, loss: 0, rttMs: 20 };
  const value = measure(cell, 10 << 20);
  assert(value > 0.85 * windowBound(cell), `${Math.round(value)} of ${windowBound(cell)} bytes/s`);
});

/**
 * Throughput at a buffer of 32 KiB and 100 ms. Without loss it must reach smoltcp's published
 * figure. With loss CUBIC cannot reach a sender without congestion control (the response function
 * of RFC 9438 forbids it), BBR can: the floors of CUBIC are its own. The table, with bounds:
 * throughput.ts.
 *
 * @module
 */
import { assert } from "@std/assert";
import { measure, windowBound } from "./throughput.ts";

/** [algorithm, loss, bytes of the transfer, bytes a second]. */
const FLOORS: readonly (readonly [string, number, number, number])[] = [
  ["cubic", 0, 10 << 20, 322_945],
  ["cubic", 0.001, 10 << 20, 300_000],
  ["cubic", 0.01, 10 << 20, 150_000],
  ["cubic", 0.05, 10 << 20, 60_000],
  // Timeouts rule here: it must arrive at all.
  ["cubic", 0.3, 1 << 17, 1],
  ["bbr", 0.01, 10 << 20, 219_671],
  ["bbr", 0.05, 10 << 20, 76_626],
  ["bbr", 0.3, 1 << 17, 1_156],
];

for (const [congestion, loss, bytes, floor] of FLOORS) {
  const path = `32 KiB buffer, 100 ms, ${loss * 100}% loss`;
  Deno.test(`throughput: ${congestion}, ${path}: at least ${floor} bytes/s`, () => {
    const value = measure({ buffer: 32768, loss, rttMs: 100, congestion }, bytes);
    assert(value >= floor, `${Math.round(value)} bytes/s`);
  });
}

Deno.test("throughput: without loss the window is filled", () => {
  const cell = { buffer: 262144, loss: 0, rttMs: 20 };
  const value = measure(cell, 10 << 20);
  assert(value > 0.85 * windowBound(cell), `${Math.round(value)} of ${windowBound(cell)} bytes/s`);
});

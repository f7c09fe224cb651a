/**
 * Throughput against smoltcp's published table, at the same buffer and round-trip time. The whole table:
 * throughput.ts.
 *
 * @module
 */
import { assert } from "@std/assert";
import { measure, REFERENCE, windowBound } from "./throughput.ts";

for (const [key, reference] of Object.entries(REFERENCE)) {
  const [buffer, loss] = key.split(" ").map(Number);
  Deno.test(`throughput: buffer ${buffer}, ${loss * 100}% loss, 100 ms: at least ${reference}`, () => {
    const bytes = loss < 0.3 ? 10 << 20 : 1 << 18;
    const value = measure({ buffer, loss, rttMs: 100 }, bytes);
    assert(value >= reference, `${Math.round(value)} bytes/s`);
  });
}

Deno.test("throughput: without loss the window is filled", () => {
  const cell = { buffer: 262144, loss: 0, rttMs: 20 };
  const value = measure(cell, 10 << 20);
  assert(value > 0.85 * windowBound(cell), `${Math.round(value)} of ${windowBound(cell)} bytes/s`);
});

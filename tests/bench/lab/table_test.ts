import { assertEquals } from "@std/assert";
import type { Measure } from "../../../bench/lab/measures.ts";
import { figure, median, medianRatio, type Sample, table } from "../../../bench/lab/table.ts";

function measure(name: string, unit: Measure["unit"], bar: number | null): Measure {
  return { name, unit, bar, run: () => Promise.resolve(0) };
}

/** Samples of one path, a round each; null: that round failed. */
function rounds(
  name: string,
  path: Sample["path"],
  values: readonly (number | null)[],
): Sample[] {
  return values.map((value, round) => ({ round, measure: name, path, value }));
}

Deno.test("median: odd, even, one, none; numbers are not compared as text", () => {
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([7]), 7);
  assertEquals(median([]), NaN);
  const given = [3, 1, 2];
  median(given);
  assertEquals(given, [3, 1, 2]);
});

Deno.test("the ratio is the median of each round's own ratio, not the ratio of medians", () => {
  const samples = [
    ...rounds("m", "native", [10, 20, 40]),
    ...rounds("m", "raw", [9, 10, 10]),
    ...rounds("other", "raw", [1000, 1000, 1000]),
  ];
  assertEquals(medianRatio(samples, "m", "raw"), 0.5); // of 0.9, 0.5, 0.25
  assertEquals(medianRatio(samples, "m", "tap"), NaN);
});

Deno.test("a round without its native figure, or without ours, gives no ratio", () => {
  const samples = [
    ...rounds("m", "native", [null, 20, 40]),
    ...rounds("m", "raw", [9, null, 10]),
  ];
  assertEquals(medianRatio(samples, "m", "raw"), 0.25);
});

Deno.test("figures for people", () => {
  assertEquals(figure(34.56, "Gbit/s"), "34.6");
  assertEquals(figure(237_456, "1/s"), "237.5 k");
  assertEquals(figure(999, "1/s"), "999");
  assertEquals(figure(14.4, "µs"), "14");
  assertEquals(figure(NaN, "Gbit/s"), "failed");
});

Deno.test("a row a measure and path, in columns, with the verdict on the bar", () => {
  const measures = [measure("TCP out", "Gbit/s", 0.5), measure("ping", "µs", 100)];
  const samples = [
    ...rounds("TCP out", "native", [30, 32, 31]),
    ...rounds("TCP out", "raw", [15, 24.8, 31]),
    ...rounds("TCP out", "tap", [3, 3.2, 3.1]),
    ...rounds("ping", "native", [10]),
    ...rounds("ping", "raw", [100]),
    ...rounds("ping", "tap", [101]),
  ];
  assertEquals(table(samples, measures, ["raw", "tap"]).split("\n"), [
    "         unit    native  path  nuse  ratio  bar",
    "TCP out  Gbit/s  31.0    RAW   24.8  0.78   ≥ 0.5 met",
    "TCP out  Gbit/s  31.0    TAP   3.1   0.10   ≥ 0.5 MISSED",
    "ping     µs      10      RAW   100   10.00  ≤ 100 µs met",
    "ping     µs      10      TAP   101   10.10  ≤ 100 µs MISSED",
  ]);
});

Deno.test("what failed every time says so and misses its bar", () => {
  const samples = [...rounds("m", "native", [5]), ...rounds("m", "raw", [null])];
  const [, row] = table(samples, [measure("m", "Gbit/s", 0.5)], ["raw"]).split("\n");
  assertEquals(row, "m  Gbit/s  5.0     RAW   failed  -      ≥ 0.5 MISSED");
});

Deno.test("without any bar there is no such column", () => {
  const samples = [...rounds("m", "native", [4]), ...rounds("m", "raw", [2])];
  assertEquals(table(samples, [measure("m", "Gbit/s", null)], ["raw"]).split("\n"), [
    "   unit    native  path  nuse  ratio",
    "m  Gbit/s  4.0     RAW   2.0   0.50",
  ]);
});

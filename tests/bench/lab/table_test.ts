import { assertEquals } from "@std/assert";
import type { Measure } from "../../../bench/lab/measure.ts";
import { figure, medianRatio, type Sample, table } from "../../../bench/lab/table.ts";

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
  assertEquals([figure(4.25, "ms"), figure(62.3, "ms"), figure(0.456, "of later")], [
    "4.3",
    "62",
    "0.46",
  ]);
  assertEquals(figure(NaN, "Gbit/s"), "failed");
});

Deno.test("a row a measure and path; the best path is held against the bar", () => {
  const measures = [
    { ...measure("TCP out", "Gbit/s", 0.5), goal: 1.5 },
    measure("ping", "µs", 99),
    measure("not measured", "1/s", 1),
  ];
  const samples = [
    ...rounds("TCP out", "native", [30, 32, 31]),
    ...rounds("TCP out", "raw", [15, 24.8, 31]),
    ...rounds("TCP out", "tap", [3, 3.2, 3.1]),
    ...rounds("ping", "native", [10]),
    ...rounds("ping", "raw", [101]),
    ...rounds("ping", "tap", [100]),
  ];
  assertEquals(table(samples, measures, ["raw", "tap"]).split("\n"), [
    "         unit    native  path  nuse  ratio  bar             goal",
    "TCP out  Gbit/s  31.0    RAW   24.8  0.78   ≥ 0.5 met       1.5",
    "TCP out  Gbit/s  31.0    TAP   3.1   0.10",
    "ping     µs      10      RAW   101   10.10",
    "ping     µs      10      TAP   100   10.00  ≤ 99 µs MISSED",
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

Deno.test("what is nuse's alone has no figure of the kernel's", () => {
  const memory = { ...measure("memory", "MB", 55), goal: 40, isNuseOnly: true };
  assertEquals(
    table(rounds("memory", "raw", [50]), [memory], ["raw"]).split("\n")[1],
    [
      "memory  MB    -       RAW   50    -      ≤ 55 MB met  40",
    ][0],
  );
});

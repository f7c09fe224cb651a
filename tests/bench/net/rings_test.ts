import { assertEquals, assertThrows } from "@std/assert";
import { cpuSeconds, table } from "../../../bench/net/rings.ts";

Deno.test("bench:rings: bash's times come last, whatever nuse has written before", () => {
  assertEquals(cpuSeconds("nuse: compiling, 1.5 2.5 s\n0.250 1.125\n"), 1.375);
  assertThrows(() => cpuSeconds("killed\n"));
});

Deno.test("bench:rings: medians, and the median of the ratios of each round", () => {
  const sample = (round: number, setting: string, gbitPerSecond: number, cpu: number) => ({
    round,
    row: "tap in, 1",
    setting,
    gbitPerSecond,
    cpuSeconds: cpu,
    gib: 2,
  });
  const lines = table([
    sample(0, "0", 10, 4),
    sample(0, "1", 20, 3),
    sample(1, "0", 5, 8),
    sample(1, "1", 5, 4),
    sample(2, "0", 8, 4),
    sample(2, "1", 12, 4),
  ], ["0", "1"]);
  assertEquals(lines, [
    "tap in, 1          NUSE_RINGS=0        8.00 Gbit/s (1.00)  2.00 CPU s/GiB (1.00)",
    "tap in, 1          NUSE_RINGS=1       12.00 Gbit/s (1.50)  2.00 CPU s/GiB (0.75)",
  ]);
});

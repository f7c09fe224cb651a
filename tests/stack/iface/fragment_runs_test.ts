import { assertEquals } from "@std/assert";
import {
  addRun,
  RUN_ADDED,
  RUN_OVERLAPS,
  RUN_REPEATED,
} from "../../../stack/iface/fragment_runs.ts";

Deno.test("runs: in any order they merge, also with both neighbours", () => {
  const runs: number[] = [];
  for (const [start, end] of [[16, 24], [0, 8], [32, 40], [8, 16], [24, 32]]) {
    assertEquals(addRun(runs, start, end), RUN_ADDED);
  }
  assertEquals(runs, [0, 40]);
});

Deno.test("runs: what is there already is told from what overlaps", () => {
  const runs = [0, 16, 32, 48];
  assertEquals([addRun(runs, 0, 16), addRun(runs, 40, 48)], [RUN_REPEATED, RUN_REPEATED]);
  const overlaps = [[8, 24], [24, 40], [16, 40], [40, 56]];
  for (const [start, end] of overlaps) assertEquals(addRun(runs, start, end), RUN_OVERLAPS);
  assertEquals(runs, [0, 16, 32, 48]);
});

Deno.test("runs: a bounded number of them", () => {
  const runs: number[] = [];
  for (let i = 0; i < 128; i++) assertEquals(addRun(runs, i * 16, i * 16 + 8), RUN_ADDED);
  assertEquals(addRun(runs, 4096, 4104), RUN_OVERLAPS);
});

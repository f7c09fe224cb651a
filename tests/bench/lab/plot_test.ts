import { assert, assertEquals } from "@std/assert";
import type { Measure } from "../../../bench/lab/measure.ts";
import { plot } from "../../../bench/lab/plot.ts";
import type { Sample } from "../../../bench/lab/table.ts";

function measure(name: string, unit: Measure["unit"], bar: number, goal: number): Measure {
  return { name, unit, bar, goal, run: () => Promise.resolve(0) };
}

function sample(measure: string, path: Sample["path"], value: number): Sample {
  return { round: 0, measure, path, value };
}

const MEASURES = [
  measure("TCP <out>", "Gbit/s", 0.5, 2),
  measure("pinged", "µs", 20, 10),
  measure("memory", "MB", 55, 40),
];

/** Where the marks of a colour are, from left to right, as ratios on the scale. */
function ratios(svg: string, colour: string): number[] {
  const marks = [...svg.matchAll(/<circle cx="([\d.]+)" cy="(\d+)" r="4.5" [^>]*?stroke="(\S+?)"/g)]
    .filter(([, , y, stroke]) => stroke === colour && Number(y) > 60);
  const one = Number(svg.match(/<line x1="([\d.]+)"[^>]*stroke="#1f2328"\/>/)![1]);
  const two = Number(svg.match(/<text x="([\d.]+)" y="\d+" text-anchor="middle">2<\/text>/)![1]);
  return marks.map(([, x]) => 2 ** ((Number(x) - one) / (two - one)));
}

const near = (got: number[], wanted: number[]) =>
  assertEquals(got.map((n) => n.toFixed(2)), wanted.map((n) => n.toFixed(2)));

Deno.test("a mark a path, at its ratio; a limit from above is turned round", () => {
  const samples = [
    sample("TCP <out>", "native", 40),
    sample("TCP <out>", "raw", 20),
    sample("TCP <out>", "gvisor", 16),
    sample("pinged", "native", 5),
    sample("pinged", "raw", 20),
    sample("memory", "native", 60),
    sample("memory", "raw", 70),
  ];
  const svg = plot(samples, MEASURES, "a run");
  near(ratios(svg, "#0969da"), [0.5, 0.25]);
  near(ratios(svg, "#57606a"), [0.4]);
  assert(svg.includes("TCP &lt;out&gt;") && svg.includes("a run"));
  assert(!svg.includes("memory"), "its bar is no ratio");
  assert(!svg.includes("lwIP"), "it was not measured");
});

Deno.test("what is beyond the scale lies at its end", () => {
  const samples = [sample("TCP <out>", "native", 1), sample("TCP <out>", "tap", 100)];
  near(ratios(plot(samples, MEASURES, ""), "#bc4c00"), [5]);
});

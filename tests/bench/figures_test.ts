/**
 * The figures that the documents quote are those of the runs that they name.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Path } from "../../bench/lab/lab.ts";
import { median } from "../../bench/lab/median.ts";
import { plot } from "../../bench/lab/plot.ts";
import { MEASURES } from "../../bench/lab/rows.ts";
import { figure, medianRatio, type Sample, table } from "../../bench/lab/table.ts";
import { read } from "../tidy/tree.ts";

const PAPER = read("bench/README.md");
const NET = PAPER.match(/bench\/results\/net-\S+?\.json/)![0];
const { samples }: { samples: Sample[] } = JSON.parse(read(NET));

/** What the document quotes as an indented block. */
function quoted(start: string): string {
  const block = PAPER.slice(PAPER.indexOf(start)).split("\n\n")[0];
  return block.split("\n").map((line) => line.slice(4)).join("\n");
}

Deno.test("the table of bench:net is that of the run it names", () => {
  const made = table(samples, MEASURES, ["raw", "tap"]);
  assertEquals(quoted(`    ${made.split("\n")[0]}`), made);
});

/** A cell of the README: "18.7 k" or, with thousands in the row's name, "370.5". */
function cell(measure: string, path: Path): string {
  const { unit } = MEASURES.find(({ name }) => name === measure)!;
  const values = samples.filter((s) => s.measure === measure && s.path === path)
    .map(({ value }) => value!);
  return figure(median(values), unit);
}

Deno.test("the README's short table is the same run's", () => {
  const rows = [...read("README.md").matchAll(/^\| (.+?), (\S+) +\| (.+) \|$/gm)]
    .map(([, name, unit, cells]) => ({ name, unit, cells: cells.split("|").map((c) => c.trim()) }))
    .filter(({ unit }) => ["Gbit/s", "thousands/s", "1/s", "µs"].includes(unit));
  assert(rows.length >= 6, `${rows.length} rows`);
  for (const { name, unit, cells } of rows) {
    const measure = name.startsWith("request") ? `TCP ${name}` : name;
    const suffix = unit === "thousands/s" ? " k" : "";
    assertEquals(cells.slice(0, 3).map((c) => c + suffix), [
      cell(measure, "native"),
      cell(measure, "raw"),
      cell(measure, "tap"),
    ], name);
    assertEquals(
      Number(cells[3]).toPrecision(2),
      medianRatio(samples, measure, "tap").toPrecision(2),
    );
  }
});

Deno.test("the picture of the ratios is of the run that it names, and the README shows it", () => {
  const svg = read("docs/ratios.svg");
  const name = svg.match(/net-\S+?\.json/)![0];
  const run: { kernel: string; samples: Sample[] } = JSON.parse(read(`bench/results/${name}`));
  assertEquals(svg, plot(run.samples, MEASURES, `${name}, Linux ${run.kernel}`));
  assert(read("README.md").includes("(docs/ratios.svg)"));
});

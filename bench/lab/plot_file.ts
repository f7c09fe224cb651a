/**
 * A run of the net bench as a picture.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { plot } from "./plot.ts";
import { MEASURES } from "./rows.ts";
import type { Sample } from "./table.ts";

const path = (relative: string) => fromFileUrl(new URL(`../../${relative}`, import.meta.url));
const RESULTS = path("bench/results");

/** The last run that was saved. Throws when there is none. */
function lastRun(): string {
  const names = [...Deno.readDirSync(RESULTS)].map(({ name }) => name)
    .filter((name) => /^net-.*\.json$/.test(name)).sort();
  if (names.length === 0) throw new Error(`${RESULTS} has no run: deno task bench:net makes one`);
  return `${RESULTS}/${names.at(-1)}`;
}

/** Draws the run of `json` into `svg`; returns where. */
export async function plotFile(
  json: string = lastRun(),
  svg: string = path("docs/ratios.svg"),
): Promise<string> {
  const report: { stamp: string; kernel: string; samples: Sample[] } = JSON.parse(
    await Deno.readTextFile(json),
  );
  const about = `${json.slice(json.lastIndexOf("/") + 1)}, Linux ${report.kernel}`;
  await Deno.writeTextFile(svg, plot(report.samples, MEASURES, about));
  return svg;
}

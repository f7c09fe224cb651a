/**
 * `deno task bench:net [--rounds N] [--secs S] [--only text] [--paths raw,tap] [--json FILE]`
 *
 * Native next to nuse, interleaved: every round runs every measure on every path before the next round
 * begins, so that what else the machine does hits all alike. Prints medians and the median of the ratios
 * of each round, and writes every sample as JSON. Exits with 1 when a bar is missed or a run failed.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { canMakeNetns } from "../../tests/support/netns.ts";
import { Lab, type Path } from "./lab.ts";
import { MEASURES } from "./measures.ts";
import { type Sample, table } from "./table.ts";

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["rounds", "secs", "only", "paths", "json"],
    default: { rounds: "5", secs: "3", paths: "raw,tap" },
  });
  if (!canMakeNetns) {
    console.error("bench:net: needs root and iproute2 (it makes network namespaces)");
    return 2;
  }
  const only: string[] | undefined = args.only?.split(",");
  const measures = MEASURES.filter((m) => !only || only.some((o) => m.name.includes(o)));
  const paths = args.paths!.split(",") as Path[];
  const samples: Sample[] = [];
  {
    await using lab = await Lab.create();
    for (let round = 0; round < Number(args.rounds); round++) {
      for (const measure of measures) {
        for (const path of ["native", ...paths] as Path[]) {
          const sample: Sample = { round, measure: measure.name, path, value: null };
          try {
            sample.value = await measure.run(lab, path, Number(args.secs));
          } catch (error) {
            sample.error = String(error).slice(0, 500);
            console.error(`round ${round}, ${measure.name}, ${path}: ${sample.error}`);
          }
          samples.push(sample);
        }
      }
      console.error(`round ${round + 1} of ${args.rounds} done`);
    }
  }
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  const file = args.json ?? new URL(`../results/net-${stamp}.json`, import.meta.url);
  const kernel = Deno.osRelease();
  const report = { stamp, kernel, deno: Deno.version.deno, secs: Number(args.secs), samples };
  await Deno.writeTextFile(file, JSON.stringify(report, null, 1) + "\n");
  const text = table(samples, measures, paths);
  console.log(text);
  return text.includes("MISSED") || text.includes("failed") ? 1 : 0;
}

Deno.exit(await main());

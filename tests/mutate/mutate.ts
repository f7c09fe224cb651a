/**
 * `deno task mutate [words…]`: puts known faults into a copy of the code, one at a time, and prints
 * those that the tests do not notice. Exit status 0: they noticed all.
 *
 *     deno task mutate                     all of known/*.mutants
 *     deno task mutate timer               those with the word in their title or file
 *     deno task mutate --list FILE         another list
 *     deno task mutate --limit 60          seconds for the tests of one mutant (default 120)
 *     deno task mutate --json FILE         the verdicts, to be kept
 *
 * A fault that was found in the code gets its line in a list in known/, with the test that holds it
 * from then on.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { knownMutants } from "./known.ts";
import { type Mutant, parseMutants } from "./mutant.ts";
import { type Outcome, Runner } from "./runner.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url)).replace(/\/$/, "");
const FLAGS = { string: ["list", "limit", "json"], default: { limit: "120" } } as const;

interface Result extends Outcome {
  readonly title: string;
  readonly file: string;
}

async function runAll(mutants: readonly Mutant[], limitSec: number): Promise<Result[]> {
  await using runner = await Runner.create({ root: ROOT, limitSec });
  const results: Result[] = [];
  for (const [i, mutant] of mutants.entries()) {
    const outcome = await runner.run(mutant);
    const { title, file } = mutant;
    results.push({ title, file, ...outcome });
    console.log(`${i + 1}/${mutants.length} ${outcome.verdict.padEnd(14)} ${file}: ${title}`);
  }
  const unproven = await runner.unproven(results.flatMap(({ by }) => by === null ? [] : [by]));
  return results.map((result) =>
    result.by !== null && unproven.has(result.by) ? { ...result, verdict: "no proof" } : result
  );
}

async function main(): Promise<number> {
  const { _: words, list, limit, json } = parseArgs(Deno.args, FLAGS);
  const all = list === undefined ? knownMutants() : parseMutants(await Deno.readTextFile(list));
  const isMeant = ({ title, file }: Mutant) =>
    words.every((word) => `${title} ${file}`.includes(String(word)));
  const results = await runAll(all.filter(isMeant), Number(limit));
  const isKilled = ({ verdict }: Result) => verdict.startsWith("killed");
  const survivors = results.filter((result) => !isKilled(result));
  const killed = results.length - survivors.length;
  const percent = (100 * killed / Math.max(1, results.length)).toFixed(1);
  for (const { verdict, file, title } of survivors) console.log(`${verdict}: ${file}: ${title}`);
  console.log(`${killed} of ${results.length} killed, ${percent}%`);
  if (json !== undefined) {
    const report = { date: new Date().toISOString(), mutants: results.length, killed, results };
    await Deno.writeTextFile(json, JSON.stringify(report, null, 1) + "\n");
  }
  return results.length > 0 && survivors.length === 0 ? 0 : 1;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main());

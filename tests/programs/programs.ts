/**
 * `deno task programs [NAME…]`: installs real programs, runs them under nuse as clients and as
 * servers (case.ts, exchange.ts), and writes docs/programs.md. Root.
 *
 * With names only those are run, and the results of the others are kept, so that what was
 * interrupted can be gone on with: `--missing` runs those without a result, `--failed` those that
 * did not work. `--jobs N` runs N at a time. `--control` runs them on the kernel's stack alone, to
 * see that the case itself is right, and writes nothing. `--show` prints what both sides print.
 *
 * Exit status: 0, 1 when something fails that is not known to, 2 when nothing can be run.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { CASES } from "./cases/mod.ts";
import type { Case, Exchange } from "./case.ts";
import { type NuseSide, type Outcome, runExchange } from "./exchange.ts";
import { type Answer, PAGE, pageText, readResults, type Result, RESULTS, WORKS } from "./report.ts";
import { resultsText } from "./report.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";
import { resolveProgram } from "../../cli/program.ts";
import { candidateOf, installPackages, versionOf } from "../lab/packages.ts";
import { lackOfRights, setUp } from "../lab/setup.ts";

const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const WHY_LENGTH_MAX = 120;

interface Options {
  readonly isControl: boolean;
  readonly isShown: boolean;
}

/** What the last line says, which is where programs say what is wrong. */
export function whyNot({ asked, served }: Pick<Outcome, "asked" | "served">): string {
  const lastLine = (text: string) => text.trim().split("\n").at(-1)?.trim() ?? "";
  const why = [lastLine(asked), lastLine(served)].filter((line) => line !== "").join(" / ");
  return why === "" ? "nothing was seen" : why.slice(0, WHY_LENGTH_MAX);
}

function show(name: string, { asked, served, askings }: Outcome): void {
  console.log(`--- ${name}, asked ${askings} times:\n${asked}\n--- the server:\n${served}\n---`);
}

/** Tries it under nuse; what fails is tried on the kernel, which tells whose fault it is. */
async function answerOf(name: string, exchange: Exchange, side: NuseSide, options: Options) {
  const attempt = async (as: NuseSide) => {
    const outcome = await runExchange(exchange, as);
    if (options.isShown || !outcome.isOk) show(`${name} as ${side}, nuse: ${as}`, outcome);
    return outcome;
  };
  if (options.isControl) {
    const outcome = await attempt("none");
    return outcome.isOk ? WORKS : whyNot(outcome);
  }
  const first = await attempt(side);
  if (first.isOk) {
    if (exchange.lacks !== undefined) console.log(`${name}: works, but: ${exchange.lacks}`);
    return WORKS;
  }
  if (exchange.lacks !== undefined) return exchange.lacks;
  if (!(await attempt("none")).isOk) return `not on the kernel either: ${whyNot(first)}`;
  const second = await attempt(side);
  if (second.isOk) console.log(`${name} as ${side}: not at the first try`);
  return second.isOk ? WORKS : whyNot(second);
}

/** Which door `nuse --check` says. */
function doorOf(program: string): Result["door"] {
  const sources = { path: PATH, uid: 0, gid: 0, hasDoor: true, hasCapabilities: () => false };
  return resolveProgram([program], sources).obstacle === null ? "shim" : "second";
}

async function runCase(one: Case, absent: Map<string, string>, options: Options): Promise<Result> {
  const packages = one.packages.split(" ");
  const lacking = packages.filter((name) => absent.has(name));
  const roles = { client: one.client, server: one.server };
  const answer = async (side: "client" | "server"): Promise<Answer> => {
    const exchange = roles[side];
    if (exchange === undefined) return null;
    if (lacking.length > 0) return `cannot be installed: ${absent.get(lacking[0])}`;
    return await answerOf(one.name, exchange, side, options);
  };
  const [client, server] = [await answer("client"), await answer("server")];
  return {
    name: one.name,
    version: await versionOf(packages[0]) ?? await candidateOf(packages[0]),
    door: lacking.length > 0 ? "" : doorOf(one.program),
    client,
    server,
  };
}

async function storedResults(): Promise<Result[]> {
  const results = readResults(await Deno.readTextFile(RESULTS).catch(() => ""));
  return results.filter(({ name }) => CASES.some((one) => one.name === name));
}

async function store(results: readonly Result[]): Promise<void> {
  await Deno.writeTextFile(RESULTS, resultsText(results));
  await Deno.writeTextFile(PAGE, pageText(results));
}

function isKnown(one: Case, { client, server }: Result): boolean {
  const isExpected = (answer: Answer, exchange?: Exchange) =>
    answer === null || answer === WORKS || answer === exchange?.lacks;
  return isExpected(client, one.client) && isExpected(server, one.server);
}

/** Names of cases that fail without being known to. */
async function runAll(cases: readonly Case[], jobs: number, options: Options): Promise<string[]> {
  const absent = await installPackages(
    cases.flatMap(({ packages, isUnpacked }) => isUnpacked ? [] : packages.split(" ")),
  );
  let results = await storedResults();
  const [queue, failed] = [[...cases], [] as string[]];
  const work = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const result = await runCase(one, absent, options);
      if (!isKnown(one, result)) failed.push(one.name);
      const line = [result.client, result.server].map((answer) => answer ?? "-").join(" | ");
      console.log(`${cases.length - queue.length}/${cases.length} ${one.name}: ${line}`);
      if (options.isControl) continue;
      results = [...results.filter(({ name }) => name !== result.name), result];
      await store(results);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return failed;
}

/** By its whole name, or its first word. */
export function isNamed(one: Pick<Case, "name">, name: string): boolean {
  return one.name === name || one.name.split(/[ ,]/)[0] === name;
}

async function chosen(names: readonly string[], isMissing: boolean, isFailed: boolean) {
  const stored = await storedResults();
  const resultOf = ({ name }: Case) => stored.find((result) => result.name === name);
  return CASES.filter((one) => {
    if (isMissing) return resultOf(one) === undefined;
    const result = resultOf(one);
    if (isFailed) return result !== undefined && !isKnown(one, result);
    return names.length === 0 || names.some((name) => isNamed(one, name));
  });
}

async function main(args: string[]): Promise<number> {
  const flags = parseArgs(args, {
    boolean: ["control", "show", "missing", "failed"],
    string: ["_", "jobs"],
    default: { jobs: "1" },
  });
  const names = flags._.map(String);
  const unknown = names.filter((name) => !CASES.some((one) => isNamed(one, name)));
  const why = lackOfRights() ?? (unknown.length > 0 ? `no case ${unknown.join(", ")}` : null);
  if (why !== null) {
    console.error(`programs: ${why}`);
    return 2;
  }
  await setUp(["ip", "ss", "sysctl", "python3", "curl", "nc", "openssl"]);
  const cases = await chosen(names, flags.missing, flags.failed);
  const options = { isControl: flags.control, isShown: flags.show };
  const failed = await runAll(cases, Number(flags.jobs), options);
  console.log(failed.length === 0 ? "all as expected" : `failed: ${failed.join(" ")}`);
  return failed.length === 0 ? 0 : 1;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main(Deno.args));

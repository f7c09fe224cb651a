/**
 * `deno task test [path...]`: everything, in a sensible order, with what it needs installed first.
 * `deno task test:netmap [vale] [NAME...]`: the end-to-end tests over netmap, on a machine that has
 * the module; over a port of a switch; some of them.
 *
 * Says what was left out and why. The last line is `N passed, N failed`, with `, N skipped` when
 * something was left out. Exit status: 0, 1 when something failed, 2 when nothing can run.
 *
 * @module
 */
import { lackOfRights, setUp } from "./lab/setup.ts";
import { helpIfAsked } from "../cli/build/task_help.ts";

const ROOT = `${import.meta.dirname}/..`;
/** Minutes until a group is given up. */
const UNIT_LIMIT_MIN = 20;
const E2E_LIMIT_MIN = 25;
/** What a group that is given up has to end by itself. */
const GRACE_MS = 5000;

export interface Summary {
  passed: number;
  failed: number;
}

/** What a group of tests came to. */
export interface Result extends Summary {
  /** Names of tests that did not run. */
  ignored: string[];
}

/** The numbers of `deno test`'s last line; null when it printed none (it crashed). */
export function parseSummary(output: string): Summary | null {
  // deno-lint-ignore no-control-regex -- colours
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const lines = [...plain.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed.*$/gm)];
  const last = lines.at(-1);
  return last === undefined ? null : { passed: Number(last[1]), failed: Number(last[2]) };
}

/** Names of the tests that were left out, from `deno test`'s output. */
export function parseIgnored(output: string): string[] {
  // deno-lint-ignore no-control-regex -- colours
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  return [...plain.matchAll(/^(.+) \.\.\. ignored \(/gm)].map(([, name]) => name);
}

/** Copies a stream through to ours and returns its text. */
async function tee(from: ReadableStream<Uint8Array>, to: typeof Deno.stdout): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of from) {
    for (let n = 0; n < chunk.length;) n += await to.write(chunk.subarray(n));
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** One `deno test`; a run that crashed or hung counts as one failure. */
async function runGroup(name: string, args: string[], limitMin: number): Promise<Result> {
  console.log(`\n== ${name}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--quiet", ...args],
    cwd: ROOT,
    env: Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let isLate = false;
  const timers = [
    setTimeout(() => {
      isLate = true;
      child.kill("SIGTERM");
    }, limitMin * 60_000),
    setTimeout(() => child.kill("SIGKILL"), limitMin * 60_000 + GRACE_MS),
  ];
  const [text, status] = await Promise.all([tee(child.stdout, Deno.stdout), child.status]);
  for (const timer of timers) clearTimeout(timer);
  const summary = parseSummary(text) ?? { passed: 0, failed: 0 };
  if (isLate) console.log(`${name}: stopped after ${limitMin} minutes`);
  if (!status.success && summary.failed === 0) summary.failed = 1;
  return { ...summary, ignored: parseIgnored(text) };
}

/** The last line. */
export function closingLine(groups: readonly Result[]): string {
  const sum = (pick: (result: Result) => number) =>
    groups.reduce((n, result) => n + pick(result), 0);
  const skipped = sum((result) => result.ignored.length);
  const counts = `${sum((r) => r.passed)} passed, ${sum((r) => r.failed)} failed`;
  return skipped === 0 ? counts : `${counts}, ${skipped} skipped`;
}

/** Those with tests that run over NETMAP. */
const NETMAP_TESTS = [
  "address",
  "bad_link",
  "confine",
  "ends",
  "iperf",
  "lifecycle",
  "netmap",
  "ping",
  "route",
  "stream",
];

/** The tests' paths; null: there is no netmap. `args`: `vale`, names of NETMAP_TESTS. */
function netmapTests(args: readonly string[]): string[] | null {
  try {
    Deno.statSync("/dev/netmap");
  } catch {
    return null;
  }
  Deno.env.set("TEST_VIF", "NETMAP"); // for tests/e2e/fixture.ts
  const isOnSwitch = args.includes("vale");
  if (isOnSwitch) Deno.env.set("TEST_PORT", "vale");
  const named = NETMAP_TESTS.filter((name) => args.includes(name));
  // Those of netmap_test.ts have va themselves
  const all = NETMAP_TESTS.filter((name) => !isOnSwitch || name !== "netmap");
  return (named.length > 0 ? named : all).map((name) => `tests/e2e/${name}_test.ts`);
}

async function main(args: string[]): Promise<number> {
  const paths = args[0] === "--netmap" ? netmapTests(args.slice(1)) : args;
  if (paths === null) {
    console.error("the tests cannot run: no /dev/netmap (modprobe netmap; see docs/netmap.md)");
    return 2;
  }
  let missing: string[];
  try {
    missing = await setUp();
  } catch (error) {
    console.error(`the tests cannot run: ${(error as Error).message}`);
    return 2;
  }
  const groups: Result[] = [];
  if (paths.length > 0) {
    groups.push(await runGroup(paths.join(" "), paths, E2E_LIMIT_MIN));
  } else {
    groups.push(await runGroup("unit", ["--ignore=tests/e2e", "tests"], UNIT_LIMIT_MIN));
    groups.push(await runGroup("end to end", ["tests/e2e"], E2E_LIMIT_MIN));
  }
  const why = lackOfRights();
  const ignored = groups.flatMap((group) => group.ignored);
  if (ignored.length === 0) console.log("\nnothing was left out");
  else console.log(`\nleft out${why === null ? "" : ` (${why})`}:\n  ${ignored.join("\n  ")}`);
  if (missing.length > 0) console.log(`not installed: ${missing.join(", ")}`);
  console.log(closingLine(groups));
  return groups.some((group) => group.failed > 0) ? 1 : 0;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main(Deno.args));

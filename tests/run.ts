/**
 * `deno task test [path...]`: everything, in a sensible order, with what it needs installed first.
 * `deno task test:netmap [vale] [NAME...]`: the end-to-end tests over netmap, on a machine that has
 * the module; over a port of a switch; some of them.
 *
 * Files run side by side in processes of their own, the longest first; TEST_JOBS says how many.
 * Options of `deno test` may be among the paths (`--filter TEXT`).
 *
 * Says what was left out and why. The last line is `N passed, N failed`, with `, N skipped` when
 * something was left out. Exit status: 0, 1 when something failed, 2 when nothing can run.
 *
 * @module
 */
import { withOpenCache } from "./lab/open_cache.ts";
import { lackOfRights, setUp } from "./lab/setup.ts";
import { helpIfAsked } from "../cli/build/task_help.ts";
import { isEndToEnd, type Job, plan, testsBelow } from "./run/plan.ts";
import { runJobs } from "./run/pool.ts";
import { closingLine, type Result } from "./run/summary.ts";

const ROOT = `${import.meta.dirname}/..`;
/** Minutes until a job is given up on an idle machine, were limits not multiplied (patience.ts). */
const LIMIT_MIN = 5;
/** Jobs that compute for each processor, and jobs that mostly wait. */
const COMPUTING = 1;
const WAITING = 2;

/** The name of the job that checks the types of all that is run. */
const TYPES = "types";

const encoder = new TextEncoder();

function show(text: string): void {
  const bytes = encoder.encode(text);
  for (let n = 0; n < bytes.length;) n += Deno.stdout.writeSync(bytes.subarray(n));
}

/** Runs jobs of a kind; `options` are for `deno test`. */
function runAll(jobs: readonly Job[], each: number, options: readonly string[]): Promise<Result[]> {
  const processors = navigator.hardwareConcurrency;
  return runJobs(jobs, {
    width: Number(Deno.env.get("TEST_JOBS")) || each * processors,
    argv: ({ files, name }) =>
      name === TYPES
        ? [Deno.execPath(), "check", "--quiet", ...files]
        : [Deno.execPath(), "test", "--allow-all", "--no-check", "--quiet", ...options, ...files],
    cwd: ROOT,
    limitMin: LIMIT_MIN,
    show,
  });
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

interface Wanted {
  readonly files: readonly string[];
  /** Nothing is left out. */
  readonly isAll: boolean;
  /** For `deno test`. */
  readonly options: readonly string[];
}

/** The files that are meant, all when none is named. Throws when one is not there. */
function split(words: readonly string[]): Wanted {
  const first = words.findIndex((word) => word.startsWith("-"));
  const paths = first < 0 ? words : words.slice(0, first);
  const files = paths.length === 0
    ? testsBelow("tests")
    : paths.flatMap((path) => testsBelow(path.replace(/^\.\//, "").replace(/\/$/, "")));
  return { files, isAll: paths.length === 0, options: first < 0 ? [] : words.slice(first) };
}

async function main(args: string[]): Promise<number> {
  const paths = args[0] === "--netmap" ? netmapTests(args.slice(1)) : args;
  if (paths === null) {
    console.error("the tests cannot run: no /dev/netmap (modprobe netmap; see docs/netmap.md)");
    return 2;
  }
  let missing: string[];
  let wanted: Wanted;
  try {
    wanted = split(paths);
    missing = await setUp();
  } catch (error) {
    console.error(`the tests cannot run: ${(error as Error).message}`);
    return 2;
  }
  const { files, isAll, options } = wanted;
  // There is one netmap on a machine.
  const waiting = args[0] === "--netmap" ? 1 / navigator.hardwareConcurrency : WAITING;
  const types = { name: TYPES, files: isAll ? [] : files };
  const jobs = plan(files);
  const results = [
    ...await runAll(
      [types, ...jobs.filter((job) => !isEndToEnd(job))],
      COMPUTING,
      options,
    ),
    ...await runAll(jobs.filter(isEndToEnd), waiting, options),
  ];
  const why = lackOfRights();
  const ignored = results.flatMap((result) => result.ignored);
  if (ignored.length === 0) console.log("\nnothing was left out");
  else console.log(`\nleft out${why === null ? "" : ` (${why})`}:\n  ${ignored.join("\n  ")}`);
  if (missing.length > 0) console.log(`not installed: ${missing.join(", ")}`);
  console.log(closingLine(results));
  return results.some(({ failed }) => failed > 0) ? 1 : 0;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await withOpenCache(() => main(Deno.args)));

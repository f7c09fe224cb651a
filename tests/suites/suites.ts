/**
 * `deno task suites [MODULE…]`: CPython's own tests of what uses sockets (Debian's
 * libpython3.11-testsuite), once on the kernel's stack and once under nuse, each in a network
 * namespace with nothing but `lo` (and nuse's TAP). What passes on the kernel must pass under nuse,
 * or has its reason in known.txt. Root.
 *
 * `--only PATTERN` runs the tests that match. `--keep` takes the kernel's outcomes of the run
 * before. The result of a whole run is written to tests/suites/result.md. Exit status: 0, 1 when
 * something has no reason or a reason is stale, 2 when nothing can be run.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { markdownTable } from "../../cli/papers/guide.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";
import { Netns } from "../lab/netns.ts";
import { NUSE } from "../lab/nuse.ts";
import { installPackages, versionOf } from "../lab/packages.ts";
import { lackOfRights, setUp } from "../lab/setup.ts";
import { type Ended, judge, type Known, parseKnown, type Verdict } from "./known.ts";

const HERE = import.meta.dirname!;
const RESULT = `${HERE}/result.md`;
const KNOWN = `${HERE}/known.txt`;
const PACKAGE = "libpython3.11-testsuite";
const SUITE_FOLDER = "/usr/lib/python3.11/test";
const FOLDER = Deno.env.get("TMPDIR") ?? "/tmp";
/** Seconds: one test, one process, one module. */
const TEST_SEC = 90;
const RUN_SEC = 900;
const RESTARTS_MAX = 40;
/** How often, and how many tests at most, are tried again. */
const REPETITIONS = 2;
const REPEATED_MAX = 30;

const MODULES =
  "socket ssl socketserver ftplib httplib select selectors epoll poll poplib smtplib " +
  "smtpd imaplib nntplib telnetlib timeout asyncore asynchat urllib urllib2_localnet xmlrpc " +
  "docxmlrpc httpservers wsgiref robotparser logging";

/** What of a module has nothing to do with sockets, so that it is not run: patterns of tests. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  "test.test_multiprocessing_fork": ["*Listener*", "*Connection*", "*Manager*", "*Poll*"],
  "test.test_multiprocessing_spawn": ["*Listener*", "*Connection*"],
  "test.test_logging": ["*Socket*", "*Datagram*", "*SysLog*", "*HTTP*", "*SMTP*"],
};

async function modules(): Promise<string[]> {
  const names = MODULES.split(" ").map((name) => `test.test_${name}`);
  const asyncio: string[] = [];
  for await (const { name } of Deno.readDir(`${SUITE_FOLDER}/test_asyncio`)) {
    if (/^test_\w+\.py$/.test(name)) asyncio.push(`test.test_asyncio.${name.slice(0, -3)}`);
  }
  return [...new Set([...names, ...asyncio.sort(), ...Object.keys(ONLY)])];
}

async function endedIn(file: string): Promise<Ended[]> {
  const text = await Deno.readTextFile(file).catch(() => "");
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Runs a module to its end, as often as a test hangs. Returns what has been said in `file`. */
async function runModule(module: string, file: string, before: string[], only: string[]) {
  await using ns = await Netns.create("suite");
  for (const which of ["all", "default", "lo"]) {
    await ns.run(["sysctl", "-qw", `net.ipv6.conf.${which}.disable_ipv6=0`]);
  }
  await ns.run(["ip", "link", "set", "lo", "down"]);
  await ns.run(["ip", "link", "set", "lo", "up"]);
  const folder = await Deno.makeTempDir({ prefix: "suite-" });
  const patterns = only.length > 0 ? only : ONLY[module] ?? [];
  const script = `${HERE}/run_module.py`;
  const argv = [
    ...before,
    "/usr/bin/python3.11",
    script,
    module,
    file,
    String(TEST_SEC),
    ...patterns,
  ];
  try {
    for (let i = 0; i < RESTARTS_MAX; i++) {
      const count = (await endedIn(file)).length;
      const options = { cwd: folder, limitSec: RUN_SEC, env: { HOME: folder } };
      const { code, stderr, stdout } = await ns.run(argv, options);
      await Deno.writeTextFile(`${file}.log`, stdout + stderr, { append: true });
      if (code === 0 || (await endedIn(file)).length === count) break;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return await endedIn(file);
}

const UNDER_NUSE = ["env", "NUSEDEV=suite", "NUSEVIF=TAP", "nuse-suite=198.18.0.2/24"]
  .concat("nuse-suite-host=198.18.0.1/24", NUSE);

interface Row {
  readonly module: string;
  readonly verdict: Verdict;
}

/** tests/suites/result.md. */
export function resultText(rows: readonly Row[], version: string): string {
  const sum = (pick: (verdict: Verdict) => number) =>
    rows.reduce((n, { verdict }) => n + pick(verdict), 0);
  const explained = (verdict: Verdict) =>
    [...verdict.explained.values()].reduce((a, b) => a + b, 0);
  const cells = rows.map(({ module, verdict }) => [
    module.replace(/^test\./, ""),
    String(verdict.passed),
    String(explained(verdict)),
    String(verdict.unexplained.length),
  ]);
  const reasons = new Map<string, number>();
  for (const { verdict } of rows) {
    for (const [reason, n] of verdict.explained) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + n);
    }
  }
  const byReason = [...reasons].sort((a, b) => b[1] - a[1]).map(([why, n]) => [why, String(n)]);
  const head = ["module", "pass on both", "only on the kernel: with a reason", "without"];
  return `# CPython's tests under nuse

Written by \`deno task suites\`: tests of Debian's ${PACKAGE} ${version} that pass on the kernel's
stack, and what they do under nuse. The reasons: [known.txt](known.txt).

${sum((v) => v.passed)} pass on both, ${sum(explained)} on the kernel only, with a reason;
${sum((v) => v.unexplained.length)} without.

${markdownTable(head, cells)}

${markdownTable(["reason", "tests"], byReason.length > 0 ? byReason : [["none", "0"]])}
`;
}

/** "socket" and "test_socket" name a module, "asyncio" all of a folder. */
export function isNamed(module: string, names: readonly string[]): boolean {
  return names.map((name) => `test.test_${name.replace(/^test_/, "")}`)
    .some((name) => module === name || module.startsWith(`${name}.`));
}

async function fresh(file: string): Promise<string> {
  for (const path of [file, `${file}.log`]) await Deno.remove(path).catch(() => {});
  return file;
}

/**
 * Runs a module on both. Some of its tests judge by the clock: what fails without a reason is tried
 * again, a few times.
 */
async function judged(module: string, only: string[], isKept: boolean, known: readonly Known[]) {
  const kernelFile = `${FOLDER}/nuse-suites-${module}.kernel`;
  const onKernel = isKept && (await endedIn(kernelFile)).length > 0
    ? await endedIn(kernelFile)
    : await runModule(module, await fresh(kernelFile), [], only);
  const file = `${FOLDER}/nuse-suites-${module}.nuse`;
  let underNuse = await runModule(module, await fresh(file), UNDER_NUSE, only);
  const wanted = only.length === 0
    ? onKernel
    : onKernel.filter(({ test }) => underNuse.some((ended) => ended.test === test));
  let verdict = judge(wanted, underNuse, known);
  for (let i = 0; i < REPETITIONS && verdict.unexplained.length > 0; i++) {
    const failed = verdict.unexplained.map(({ test }) => test);
    if (failed.length > REPEATED_MAX) break;
    const again = `${FOLDER}/nuse-suites-${module}.again`;
    underNuse = [...underNuse, ...await runModule(module, await fresh(again), UNDER_NUSE, failed)];
    verdict = judge(wanted, underNuse, known);
  }
  return verdict;
}

async function main(args: string[]): Promise<number> {
  const flags = parseArgs(args, { string: ["_", "only"], boolean: ["keep"], collect: ["only"] });
  const why = lackOfRights() ??
    (await installPackages([PACKAGE, "python3"])).values().next().value ?? null;
  if (why !== null) {
    console.error(`suites: ${why}`);
    return 2;
  }
  await setUp(["ip", "sysctl", "python3"]);
  const all = await modules();
  const names = flags._.map(String);
  const chosen = names.length === 0 ? all : all.filter((module) => isNamed(module, names));
  if (chosen.length === 0) {
    console.error(`suites: no module ${names.join(", ")}`);
    return 2;
  }
  const known = parseKnown(await Deno.readTextFile(KNOWN));
  const rows: Row[] = [];
  for (const module of chosen) {
    const verdict = await judged(module, flags.only.map(String), flags.keep, known);
    rows.push({ module, verdict });
    console.log(`${module}: ${verdict.passed} pass, ${verdict.unexplained.length} do not`);
    for (const { test, outcome, why } of verdict.unexplained) {
      console.log(`  ${test}: ${outcome === "started" ? "hangs" : outcome} ${why ?? ""}`);
    }
    for (const pattern of verdict.stale) console.log(`  listed, and passes: ${pattern}`);
  }
  if (names.length === 0 && flags.only.length === 0) {
    await Deno.writeTextFile(RESULT, resultText(rows, await versionOf(PACKAGE) ?? ""));
    await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", RESULT] }).output();
  }
  return rows.every(({ verdict: v }) => v.unexplained.length + v.stale.length === 0) ? 0 : 1;
}

helpIfAsked(import.meta);
if (import.meta.main) Deno.exit(await main(Deno.args));

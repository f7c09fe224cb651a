/**
 * The differential suite: some five hundred small uses of the socket API (differ/*.c) on the
 * kernel, under the shim, there with sockets of IPv6 as well, and behind the second door. What they
 * print is the same, but for the cases that docs/differences.md names, each with its reason: what
 * differs besides fails, and so does what is named there and differs no more.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { withProgram } from "./compiled.ts";
import type { Netns } from "../lab/netns.ts";
import { e2eWith, Fixture, SELF } from "./fixture.ts";

const e2e = e2eWith("cc");

const TOPICS = [
  "bind",
  "connect",
  "control",
  "create",
  "data",
  "descriptors",
  "ends",
  "ioctls",
  "listen",
  "main",
  "options",
  "picture",
  "reports",
  "six",
  "streams",
  "threads",
  "told6",
  "tools",
  "udp",
  "vectors",
];
const SOURCES = TOPICS.map((topic) => `differ/${topic}.c`);
const LIST = new URL("../../docs/differences.md", import.meta.url);
const LIMIT_SEC = 400;
/** What nuse and its twin have in IPv6, on the wire to PEER6; differ.h names them, too. */
const SELF6 = "2001:db8:1::2";
const PEER6 = "2001:db8:1::1";
const HAS_IPV6 = await Deno.stat("/proc/sys/net/ipv6").then(() => true, () => false);
/** A case that differs is looked at again, alone: the machine may have been too busy. */
const TRIES = 3;

type Results = ReadonlyMap<string, string>;
type RunCases = (name: string) => Promise<Results>;

/** What each case has printed, by "topic name". */
function parse(stdout: string): Results {
  const results = new Map<string, string>();
  for (const part of stdout.split(/^== /m).slice(1)) {
    const end = part.indexOf("\n");
    results.set(part.slice(0, end), part.slice(end + 1));
  }
  return results;
}

/** By which way the program's calls come. */
type DoorName = "shim" | "door";
/** Words before the program. */
const DOORS: Readonly<Record<DoorName, readonly string[]>> = { shim: [], door: ["env", "-i"] };

/** One run of all: by which way, and of which family the sockets are that leave it open. */
interface Run {
  readonly door: DoorName;
  readonly family: 4 | 6;
}

const RUNS: readonly Run[] = [
  { door: "shim", family: 4 },
  { door: "shim", family: 6 },
  { door: "door", family: 4 },
];

/** The cases that differ there, by the table of docs/differences.md. */
async function listed({ door, family }: Run): Promise<string[]> {
  const row = /^\| `(\w+ \w+)` +\| (\w+) +\| (both|IPv4|IPv6) +\| \S/gm;
  const rows = [...(await Deno.readTextFile(LIST)).matchAll(row)];
  return rows.filter(([, , where, of]) =>
    (where === "both" || where === door) && (of === "both" || of === `IPv${family}`)
  ).map(([, name]) => name);
}

function argvOf(program: string, { family }: Run, name: string): string[] {
  return [program, ...family === 6 ? ["-6"] : [], ...name === "" ? [] : [name]];
}

/** Lets a namespace have IPv6, and gives `device` an address that it need not ask for. */
async function withIpv6(ns: Netns, device: string, address: string): Promise<void> {
  for (const which of ["all", "default", "lo", device]) {
    await ns.run(["sysctl", "-qw", `net.ipv6.conf.${which}.disable_ipv6=0`]);
  }
  await ns.ip(`addr add ${address}/64 dev ${device} nodad`);
}

/** What runs a case, or all of them (""), on the kernel of a namespace with our addresses. */
async function onKernel(kernel: Fixture, program: string, run: Run): Promise<RunCases> {
  await kernel.a.ip(`addr add ${SELF}/24 dev va`);
  await withIpv6(kernel.a, "va", SELF6);
  await withIpv6(kernel.b, "vb", PEER6);
  await kernel.a.run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"]);
  return async (name) => {
    const argv = argvOf(program, run, name);
    return parse((await kernel.a.start(argv, { limitSec: LIMIT_SEC }).done).stdout);
  };
}

async function underNuse(f: Fixture, program: string, run: Run): Promise<RunCases> {
  const env = { "nuse-va": `${SELF}/24,${SELF6}/64` };
  await withIpv6(f.b, "vb", PEER6);
  return async (name) => {
    const argv = [...DOORS[run.door], ...argvOf(program, run, name)];
    return parse((await f.nuse(argv, { limitSec: LIMIT_SEC, env }).done).stdout);
  };
}

async function differing(native: RunCases, nuse: RunCases, known: readonly string[]) {
  const expected = await native("");
  const seen = await nuse("");
  assert(expected.has("end") && expected.size > 400, `only ${expected.size} cases have run`);
  assertEquals([...seen.keys()], [...expected.keys()]);
  const differ = new Map<string, string>();
  for (const [name, text] of expected) {
    let [want, got] = [text, seen.get(name)];
    const isKnown = known.includes(name);
    for (let i = 1; i < TRIES && (want === got) === isKnown; i++) {
      const alone = name.split(" ")[1];
      want = (await native(alone)).get(name) ?? "";
      got = (await nuse(alone)).get(name);
    }
    if (want !== got) differ.set(name, `${want}--- but under nuse:\n${got}`);
  }
  return differ;
}

for (const run of RUNS) {
  const where = `the ${run.door}, IPv${run.family}${HAS_IPV6 ? "" : " (left out: no IPv6)"}`;
  e2e(`every case is as on the kernel, or listed with its reason: ${where}`, async (f) => {
    if (!HAS_IPV6) return; // some cases are of IPv6 in any run
    await withProgram(SOURCES, async (program) => {
      await using kernel = await Fixture.create("RAW");
      const known = await listed(run);
      const native = await onKernel(kernel, program, run);
      const differ = await differing(native, await underNuse(f, program, run), known);
      const unknown = [...differ].filter(([name]) => !known.includes(name));
      const text = unknown.map(([name, what]) => `== ${name}\n${what}`).join("");
      assertEquals(text, "", `${unknown.length} cases differ from the kernel:\n${text}`);
      assertEquals(known.filter((name) => !differ.has(name)), [], "listed, and differ no more");
    });
  }, ["RAW"]);
}

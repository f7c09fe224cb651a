/**
 * The differential suite: some four hundred small uses of the socket API (differ/*.c) on the
 * kernel, under the shim and behind the second door. What they print is the same, but for the cases
 * that docs/differences.md names, each with its reason: what differs besides fails, and so does
 * what is named there and differs no more.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { withProgram } from "./compiled.ts";
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
  "streams",
  "threads",
  "tools",
  "udp",
  "vectors",
];
const SOURCES = TOPICS.map((topic) => `differ/${topic}.c`);
const LIST = new URL("../../docs/differences.md", import.meta.url);
const LIMIT_SEC = 400;
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

/** The cases that differ there, by the table of docs/differences.md. */
async function listed(door: DoorName): Promise<string[]> {
  const rows = (await Deno.readTextFile(LIST)).matchAll(/^\| `(\w+ \w+)` +\| (\w+) +\| \S/gm);
  return [...rows].filter(([, , where]) => where === "both" || where === door)
    .map(([, name]) => name);
}

/** What runs a case, or all of them (""), on the kernel of a namespace with our address. */
async function onKernel(kernel: Fixture, program: string): Promise<RunCases> {
  await kernel.a.ip(`addr add ${SELF}/24 dev va`);
  await kernel.a.run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"]);
  return async (name) => {
    const argv = name === "" ? [program] : [program, name];
    return parse((await kernel.a.start(argv, { limitSec: LIMIT_SEC }).done).stdout);
  };
}

function underNuse(f: Fixture, program: string, door: DoorName): RunCases {
  return async (name) => {
    const argv = [...DOORS[door], program, ...(name === "" ? [] : [name])];
    return parse((await f.nuse(argv, { limitSec: LIMIT_SEC }).done).stdout);
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

for (const door of ["shim", "door"] as const) {
  e2e(`every case is as on the kernel, or listed with its reason: the ${door}`, async (f) => {
    await withProgram(SOURCES, async (program) => {
      await using kernel = await Fixture.create("RAW");
      const known = await listed(door);
      const nuse = underNuse(f, program, door);
      const differ = await differing(await onKernel(kernel, program), nuse, known);
      const unknown = [...differ].filter(([name]) => !known.includes(name));
      const text = unknown.map(([name, what]) => `== ${name}\n${what}`).join("");
      assertEquals(text, "", `${unknown.length} cases differ from the kernel:\n${text}`);
      assertEquals(known.filter((name) => !differ.has(name)), [], "listed, and differ no more");
    });
  }, ["RAW"]);
}

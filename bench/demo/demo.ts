/**
 * `deno task demo`: shows a person on a fresh machine what nuse does, in less than a minute.
 * Installs the programs that it shows, makes two network namespaces, runs ping under nuse over RAW
 * and over TAP, then measures iperf3, iperf and ping there, with the kernel's own stack beside it
 * in the same run. Nothing stays behind. Without the rights for that
 * it shows two nuse joined by a PIPE (pipe.ts).
 *
 * Exit status: 0 when all ran, 1 when something failed, 2 when it cannot run here.
 *
 * @module
 */
import { setUp } from "../../tests/lab/setup.ts";
import { Netns } from "../../tests/lab/netns.ts";
import { DEMO_MEASURES, type DemoMeasure } from "./measures.ts";
import { Lab, type Path } from "../lab/lab.ts";
import { figure, type Sample, table } from "../lab/table.ts";
import { showPipe } from "./pipe.ts";
import { helpIfAsked } from "../../cli/build/task_help.ts";

const PROGRAMS = [
  ...["ip", "ping", "iperf", "iperf3", "sysctl"],
  ...["cc", "/usr/include/linux/if_tun.h"],
];
/** Of the part that needs no rights. */
const PIPE_PROGRAMS = ["ping", "iperf3", "cc"];
const MEASURE_SEC = 2;
/** The paths to the kernel; PIPE has none. */
const SHOWN = ["raw", "tap"] as const;

const INTRO = `
Two network namespaces. In one of them runs an unmodified program under nuse; in the other one is
the Linux kernel as its peer, which knows nothing about nuse.
`;
const ABOUT: Readonly<Record<typeof SHOWN[number], string>> = {
  raw: "RAW: nuse shares an Ethernet interface (here one end of a veth pair) with the kernel.",
  tap: "TAP: nuse makes an interface of its own, which is there while the program runs.",
};

/** What keeps the demo from running here at all, and what to do; null: nothing. */
async function obstacle(programs: readonly string[]): Promise<string | null> {
  try {
    const missing = await setUp(programs);
    if (missing.length === 0) return null;
    return `not installed: ${missing.join(", ")} (apt-get install has them)`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Why there are no network namespaces for it; null: there are. */
async function lackOfNamespaces(): Promise<string | null> {
  if (Deno.uid() !== 0) return "not root";
  try {
    await (await Netns.create("nuse-demo")).close();
    return null;
  } catch (error) {
    const reason = (error as Error).message.trim().split("\n").at(-1);
    return `no network namespaces here (${reason})`;
  }
}

/** `ping -c 3` with its output, as a person would see it. True: it was answered. */
async function showPing(lab: Lab, path: typeof SHOWN[number]): Promise<boolean> {
  const argv = ["ping", "-c", "3", lab.peer(path)];
  console.log(`${ABOUT[path]}\n\n# ${lab.commandLine(path, argv)}`);
  const { code, stdout, stderr } = await lab.program(path, argv).done;
  console.log(`${stdout}${stderr}`);
  return code === 0;
}

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** One line: the command, then each path's figure as soon as it is there. */
async function showMeasure(lab: Lab, measure: DemoMeasure, paths: readonly Path[]) {
  write(`  ${measure.command.padEnd(27)}`);
  const samples: Sample[] = [];
  const errors: string[] = [];
  for (const path of paths) {
    const sample: Sample = { round: 0, measure: measure.name, path, value: null };
    try {
      sample.value = await measure.run(lab, path, MEASURE_SEC);
    } catch (error) {
      errors.push(`    ${(error as Error).message.trim()}`);
    }
    write(
      `  ${path === "native" ? path : path.toUpperCase()} ${
        figure(sample.value ?? NaN, measure.unit)
      }`,
    );
    samples.push(sample);
  }
  write(`  ${measure.unit}\n`);
  for (const text of errors) console.log(text);
  return samples;
}

async function show(lab: Lab): Promise<boolean> {
  console.log(INTRO);
  const answered: Path[] = [];
  for (const path of SHOWN) if (await showPing(lab, path)) answered.push(path);
  console.log(
    `How fast, ${MEASURE_SEC} s each, one after the other; native is the kernel's own stack:\n`,
  );
  const samples: Sample[] = [];
  for (const measure of DEMO_MEASURES) {
    samples.push(...await showMeasure(lab, measure, ["native", ...answered]));
  }
  console.log(`\n${table(samples, DEMO_MEASURES, answered)}\n`);
  console.log(
    "One short run on a machine that may be busy. For figures to quote: deno task bench:net",
  );
  return answered.length === SHOWN.length && samples.every((s) => s.value !== null);
}

async function main(): Promise<number> {
  const isRoot = Deno.uid() === 0;
  const reason = await obstacle(isRoot ? PROGRAMS : PIPE_PROGRAMS);
  if (reason !== null) {
    console.error(`demo: ${reason}`);
    return 2;
  }
  const lack = await lackOfNamespaces();
  if (lack !== null) {
    console.log(`${lack}: this is the part that needs no rights; with sudo there is more`);
    return await showPipe(MEASURE_SEC) ? 0 : 1;
  }
  await using lab = await Lab.create();
  return await show(lab) ? 0 : 1;
}

/** Exit status of `main`, or 1 after a line that says what stopped it. */
async function ended(): Promise<number> {
  try {
    return await main();
  } catch (error) {
    console.error(`demo: ${(error as Error).message.trim()}`);
    return 1;
  }
}

helpIfAsked(import.meta);
Deno.exit(await ended());

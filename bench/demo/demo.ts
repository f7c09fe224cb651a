/**
 * `deno task demo`: shows a person on a fresh machine what nuse does, in less than a minute.
 * Installs the programs that it shows, makes two network namespaces, runs ping under nuse over RAW
 * and over TAP, then measures iperf3, iperf and ping there, with the kernel's own stack beside it
 * in the same run. Nothing stays behind.
 *
 * Exit status: 0 when all ran, 1 when something failed, 2 when it cannot run here.
 *
 * @module
 */
import { setUp } from "../../tests/lab/setup.ts";
import { Netns } from "../../tests/lab/netns.ts";
import { DEMO_MEASURES, type DemoMeasure } from "./measures.ts";
import { Lab, NUSE_PATHS, type Path } from "../lab/lab.ts";
import { figure, type Sample, table } from "../lab/table.ts";

const PROGRAMS = [
  ...["ip", "ping", "iperf", "iperf3", "sysctl"],
  ...["cc", "/usr/include/linux/if_tun.h"],
];
const MEASURE_SEC = 2;

const INTRO = `
Two network namespaces. In one of them runs an unmodified program under nuse; in the other one is
the Linux kernel as its peer, which knows nothing about nuse.
`;
const ABOUT: Readonly<Record<Path, string>> = {
  native: "",
  raw: "RAW: nuse shares an Ethernet interface (here one end of a veth pair) with the kernel.",
  tap: "TAP: nuse makes an interface of its own, which is there while the program runs.",
};

/** What keeps the demo from running here, and what to do; null: nothing. */
async function obstacle(): Promise<string | null> {
  if (Deno.uid() !== 0) return "network namespaces need root (run it with sudo)";
  try {
    const missing = await setUp(PROGRAMS);
    if (missing.length > 0) return `not installed, and apt-get did not help: ${missing.join(", ")}`;
  } catch (error) {
    return (error as Error).message;
  }
  try {
    await (await Netns.create("nuse-demo")).close();
  } catch (error) {
    const reason = (error as Error).message.trim().split("\n").at(-1);
    return `no network namespaces here: ${reason} (a container needs CAP_SYS_ADMIN)`;
  }
  return null;
}

/** `ping -c 3` with its output, as a person would see it. True: it was answered. */
async function showPing(lab: Lab, path: Path): Promise<boolean> {
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
  for (const path of NUSE_PATHS) if (await showPing(lab, path)) answered.push(path);
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
  return answered.length === NUSE_PATHS.length && samples.every((s) => s.value !== null);
}

async function main(): Promise<number> {
  const reason = await obstacle();
  if (reason !== null) {
    console.error(`demo: ${reason}`);
    return 2;
  }
  await using lab = await Lab.create();
  return await show(lab) ? 0 : 1;
}

Deno.exit(await main());

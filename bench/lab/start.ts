/**
 * What nuse itself takes: the time of a start, and memory while nothing happens.
 *
 * @module
 */
import { NUSE } from "../../tests/lab/nuse.ts";
import type { Lab, Path } from "./lab.ts";
import { IDLE, lastJson, MARGIN_SEC, stop } from "./measure.ts";

/** Starts for each second that the measure is to take, about. */
const STARTS_PER_SEC = 5;

/** Median milliseconds of `./nuse true`, or of `true`. */
export async function startTime(lab: Lab, path: Path, secs: number): Promise<number> {
  const argv = [lab.load, "starts", String(secs * STARTS_PER_SEC)];
  const program = path === "native" ? ["true"] : [NUSE, "true"];
  const limitSec = secs + MARGIN_SEC;
  return lastJson(await lab.bare(path, [...argv, ...program], { limitSec }).done).rate;
}

/** What /proc calls kB. */
const KB = 1024;

async function childOf(pid: number): Promise<number> {
  return parseInt(await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`));
}

/** Resident megabytes of nuse's process behind a program that does nothing. */
export async function residentMemory(lab: Lab, path: Path): Promise<number> {
  const idle = lab.program(path, [...IDLE]);
  try {
    await idle.waitFor("READY");
    const nuse = await childOf(idle.pid); // below timeout(1)
    const status = await Deno.readTextFile(`/proc/${nuse}/status`);
    return Number(status.match(/^VmRSS:\s+(\d+) kB$/m)![1]) * KB / 1e6;
  } finally {
    await stop(idle);
  }
}

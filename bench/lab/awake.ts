/**
 * Measurements on processors that are kept from sleeping. On an idle machine most of a round trip
 * is the time that a halted processor takes to wake; here it is what the stack itself takes.
 *
 * @module
 */
import { start } from "../../tests/lab/netns.ts";

/** SCHED_IDLE: gives way to whatever else wants to run. */
const SPIN = ["chrt", "--idle", "0", "sh", "-c", "echo READY; while :; do :; done"];
const LIMIT_SEC = 120;

/** Runs `measure` beside a spinner for each processor. */
export async function awake(measure: () => Promise<number>): Promise<number> {
  const spinners = Array.from(
    { length: navigator.hardwareConcurrency },
    () => start(SPIN, { limitSec: LIMIT_SEC }),
  );
  try {
    await Promise.all(spinners.map((spinner) => spinner.waitFor("READY")));
    return await measure();
  } finally {
    for (const spinner of spinners) spinner.kill();
    await Promise.all(spinners.map((spinner) => spinner.done));
  }
}

/**
 * What must be true of a whole stack after every step of a test.
 *
 * @module
 */
import type { BuddyMemory, Stack } from "../../stack/mod.ts";
import { type Flow, FLOW_TCB } from "../../stack/tcp/base/flow.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import { checkTcb } from "./tcb_invariants.ts";

/** Throws with the name of the broken invariant. */
export function checkStack(stack: Stack): void {
  const { badFrees } = stack.memory as BuddyMemory;
  if (badFrees > 0) throw new Error(`invariant: ${badFrees} blocks freed that were not allocated`);
  stack.tcp.demux.forEach(checkFlow);
  const late = stack.timers.pollAtUs() - stack.timers.findDueUs();
  if (late > 0) throw new Error(`invariant: the alarm rings ${late} us late`);
}

function checkFlow(flow: Flow): void {
  if (flow.kind === FLOW_TCB) checkTcb(flow as Tcb);
}

/**
 * A connection that somebody else than its program ends (`ss -K`, Linux tcp_abort): the peer gets a
 * reset, the program ECONNABORTED. What has no program any more, or none yet, is just forgotten.
 *
 * @module
 */
import { EndCause } from "./base/end_cause.ts";
import { ECONNABORTED } from "../base/errno.ts";
import { type Flow, FLOW_SYN_REQUEST, FLOW_TCB } from "./base/flow.ts";
import type { SynRequest } from "./passive_open/syn_request.ts";
import type { Tcb } from "./tcb/tcb.ts";
import { abortConnection } from "./teardown/lifecycle.ts";
import type { TimeWait } from "./teardown/time_wait.ts";

/** `flow`: one of those that the demultiplexer has. */
export function destroyFlow(flow: Flow, nowUs: number): void {
  if (flow.kind === FLOW_TCB) {
    abortConnection(flow as Tcb, nowUs, EndCause.DESTROYED, ECONNABORTED);
  } else if (flow.kind === FLOW_SYN_REQUEST) (flow as SynRequest).drop();
  else (flow as TimeWait).end();
}

/**
 * What TCP tells the log (stack/base/log.ts), in one call for each event: a line where it happens,
 * and nothing but a load and a branch while nobody listens.
 *
 * @module
 */
import type { LogEvent } from "../../base/log_event.ts";
import type { Flow } from "../base/flow.ts";
import type { TcpContext } from "./context.ts";
import type { Tcb } from "./tcb.ts";

/** Of a connection. */
export function tell(tcb: Tcb, event: LogEvent, a = 0, b = 0, c = 0, d = 0, e = 0): void {
  const { log } = tcb.layer;
  if (log.isOn[event] === 0) return;
  const ifIndex = tcb.route === null ? 0 : tcb.route.ifIndex;
  log.connection(event, ifIndex, tcb, a, b, c, d, e);
}

/** Of a flow that has no TCB (yet, or any more). */
export function tellOfFlow(layer: TcpContext, flow: Flow, event: LogEvent, a = 0, b = 0): void {
  const { log } = layer;
  if (log.isOn[event] !== 0) log.connection(event, 0, flow, a, b);
}

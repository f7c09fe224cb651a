/**
 * The way from a socket of the public API to its transmission control block, for tests only.
 *
 * @module
 */
import type { Stack, StreamSocket } from "../../stack/mod.ts";
import { FLOW_TCB } from "../../stack/tcp/flow.ts";
import type { Tcb } from "../../stack/tcp/tcb.ts";

const known = new WeakMap<StreamSocket, Tcb>();

/** The block of a connected socket, also after its end if it was asked for before; else null. */
export function tcbOf(stack: Stack, socket: StreamSocket): Tcb | null {
  stack.tcp.demux.forEach((flow) => {
    if (flow.kind !== FLOW_TCB) return;
    const tcb = flow as Tcb;
    if (tcb.socket?.owner === socket) known.set(socket, tcb);
  });
  return known.get(socket) ?? null;
}

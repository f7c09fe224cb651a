/**
 * The way from a socket of the public API to its transmission control block, for tests only.
 *
 * @module
 */
import type { Stack, StreamSocket } from "../../stack/mod.ts";
import { FLOW_TCB } from "../../stack/tcp/base/flow.ts";
import { stateName } from "../../stack/tcp/base/state.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";

const known = new WeakMap<StreamSocket, Tcb>();

/** The block of a connected socket, also after its end if it was asked for before; else null. */
export function tcbOf(stack: Stack, socket: StreamSocket): Tcb | null {
  stack.tcp.demux.forEach((flow) => {
    if (flow.kind !== FLOW_TCB) return;
    const tcb = flow as Tcb;
    if ((tcb.socket as unknown) === socket) known.set(socket, tcb);
  });
  return known.get(socket) ?? null;
}

/** What matters most about a connection, in a line. */
export function tcbText(tcb: Tcb, nowUs: number): string {
  const out = (tcb.sndNxt - tcb.sndUna) | 0;
  const { sent } = tcb;
  return [
    stateName(tcb.state),
    `una ${tcb.sndUna >>> 0} out ${out} queued ${tcb.sndRing.usedBytes} wnd ${tcb.sndWnd}`,
    `cwnd ${tcb.cwnd} ssthresh ${tcb.ssthresh} recovery ${tcb.recovery}`,
    `sacked ${sent.sackedBytes} lost ${sent.lostBytes} retrans ${sent.retransBytes}`,
    `timer ${tcb.retransmitTimer} +${tcb.retransmitAtUs - nowUs} rto ${tcb.rtt.rtoUs}`,
    `rcvNxt ${tcb.rcvNxt >>> 0} rcvWnd ${tcb.rcvWnd} unread ${tcb.rcvRing.usedBytes}`,
    `error ${tcb.soError}`,
  ].join("; ");
}

/**
 * More of what must be true of every connection, beside tests/support/tcb_invariants.ts: nothing is
 * stuck, no number runs away, what is owed has a deadline. Holds between flushes.
 *
 * @module
 */
import { hasUnsent } from "../../stack/tcp/output/output.ts";
import { Recovery, State, stateName } from "../../stack/tcp/base/state.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import { Failure } from "./failure.ts";

const CWND_MAX = 2 ** 30;
/** One MSS and the rounding to the window's unit, which can be 2^14. */
const WINDOW_SLACK = 65536 + 16384;

function diff(a: number, b: number): number {
  return (a - b) | 0;
}

/** Throws when something about the connection cannot be. `nowUs`: the last flush was then. */
export function checkConnection(tcb: Tcb): void {
  const what = findFault(tcb);
  if (what === null) return;
  const fields = Object.entries(tcb).filter(([, v]) => typeof v === "number" || v === true);
  const dump = fields.map(([name, value]) => `${name}=${value}`).join(" ");
  throw new Failure(`invariant (${stateName(tcb.state)}): ${what}\n  ${dump}`);
}

function isSynchronized(state: State): boolean {
  return state !== State.SYN_SENT && state !== State.SYN_RECEIVED;
}

/** What is wrong, or null. */
function findFault(tcb: Tcb): string | null {
  if (tcb.state === State.CLOSED || tcb.state === State.LISTEN) return null;
  return findOddNumber(tcb) ?? (tcb.isDirty ? null : findStall(tcb));
}

function findOddNumber(tcb: Tcb): string | null {
  const { rtt } = tcb;
  const { config } = tcb.layer;
  if (tcb.pipe < 0) return `pipe ${tcb.pipe}`;
  if (tcb.cwnd > CWND_MAX) return `cwnd ${tcb.cwnd}`;
  if (rtt.rtoUs > config.rtoMaxUs) return `RTO ${rtt.rtoUs}`;
  if (rtt.srttUs >= 0 && !Number.isFinite(rtt.srttUs)) return `SRTT ${rtt.srttUs}`;
  if (tcb.isFinSent && !tcb.isFinQueued) return "a FIN is sent that nobody asked for";
  if (tcb.isFinSent && diff(tcb.sndNxt, tcb.sndEnd) !== 1) return "FIN is not behind the last byte";
  const { recover, sndNxt, sndUna } = tcb;
  const released = diff(sndUna, tcb.sndRingSeq);
  if (isSynchronized(tcb.state) && released !== 0 && !(released === 1 && tcb.isFinSent)) {
    return `the send ring begins ${released} before SND.UNA`;
  }
  if (tcb.recovery !== Recovery.OPEN && diff(recover, sndNxt) > 0) return "recover beyond SND.NXT";
  if (tcb.recovery === Recovery.FAST && diff(recover, sndUna) < 0) return "recover before SND.UNA";
  if (diff(tcb.rcvNxt, tcb.lastAckSent) < 0) return "acknowledged beyond RCV.NXT";
  const offered = diff(tcb.rcvAdv, tcb.rcvNxt) + tcb.rcvRing.usedBytes;
  const bufferMax = Math.max(tcb.rcvBufBytes, config.rcvBufMaxBytes, 1 << 18);
  // SO_RCVBUFFORCE has no bound, and what was offered then stands (RFC 9293 3.8.6)
  const scaledMax = tcb.options.isRcvBufLocked ? 0xffff << tcb.rcvWindShift : 0;
  const offerMax = Math.max(bufferMax, scaledMax);
  if (offered > offerMax + WINDOW_SLACK) return `offers ${offered} bytes`;
  if (tcb.assembler.count > config.assemblerIntervalMax) return `${tcb.assembler.count} intervals`;
  return null;
}

/** Nothing is under way and nothing will come of itself, though something is owed. */
function findStall(tcb: Tcb): string | null {
  const { state, options } = tcb;
  if (!isSynchronized(state)) return null;
  // Without a route it has to wait until the peer asks again
  const isOwed = diff(tcb.rcvNxt, tcb.lastAckSent) > 0 && tcb.route?.valid;
  if (isOwed && tcb.delayedAckAtUs === Infinity) {
    return "text is not acknowledged, and no ACK is scheduled";
  }
  const isTimed = tcb.retransmitAtUs !== Infinity || tcb.paceAtUs !== Infinity;
  if (hasUnsent(tcb) && tcb.sent.count === 0 && !isTimed) return "text waits for nothing";
  if (tcb.isOrphan && state === State.FIN_WAIT_2 && tcb.lingerAtUs === Infinity) {
    return "an orphan may stay for ever";
  }
  const isLast = state === State.FIN_WAIT_1 || state === State.CLOSING || state === State.LAST_ACK;
  if (isLast && !tcb.isFinQueued) return "no FIN is queued";
  if (isLast && tcb.isFinSent && tcb.sent.count === 0) {
    return "the FIN is acknowledged, and nothing";
  }
  if (options.socket.keepAlive && tcb.keepAliveAtUs === Infinity) {
    return "keepalive has no deadline";
  }
  return null;
}

/**
 * How a connection is established and how it ends: by a failure, a reset, or in order through
 * TIME-WAIT. What leads where is in base/state_table.ts.
 *
 * @module
 */
import { EndCause } from "../base/end_cause.ts";
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import {
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_READABLE,
  EVENT_WRITABLE,
} from "../../base/events.ts";
import { emitReset } from "../output/emit.ts";
import { fastOpenEnded } from "../path/fast_open_black_hole.ts";
import { advertisedMss, updateSmss } from "../path/mss.ts";
import { State } from "../base/state.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { TimeWait } from "./time_wait.ts";
import { armKeepAlive, cancelTimers, rearmTimer, RTO_AFTER_SYN_LOSS_US } from "../tcb/deadlines.ts";
import { nextState, StateEvent } from "../base/state_table.ts";

function isEstablished(state: State): boolean {
  return state === State.ESTABLISHED || state === State.CLOSE_WAIT;
}

/** Changes the state and keeps the gauge of established connections. */
export function setState(tcb: Tcb, state: State): void {
  const counters = tcb.layer.counters.tcp;
  if (isEstablished(state)) {
    if (!isEstablished(tcb.state)) counters.currEstab++;
  } else if (isEstablished(tcb.state)) {
    counters.currEstab--;
  }
  // TIME-WAIT ends with the record that has taken over
  if (tcb.state !== State.TIME_WAIT) tell(tcb, LogEvent.TCP_STATE, tcb.state, state);
  tcb.state = state;
}

/** The handshake is complete: SYN-SENT or SYN-RECEIVED becomes ESTABLISHED. */
export function establish(tcb: Tcb, nowUs: number): void {
  const { layer } = tcb;
  setState(tcb, nextState(tcb.state, StateEvent.SYN_ACKED));
  tcb.establishedAtUs = nowUs;
  tcb.lastAckReceivedUs = nowUs;
  updateSmss(tcb);
  initializeWindow(tcb);
  tcb.sndRingSeq = (tcb.iss + 1) | 0;
  tcb.rcvSpaceBytes = layer.config.initialCwndSegments *
    advertisedMss(tcb.route!, tcb.options.maxSeg);
  tcb.rcvSpaceAtUs = nowUs;
  tcb.backoff = 0;
  armKeepAlive(tcb);
  tell(tcb, LogEvent.TCP_ESTABLISHED, Math.max(tcb.rtt.srttUs, 0), tcb.smss, tcb.sndWnd);
  layer.network.confirm(tcb.route!, nowUs);
  if (tcb.socket !== null) {
    tcb.socket.isConnecting = false;
    tcb.socket.wasConnected = true;
  }
  if (tcb.listener !== null && tcb.fastOpenOf === null) tcb.listener.onEstablished(tcb);
  else layer.raise(tcb, EVENT_CONNECTED | EVENT_WRITABLE);
  leaveFastOpen(tcb);
  // Closed before it was open: the FIN has waited for this
  if (tcb.isFinQueued) setState(tcb, nextState(tcb.state, StateEvent.CLOSE));
  layer.markDirty(tcb);
}

/** The handshake of a fast open is over, or the connection is. */
function leaveFastOpen(tcb: Tcb): void {
  if (tcb.fastOpenOf === null) return;
  tcb.fastOpenOf.fastOpenPending--;
  tcb.fastOpenOf = null;
}

/**
 * RFC 6928: IW = min(10 * MSS, max(2 * MSS, 14600)); one segment when the SYN was lost (RFC 5681
 * 3.1).
 */
export function initializeWindow(tcb: Tcb): void {
  const smss = tcb.smss;
  const segments = tcb.layer.config.initialCwndSegments;
  tcb.cwnd = Math.min(segments * smss, Math.max(2 * smss, segments * 1460));
  if (tcb.backoff === 0) return;
  tcb.cwnd = smss;
  // RFC 6298 (5.7)
  if (tcb.rtt.srttUs < 0) tcb.rtt.rtoUs = Math.max(tcb.rtt.rtoUs, RTO_AFTER_SYN_LOSS_US);
}

/**
 * "Delete the TCB": nothing of the connection is left but, while the program holds the socket, the
 * bytes that it has not read yet.
 */
export function deleteTcb(tcb: Tcb): void {
  const { layer, listener } = tcb;
  if (tcb.state === State.CLOSED) return;
  if (tcb.isOrphan) layer.orphanCount--;
  fastOpenEnded(tcb);
  setState(tcb, State.CLOSED);
  cancelTimers(tcb);
  layer.demux.remove(tcb);
  layer.pressure.forget(tcb);
  tcb.sent.clear();
  tcb.assembler.clear();
  tcb.rcvRing.dropOutOfOrder();
  tcb.sndRing.free();
  if (tcb.isOrphan || tcb.rcvRing.usedBytes === 0) tcb.rcvRing.free();
  if (tcb.binding !== null && (tcb.socket === null || !tcb.binding.isExplicit)) {
    layer.bindings.release(tcb.binding);
    tcb.binding = null;
  }
  tellClosed(tcb);
  if (listener !== null) listener.forget(tcb);
  tcb.isConnectDeferred = false;
  leaveFastOpen(tcb);
  layer.raise(tcb, EVENT_CLOSED | EVENT_READABLE | EVENT_WRITABLE);
}

function tellClosed(tcb: Tcb): void {
  const isFinAcked = tcb.isFinSent && tcb.sndUna === tcb.sndNxt;
  const deliveredBytes = tcb.bytesAcked - (isFinAcked ? 1 : 0);
  tell(tcb, LogEvent.TCP_CLOSED, deliveredBytes, tcb.bytesReceived, tcb.totalRetransmits);
}

/** The connection failed: the program gets `errno`; 0: it knows. */
export function failConnection(tcb: Tcb, errno: number, cause: EndCause): void {
  const counters = tcb.layer.counters.tcp;
  tell(tcb, errno === 0 ? LogEvent.TCP_ABORTED : LogEvent.TCP_FAILED, cause, errno);
  if (isEstablished(tcb.state)) counters.estabResets++;
  else if (tcb.state === State.SYN_SENT || tcb.state === State.SYN_RECEIVED) {
    counters.attemptFails++;
  }
  if (errno !== 0) {
    tcb.soError = errno;
    tcb.layer.raise(tcb, EVENT_ERROR);
  }
  deleteTcb(tcb);
}

/** Sends RST and ends the connection (RFC 9293 3.10.5). `errno` 0: the program asked for it. */
export function abortConnection(tcb: Tcb, nowUs: number, cause: EndCause, errno = 0): void {
  if (hasPeer(tcb.state)) emitReset(tcb, nowUs);
  failConnection(tcb, errno, cause);
}

function hasPeer(state: State): boolean {
  return state !== State.CLOSED && state !== State.LISTEN && state !== State.SYN_SENT;
}

/**
 * FIN-WAIT-2 without a program to read what the peer still sends: it lasts for TCP_LINGER2 at most
 * (tcp_fin_timeout). False: it is over at once, by a reset, as on Linux, whether the close or the
 * acknowledgment of the FIN came last.
 */
export function limitFinWait2(tcb: Tcb, nowUs: number): boolean {
  const { linger2Us } = tcb.options;
  if (linger2Us < 0) {
    tcb.layer.counters.tcp.abortOnLinger++;
    abortConnection(tcb, nowUs, EndCause.LINGER2);
    return false;
  }
  tcb.lingerAtUs = nowUs + linger2Us;
  rearmTimer(tcb);
  return true;
}

/**
 * Both directions are closed and our last ACK may have to be repeated: a small record takes over.
 */
export function enterTimeWait(tcb: Tcb, nowUs: number): void {
  const { layer, socket } = tcb;
  const timeWait = TimeWait.take(tcb, nowUs);
  if (timeWait !== null) {
    if (socket !== null) socket.timeWait = timeWait;
    // The port stays taken; a program that bound it itself still holds its own claim.
    if (tcb.binding !== null) {
      timeWait.binding = layer.bindings.share(tcb.binding, tcb.local);
    }
    setState(tcb, State.TIME_WAIT);
  }
  deleteTcb(tcb);
  if (timeWait !== null) layer.demux.enter(timeWait);
}

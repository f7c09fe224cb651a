/**
 * Arming the timers of a connection. Each is a deadline in the Tcb; the Tcb's one heap node is
 * armed for the earliest. It is moved only when a deadline becomes earlier: a node that fires too
 * early finds nothing due and is armed anew, so that the timers that every segment pushes ahead
 * cost a store, not a walk through the heap.
 *
 * What happens when a deadline has passed: timers/expire.ts.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "./tell.ts";
import { RetransmitTimer } from "../base/state.ts";
import type { Tcb } from "./tcb.ts";

/** RFC 6298 (5.7): the RTO after a handshake whose SYN was lost. */
export const RTO_AFTER_SYN_LOSS_US = 3_000_000;

/** The shortest interval that TCP_USER_TIMEOUT makes of another. */
const USER_TIMEOUT_MIN_US = 2_000;

/** Arms the heap node for the earliest deadline, if it is not early enough already. */
export function rearmTimer(tcb: Tcb): void {
  let atUs = tcb.retransmitAtUs;
  if (tcb.delayedAckAtUs < atUs) atUs = tcb.delayedAckAtUs;
  if (tcb.keepAliveAtUs < atUs) atUs = tcb.keepAliveAtUs;
  if (tcb.lingerAtUs < atUs) atUs = tcb.lingerAtUs;
  if (tcb.paceAtUs < atUs) atUs = tcb.paceAtUs;
  if (tcb.reorderAtUs < atUs) atUs = tcb.reorderAtUs;
  if (tcb.probeAtUs < atUs) atUs = tcb.probeAtUs;
  if (atUs < tcb.atUs) tcb.layer.timers.set(tcb, atUs);
}

/** The connection is over: no deadline is left, and the heap forgets it. */
export function cancelTimers(tcb: Tcb): void {
  tcb.retransmitAtUs = Infinity;
  tcb.delayedAckAtUs = Infinity;
  tcb.keepAliveAtUs = Infinity;
  tcb.lingerAtUs = Infinity;
  tcb.paceAtUs = Infinity;
  tcb.reorderAtUs = Infinity;
  tcb.probeAtUs = Infinity;
  tcb.layer.timers.cancel(tcb);
}

/** RFC 6298 (5.1), (5.3): (re)starts the retransmission timer. */
export function armRetransmitTimer(tcb: Tcb, nowUs: number): void {
  tcb.retransmitTimer = RetransmitTimer.RTO;
  const { userTimeoutUs } = tcb.options;
  const head = tcb.sent.head;
  let rtoUs = tcb.rtt.rtoUs;
  if (userTimeoutUs > 0 && tcb.backoff > 0 && head !== null) {
    // Not beyond what the program allows (Linux tcp_clamp_rto_to_user_timeout)
    rtoUs = clampToUserTimeout(rtoUs, userTimeoutUs - (nowUs - head.firstSentUs));
  }
  tcb.retransmitAtUs = nowUs + rtoUs;
}

export function clampToUserTimeout(intervalUs: number, leftUs: number): number {
  return Math.min(intervalUs, Math.max(leftUs, USER_TIMEOUT_MIN_US));
}

export function stopRetransmitTimer(tcb: Tcb): void {
  tcb.retransmitTimer = RetransmitTimer.OFF;
  tcb.retransmitAtUs = Infinity;
  tcb.reorderAtUs = Infinity;
  tcb.probeAtUs = Infinity;
}

/**
 * Nothing is in flight, and what is left may not be sent: probe the window after an RTO, then less
 * often.
 */
export function armPersistTimer(tcb: Tcb, nowUs: number): void {
  if (tcb.retransmitTimer === RetransmitTimer.PERSIST) return;
  tcb.retransmitTimer = RetransmitTimer.PERSIST;
  tcb.probesSinceUs = -1;
  tcb.retransmitAtUs = nowUs + probeIntervalUs(tcb);
  tell(tcb, LogEvent.TCP_PERSIST, tcb.sndWnd, (tcb.sndEnd - tcb.sndNxt) | 0);
}

export function probeIntervalUs(tcb: Tcb): number {
  const config = tcb.layer.config;
  const base = tcb.rtt.baseRtoUs(config.rtoInitUs);
  return Math.min(base * 2 ** Math.min(tcb.backoff, 16), tcb.rtt.rtoMaxUs);
}

/**
 * The connection is established, or SO_KEEPALIVE or its times were set: when the first probe is
 * due.
 */
export function armKeepAlive(tcb: Tcb): void {
  const { keepIdleUs, socket } = tcb.options;
  tcb.keepProbes = 0;
  tcb.keepAliveAtUs = socket.keepAlive ? heardAtUs(tcb) + keepIdleUs : Infinity;
}

/** When the peer was heard last. */
export function heardAtUs(tcb: Tcb): number {
  return Math.max(tcb.lastAckReceivedUs, tcb.lastDataReceivedUs, tcb.establishedAtUs);
}

/**
 * TIMEOUT (RFC 9293 3.10.8): what happens when a timer of a connection expires: retransmission (RFC
 * 6298), persist (RFC 9293 3.8.6.1), delayed ACK, keepalive (RFC 9293 3.8.4), RACK's reordering
 * window and the tail loss probe (RFC 8985), pacing, and the time limits of FIN-WAIT-2 and of
 * orphans. They are armed by tcb/deadlines.ts.
 *
 * Most only mark state, and the flush that follows sends; keepalive probes, and the reset of a
 * connection that is given up, leave at once.
 *
 * @module
 */
import { EndCause } from "../base/end_cause.ts";
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { seqDiff } from "../base/seq.ts";
import { ETIMEDOUT } from "../../base/errno.ts";
import { noteReduction } from "../loss/ecn.ts";
import { emitSegment } from "../output/emit.ts";
import { fastOpenTimedOut } from "../path/fast_open_black_hole.ts";
import { abortConnection, deleteTcb, failConnection } from "../teardown/lifecycle.ts";
import { detectOverdue, enterLossRecovery } from "../loss/recovery.ts";
import { onTimeoutOfSize } from "../path/mtu_probing.ts";
import { refreshRoute } from "../path/route.ts";
import { SENT_SYN, type SentSegment } from "../tcb/sent_queue.ts";
import { RetransmitTimer, State } from "../base/state.ts";
import type { Tcb } from "../tcb/tcb.ts";
import {
  armRetransmitTimer,
  clampToUserTimeout,
  heardAtUs,
  probeIntervalUs,
  rearmTimer,
  stopRetransmitTimer,
} from "../tcb/deadlines.ts";

/** TCP_THIN_LINEAR_RETRIES; fewer segments in flight than this are few. */
const THIN_RETRIES = 6;
const THIN_SEGMENTS = 4;

/** The node of a connection fired. */
export function onTcbTimer(tcb: Tcb, nowUs: number): void {
  if (tcb.lingerAtUs <= nowUs) return onLingerTimeout(tcb, nowUs);
  if (tcb.paceAtUs <= nowUs) {
    tcb.paceAtUs = Infinity;
    tcb.layer.markDirty(tcb);
  }
  if (tcb.delayedAckAtUs <= nowUs) onDelayedAckTimeout(tcb);
  if (tcb.keepAliveAtUs <= nowUs) onKeepAliveTimeout(tcb, nowUs);
  if (tcb.reorderAtUs <= nowUs) onReorderTimeout(tcb, nowUs);
  if (tcb.probeAtUs <= nowUs) onProbeTimeout(tcb, nowUs);
  if (tcb.retransmitAtUs <= nowUs) {
    if (tcb.retransmitTimer === RetransmitTimer.PERSIST) onPersistTimeout(tcb, nowUs);
    else onRetransmitTimeout(tcb, nowUs);
  }
  if (tcb.state !== State.CLOSED) rearmTimer(tcb);
}

/**
 * FIN-WAIT-2 without a program has lasted long enough; so has an orphan that TCP_LINGER2 limits.
 */
function onLingerTimeout(tcb: Tcb, nowUs: number): void {
  if (tcb.state === State.FIN_WAIT_2) deleteTcb(tcb);
  else abortConnection(tcb, nowUs, EndCause.LINGER2);
}

function onDelayedAckTimeout(tcb: Tcb): void {
  tcb.delayedAckAtUs = Infinity;
  tcb.isAckDue = true;
  // The data that the ACK waited for did not come.
  tcb.isPingPong = false;
  tcb.layer.counters.tcp.delayedAcks++;
  tcb.layer.markDirty(tcb);
}

/** RFC 8985 6.2 step 5: what was overtaken has had its time. */
function onReorderTimeout(tcb: Tcb, nowUs: number): void {
  detectOverdue(tcb, nowUs);
  tcb.layer.markDirty(tcb);
}

/** RFC 8985 7.3: the probe goes out with the flush; the retransmission timer starts anew. */
function onProbeTimeout(tcb: Tcb, nowUs: number): void {
  tcb.probeAtUs = Infinity;
  tcb.tlp.isDue = true;
  armRetransmitTimer(tcb, nowUs);
  tcb.layer.markDirty(tcb);
}

function onRetransmitTimeout(tcb: Tcb, nowUs: number): void {
  const head = tcb.sent.head;
  if (head === null) return stopRetransmitTimer(tcb);
  tcb.layer.counters.tcp.timeouts++;
  fastOpenTimedOut(tcb, nowUs);
  if (hasGivenUp(tcb, head, nowUs)) {
    tcb.layer.counters.tcp.abortOnTimeout++;
    return failConnection(tcb, timeoutErrno(tcb), EndCause.NO_ACKNOWLEDGMENT);
  }
  if ((head.flags & SENT_SYN) !== 0) synTimedOut(tcb, head);
  else {
    onTimeoutOfSize(tcb, nowUs);
    enterLossRecovery(tcb, nowUs);
    noteReduction(tcb);
  }
  tcb.backoff++;
  if (!isLinear(tcb)) tcb.rtt.backOff();
  armRetransmitTimer(tcb, nowUs);
  tell(
    tcb,
    LogEvent.TCP_TIMEOUT,
    tcb.backoff,
    nowUs - head.firstSentUs,
    seqDiff(tcb.sndNxt, tcb.sndUna),
    tcb.retransmitAtUs - nowUs,
  );
  tcb.layer.markDirty(tcb);
}

/**
 * TCP_THIN_LINEAR_TIMEOUTS: where little is in flight, duplicate acknowledgments cannot tell of a
 * loss, and the first timeouts are not backed off (Linux tcp_stream_is_thin).
 */
function isLinear({ options, state, backoff, smss, sndNxt, sndUna }: Tcb): boolean {
  return options.thinLinearTimeouts && state === State.ESTABLISHED &&
    backoff <= THIN_RETRIES && seqDiff(sndNxt, sndUna) < THIN_SEGMENTS * smss;
}

/** What the program gets when nobody has answered: the ICMP error that said why, if one has. */
function timeoutErrno(tcb: Tcb): number {
  return tcb.softError !== 0 ? tcb.softError : ETIMEDOUT;
}

/** The SYN goes again, plain: some paths drop one with data (RFC 7413 4.1.3.1). */
function synTimedOut(tcb: Tcb, head: SentSegment): void {
  tcb.sent.markLost(head);
  if (tcb.synDataLen > 0) tcb.layer.cookieCache.delete(tcb.remote);
}

/** RFC 9293 3.8.3: R2 has passed. */
function hasGivenUp(tcb: Tcb, head: SentSegment, nowUs: number): boolean {
  const { options, layer: { config } } = tcb;
  if (options.userTimeoutUs > 0) return nowUs - head.firstSentUs >= options.userTimeoutUs;
  if ((head.flags & SENT_SYN) !== 0) return tcb.backoff >= options.synRetries;
  // The peer closed its window on what is in flight, and keeps answering: it lives.
  const isAlive = tcb.sndWnd === 0 && nowUs - tcb.lastAckReceivedUs < options.rtoMaxUs;
  if (isAlive && !tcb.isOrphan) return false;
  const retries = tcb.isOrphan ? config.orphanRetries : config.retries2;
  // R2 is about one segment: it does not count while those before it were sent again
  const sinceUs = nowUs - Math.max(head.firstSentUs, tcb.unaAdvancedUs);
  return sinceUs >= timeoutAfterRetriesUs(tcb, retries);
}

/** How long `retries` back-offs from the smallest RTO take (Linux tcp_model_timeout). */
function timeoutAfterRetriesUs(tcb: Tcb, retries: number): number {
  const { rtoMinUs } = tcb.layer.config; // TCP_RTO_MIN, whatever the option says
  const { rtoMaxUs } = tcb.options;
  let totalUs = 0;
  let rtoUs = rtoMinUs;
  for (let i = 0; i <= retries; i++) {
    totalUs += rtoUs;
    rtoUs = Math.min(rtoUs * 2, rtoMaxUs);
  }
  return totalUs;
}

function onPersistTimeout(tcb: Tcb, nowUs: number): void {
  const { options, layer: { config } } = tcb;
  const maxProbes = tcb.isOrphan ? config.orphanRetries : config.retries2;
  if (tcb.probesSinceUs < 0) tcb.probesSinceUs = nowUs;
  const leftUs = options.userTimeoutUs - (nowUs - tcb.probesSinceUs);
  const isTimedOut = options.userTimeoutUs > 0 && leftUs <= 0;
  // A peer that answers is waited for (RFC 1122 4.2.2.17), but not for ever when the program has
  // gone: many such peers would fill the memory (Linux tcp_probe_timer)
  const isForNobody = tcb.isOrphan && tcb.backoff >= maxProbes &&
    probeIntervalUs(tcb) >= options.rtoMaxUs;
  if (isTimedOut || isForNobody || tcb.probes >= maxProbes) {
    tcb.layer.counters.tcp.abortOnTimeout++;
    return failConnection(tcb, timeoutErrno(tcb), EndCause.NO_WINDOW);
  }
  tcb.probes++;
  tcb.backoff++;
  tcb.isProbeDue = true;
  let intervalUs = probeIntervalUs(tcb);
  if (options.userTimeoutUs > 0) intervalUs = clampToUserTimeout(intervalUs, leftUs);
  tcb.retransmitAtUs = nowUs + intervalUs;
  tell(tcb, LogEvent.TCP_WINDOW_PROBE, tcb.backoff, intervalUs);
  tcb.layer.markDirty(tcb);
}

function onKeepAliveTimeout(tcb: Tcb, nowUs: number): void {
  const { options } = tcb;
  if (!options.socket.keepAlive || !isKeepAliveState(tcb.state)) {
    tcb.keepAliveAtUs = Infinity;
    return;
  }
  if (tcb.sent.count > 0) {
    tcb.keepAliveAtUs = nowUs + options.keepIdleUs;
    return;
  }
  const heardUs = heardAtUs(tcb);
  const idleUs = nowUs - heardUs;
  if (idleUs < options.keepIdleUs) {
    tcb.keepAliveAtUs = heardUs + options.keepIdleUs;
    return;
  }
  const isOver = options.userTimeoutUs > 0
    ? tcb.keepProbes > 0 && idleUs >= options.userTimeoutUs
    : tcb.keepProbes >= options.keepCount;
  if (isOver) {
    tcb.layer.counters.tcp.abortOnTimeout++;
    return abortConnection(tcb, nowUs, EndCause.NO_KEEPALIVE, timeoutErrno(tcb));
  }
  tcb.keepProbes++;
  tell(tcb, LogEvent.TCP_KEEPALIVE, tcb.keepProbes, options.keepCount, idleUs);
  tcb.layer.counters.tcp.keepAlive++;
  if (refreshRoute(tcb)) emitSegment(tcb, (tcb.sndUna - 1) | 0, 0, 0, nowUs);
  tcb.keepAliveAtUs = nowUs + options.keepIntervalUs;
}

function isKeepAliveState(state: State): boolean {
  return state !== State.CLOSED && state !== State.LISTEN && state !== State.SYN_SENT;
}

/**
 * Acknowledgments that answer a suspicious segment: challenge ACKs (RFC 5961), and those for what
 * lies outside the window. Not too often: base/answer_limits.ts.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { emitAck } from "./emit.ts";
import { emitSyn } from "./syn.ts";
import { refreshRoute } from "../path/route.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { mayAnswerSuspect } from "../base/answer_limits.ts";

/** True when this connection has answered such a segment a moment ago. */
function isTooSoon(tcb: Tcb, nowUs: number): boolean {
  return !mayAnswerSuspect(tcb, tcb.layer.config.invalidAckIntervalUs, nowUs);
}

/**
 * For an RST, SYN or ACK that only somebody off the path, or a peer that has lost its state, would
 * send.
 */
export function sendChallengeAck(tcb: Tcb, nowUs: number): void {
  const { counters, challengeAcks } = tcb.layer;
  if (isTooSoon(tcb, nowUs) || !challengeAcks.take(nowUs)) {
    counters.tcp.ackSkippedChallenge++;
    return;
  }
  counters.tcp.challengeAck++;
  tell(tcb, LogEvent.TCP_CHALLENGE);
  emitAck(tcb, nowUs);
}

/** SYN-RECEIVED, and the peer's SYN comes again: so does our SYN-ACK, not too often. */
export function answerSynAgain(tcb: Tcb, nowUs: number): void {
  if (isTooSoon(tcb, nowUs)) tcb.layer.counters.tcp.ackSkippedSynRecv++;
  else if (refreshRoute(tcb)) emitSyn(tcb, true, nowUs);
}

/**
 * For a segment outside the window: "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>" (3.10.7.4). Segments with
 * data cannot loop and are always answered.
 */
export function sendOutOfWindowAck(tcb: Tcb, seg: Segment): void {
  const isEmpty = seg.payloadLen === 0 || seg.isSyn;
  if (isEmpty && isTooSoon(tcb, seg.nowUs)) {
    tcb.layer.counters.tcp.ackSkippedSeq++;
    return;
  }
  emitAck(tcb, seg.nowUs);
}

/**
 * Acknowledgments that answer a suspicious segment, and their limits: RFC 5961 section 7 (challenge
 * ACKs), and Linux's tcp_invalid_ratelimit against loops of ACKs between two confused ends.
 *
 * @module
 */
import { emitAck, emitSyn } from "./emit.ts";
import { refreshRoute } from "../path/route.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";

const SECOND_US = 1_000_000;

/**
 * How many may be sent in a second, over all connections. The number is drawn anew for each second,
 * between half of `perSecond` and one and a half: who could rely on it would learn, by counting the
 * answers on a connection of his own, whether others were challenged too, and so find their ports
 * and sequence numbers (CVE-2016-5696; Linux does the same).
 */
export class ChallengeAckLimit {
  #left = 0;
  #beganUs = -Infinity;

  constructor(readonly perSecond: number, readonly random: () => number) {}

  /** Takes one of this second's, if there is one left. */
  take(nowUs: number): boolean {
    if (nowUs - this.#beganUs >= SECOND_US) {
      this.#beganUs = nowUs;
      this.#left = Math.ceil(this.perSecond / 2);
      if (this.perSecond > 0) this.#left += (this.random() >>> 0) % this.perSecond;
    }
    if (this.#left <= 0) return false;
    this.#left--;
    return true;
  }
}

/** True when this connection has answered such a segment a moment ago. */
function isTooSoon(tcb: Tcb, nowUs: number): boolean {
  if (nowUs - tcb.lastInvalidAckUs < tcb.layer.config.invalidAckIntervalUs) return true;
  tcb.lastInvalidAckUs = nowUs;
  return false;
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
  emitAck(tcb, nowUs);
}

/** SYN-RECEIVED, and the peer's SYN comes again: so does our SYN-ACK, not too often. */
export function answerSynAgain(tcb: Tcb, nowUs: number): void {
  if (isTooSoon(tcb, nowUs)) tcb.layer.counters.tcp.ackSkippedSynRecv++;
  else if (refreshRoute(tcb)) emitSyn(tcb, true, nowUs);
}

/**
 * For a segment outside the window: "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>" (3.10.7.4). Segments with
 * text cannot loop and are always answered.
 */
export function sendOutOfWindowAck(tcb: Tcb, seg: Segment): void {
  const isBare = seg.payloadLen === 0 || seg.isSyn;
  if (isBare && isTooSoon(tcb, seg.nowUs)) {
    tcb.layer.counters.tcp.ackSkippedSeq++;
    return;
  }
  emitAck(tcb, seg.nowUs);
}

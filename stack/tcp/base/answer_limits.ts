/**
 * How often suspicious segments are answered: by a challenge ACK, or as outside the window. Over
 * all connections there is a number for each second (RFC 5961 section 7), for each flow, in
 * whatever state, a time between two answers (Linux tcp_invalid_ratelimit), against loops of ACKs
 * between two confused ends.
 *
 * @module
 */
import type { Flow } from "./flow.ts";
import { SECOND_US } from "./config.ts";

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

/** True, and noted, when the flow has not answered such a segment for so long. */
export function mayAnswerSuspect(flow: Flow, intervalUs: number, nowUs: number): boolean {
  if (nowUs - flow.suspectAnsweredUs < intervalUs) return false;
  flow.suspectAnsweredUs = nowUs;
  return true;
}

/**
 * HyStart++ (RFC 9406): leaves the first slow start before it overflows the queue of the
 * bottleneck, when the round-trip times of one round are higher than those of the round before.
 *
 *     SLOW START -- round trips grew by the threshold --> CSS -- five rounds --> done
 *          ^                                               |                (ssthresh = cwnd)
 *          `---- round trips fell: it was jitter ----------'
 *
 * In conservative slow start (CSS) the window grows a quarter as fast. Like Linux's slow start, and
 * unlike RFC 9406 4.2, one acknowledgment may raise the window by all that it covers (no limit L):
 * receivers coalesce segments, and acknowledge 64 KiB at a time.
 *
 * The round trip of a round is the least of it: a flight that leaves at a stroke queues behind
 * itself, and only its head sees what the path was like before. A paced flight does not, so there
 * the least of each eight samples counts: the same certainty, a round trip earlier.
 *
 * @module
 */
import { seqGeq } from "../base/seq.ts";
import type { CongestionState } from "./congestion_control.ts";

/** RFC 9406 4.3. */
const MIN_RTT_THRESH_US = 4_000;
const MAX_RTT_THRESH_US = 16_000;
const MIN_RTT_DIVISOR = 8;
const N_RTT_SAMPLE = 8;
const CSS_GROWTH_DIVISOR = 4;
const CSS_ROUNDS = 5;

export class HyStart {
  /** Slow start is to end: `ssthresh` becomes `cwnd`. */
  isDone = false;
  isCss = false;
  /** The round ends when this sequence number is acknowledged. */
  #windowEnd = 0;
  #hasRound = false;
  #lastRoundMinRttUs = Infinity;
  #currentRoundMinRttUs = Infinity;
  #rttSampleCount = 0;
  /** The least of the samples since their number was a multiple of N_RTT_SAMPLE. */
  #recentMinRttUs = Infinity;
  #cssBaselineMinRttUs = Infinity;
  #cssRounds = 0;

  /**
   * `ackedBytes` were acknowledged in slow start, `rttUs` after the youngest of them was sent (-1:
   * unknown). Returns the bytes by which `cwnd` may grow.
   */
  onAck(state: CongestionState, ackedBytes: number, rttUs: number): number {
    if (!this.#hasRound) this.#startRound(state);
    const growth = this.isCss ? Math.ceil(ackedBytes / CSS_GROWTH_DIVISOR) : ackedBytes;
    if (rttUs >= 0) this.#takeSample(rttUs, state.isPaced);
    if (seqGeq(state.sndUna, this.#windowEnd)) this.#endRound(state);
    return growth;
  }

  #takeSample(rttUs: number, isPaced: boolean): void {
    this.#rttSampleCount++;
    if (rttUs < this.#recentMinRttUs) this.#recentMinRttUs = rttUs;
    if (rttUs < this.#currentRoundMinRttUs) this.#currentRoundMinRttUs = rttUs;
    if (this.#rttSampleCount < N_RTT_SAMPLE) return;
    let currentUs = this.#currentRoundMinRttUs;
    if (isPaced) {
      if (this.#rttSampleCount % N_RTT_SAMPLE !== 0) return;
      currentUs = this.#recentMinRttUs;
      this.#recentMinRttUs = Infinity;
    }
    if (this.isCss) {
      if (currentUs < this.#cssBaselineMinRttUs) {
        this.isCss = false;
        this.#cssBaselineMinRttUs = Infinity;
      }
      return;
    }
    const lastUs = this.#lastRoundMinRttUs;
    if (lastUs === Infinity) return;
    const share = lastUs / MIN_RTT_DIVISOR;
    const threshUs = Math.max(MIN_RTT_THRESH_US, Math.min(share, MAX_RTT_THRESH_US));
    if (currentUs < lastUs + threshUs) return;
    this.isCss = true;
    this.#cssBaselineMinRttUs = currentUs;
    this.#cssRounds = 0;
  }

  /** The round in which CSS was entered counts as one of it, though it is only a part. */
  #endRound(state: CongestionState): void {
    if (this.isCss && ++this.#cssRounds >= CSS_ROUNDS) this.isDone = true;
    this.#startRound(state);
  }

  #startRound(state: CongestionState): void {
    this.#hasRound = true;
    this.#windowEnd = state.sndNxt;
    this.#lastRoundMinRttUs = this.#currentRoundMinRttUs;
    this.#currentRoundMinRttUs = Infinity;
    this.#recentMinRttUs = Infinity;
    this.#rttSampleCount = 0;
  }
}

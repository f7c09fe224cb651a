/**
 * CUBIC, RFC 9438: the window is a cubic function of the time since the last reduction,
 *
 *     W_cubic(t) = C * (t - K)^3 + W_max,    K = cbrt((W_max - cwnd_epoch) / C)
 *
 * and at least what Reno would have (W_est). Slow start is HyStart++ (RFC 9406) until the first
 * reduction. Windows are in segments here, as in the RFC, and floats; `cwnd` of the connection is
 * in bytes. Time is in seconds inside the formulas.
 *
 * @module
 */
import {
  type CongestionControl,
  type CongestionSignal,
  type CongestionState,
  CWND_MAX,
  SSTHRESH_INFINITE,
} from "./congestion_control.ts";
import { HyStart } from "./hystart.ts";
import { slowStart } from "./newreno.ts";

/**
 * RFC 9438 5: scaling constant C and multiplicative decrease factor; RFC 8511 3.1: that of an ECN
 * mark.
 */
const C = 0.4;
const BETA = 0.7;
const BETA_ECN = 0.85;
/** RFC 9438 4.3: additive increase of the Reno-friendly region. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);

/** What RFC 9438 4.9 has one remember before a reduction that may turn out to be spurious. */
class Undo {
  /** Bytes; 0: there is nothing to undo. */
  cwnd = 0;
  ssthresh = 0;
  cwndPrior = 0;
  wMax = 0;
  wEst = 0;
  k = 0;
  elapsedUs = 0;
  lastAckUs = 0;
  hasEpoch = false;
}

export class Cubic implements CongestionControl {
  readonly name = "cubic";
  readonly ownsWindow = false;
  readonly pacingRate = 0;
  readonly #hystart = new HyStart();
  readonly #undo = new Undo();
  #wMax = 0;
  #wEst = 0;
  #k = 0;
  /** cwnd when ssthresh was last set, before the reduction (4.1.2). */
  #cwndPrior = 0;
  /** A congestion avoidance stage has begun. */
  #hasEpoch = false;
  /** t: time in this stage, without the times when the window did not limit the sender (5.8). */
  #elapsedUs = 0;
  /** Up to when `elapsedUs` counts. */
  #lastAckUs = 0;
  /** Fraction of a byte that `cwnd` is to grow by. */
  #credit = 0;
  #srttUs = 0;

  onAck(state: CongestionState, ackedBytes: number, rttUs: number, nowUs: number): void {
    if (rttUs > 0) {
      this.#srttUs = this.#srttUs === 0 ? rttUs : this.#srttUs + (rttUs - this.#srttUs) / 8;
    }
    let left = ackedBytes;
    if (state.cwnd < state.ssthresh) left = this.#slowStart(state, ackedBytes, rttUs);
    if (left > 0) this.#avoidCongestion(state, left, nowUs);
  }

  /** RFC 9438 4.10. Returns the bytes that are left for congestion avoidance. */
  #slowStart(state: CongestionState, ackedBytes: number, rttUs: number): number {
    // RFC 9406 4.3: for the initial slow start only.
    if (state.ssthresh < SSTHRESH_INFINITE) return slowStart(state, ackedBytes);
    const growth = this.#hystart.onAck(state, ackedBytes, rttUs);
    state.cwnd = Math.min(state.cwnd + growth, CWND_MAX);
    if (this.#hystart.isDone) {
      state.ssthresh = state.cwnd;
      // No W_max is known: K = 0 and W_max = cwnd at the start of the stage.
      this.#cwndPrior = state.cwnd / state.smss;
      this.#wMax = 0;
    }
    return 0;
  }

  /** RFC 9438 4.2-4.5. */
  #avoidCongestion(state: CongestionState, ackedBytes: number, nowUs: number): void {
    const { smss } = state;
    const cwnd = state.cwnd / smss;
    // The share of a round trip that it stands for. Only whole segments are in flight: divided by a
    // cwnd of 5.9, the five of a round would be less than one. One that covers more than a window
    // counts as a window.
    const share = Math.min(ackedBytes / smss / Math.max(1, Math.floor(cwnd)), 1);
    if (!this.#hasEpoch) this.#beginEpoch(cwnd);
    else this.#elapsedUs += Math.max(0, nowUs - this.#lastAckUs);
    this.#lastAckUs = nowUs;

    const alpha = this.#wEst < this.#cwndPrior ? ALPHA : 1;
    this.#wEst += alpha * share;
    if (this.#wCubic(this.#elapsedUs) < this.#wEst) {
      // Reno-friendly region (4.3)
      state.cwnd = Math.min(Math.max(state.cwnd, Math.floor(this.#wEst * smss)), CWND_MAX);
      return;
    }
    const ahead = this.#wCubic(this.#elapsedUs + this.#srttUs);
    const target = Math.min(Math.max(ahead, cwnd), 1.5 * cwnd);
    const grown = state.cwnd + this.#credit + (target - cwnd) * share * smss;
    const bytes = Math.floor(grown);
    this.#credit = grown - bytes;
    state.cwnd = Math.min(bytes, CWND_MAX);
  }

  #wCubic(tUs: number): number {
    const x = tUs / 1e6 - this.#k;
    return C * x * x * x + this.#wMax;
  }

  #beginEpoch(cwnd: number): void {
    this.#hasEpoch = true;
    this.#elapsedUs = 0;
    this.#wEst = cwnd;
    this.#credit = 0;
    if (cwnd < this.#wMax) {
      this.#k = Math.cbrt((this.#wMax - cwnd) / C);
    } else {
      this.#k = 0;
      this.#wMax = cwnd;
    }
  }

  onAppLimited(_state: CongestionState, nowUs: number): void {
    this.#lastAckUs = nowUs;
  }

  onDelivery(): void {}

  /** RFC 9438 4.6, 4.7. */
  onLoss(state: CongestionState, signal: CongestionSignal = "loss"): number {
    this.#remember(state);
    const cwnd = state.cwnd / state.smss;
    this.#hasEpoch = false;
    this.#cwndPrior = cwnd;
    // Fast convergence: a flow that lost ground releases some more.
    this.#wMax = cwnd < this.#wMax ? (cwnd * (1 + BETA)) / 2 : cwnd;
    const beta = signal === "ecn" ? BETA_ECN : BETA;
    return Math.max(Math.floor(state.cwnd * beta), 2 * state.smss);
  }

  /** RFC 9438 4.8: the stage that follows slow start begins with K = 0 and W_max = cwnd. */
  onTimeout(): void {
    this.#hasEpoch = false;
    this.#wMax = 0;
  }

  onRecovered(): void {}

  #remember(state: CongestionState): void {
    const undo = this.#undo;
    undo.cwnd = state.cwnd;
    undo.ssthresh = state.ssthresh;
    undo.cwndPrior = this.#cwndPrior;
    undo.wMax = this.#wMax;
    undo.wEst = this.#wEst;
    undo.k = this.#k;
    undo.elapsedUs = this.#elapsedUs;
    undo.lastAckUs = this.#lastAckUs;
    undo.hasEpoch = this.#hasEpoch;
  }

  /** RFC 9438 4.9. A window that has outgrown the old one already keeps its present course. */
  onUndo(state: CongestionState): void {
    const undo = this.#undo;
    const isOutgrown = state.cwnd >= undo.cwnd;
    const { cwnd } = undo;
    undo.cwnd = 0;
    if (isOutgrown) return;
    state.cwnd = cwnd;
    state.ssthresh = Math.max(state.ssthresh, undo.ssthresh);
    this.#cwndPrior = undo.cwndPrior;
    this.#wMax = undo.wMax;
    this.#wEst = undo.wEst;
    this.#k = undo.k;
    this.#elapsedUs = undo.elapsedUs;
    this.#lastAckUs = undo.lastAckUs;
    this.#hasEpoch = undo.hasEpoch;
  }

  /** t does not run on while nothing is sent (5.8; Linux moves epoch_start). */
  onIdle(_state: CongestionState, idleUs: number): void {
    this.#lastAckUs += idleUs;
  }
}

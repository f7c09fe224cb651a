/**
 * NewReno: slow start and congestion avoidance of RFC 5681 with appropriate byte counting (RFC
 * 3465; in slow start without its limit L, as Linux does, since receivers coalesce
 * acknowledgments), and the milder answer to an ECN mark of RFC 8511 (ABE).
 *
 * @module
 */
import {
  type CongestionControl,
  type CongestionSignal,
  type CongestionState,
  CWND_MAX,
} from "./congestion_control.ts";

/** RFC 5681 (4), and beta_ecn of RFC 8511 3.1. */
const BETA_LOSS = 0.5;
const BETA_ECN = 0.8;

/**
 * Slow start: grows `cwnd` by what was acknowledged, up to ssthresh. Returns the bytes that are
 * left for congestion avoidance.
 */
export function slowStart(state: CongestionState, ackedBytes: number): number {
  const grown = Math.min(state.cwnd + ackedBytes, state.ssthresh);
  const left = ackedBytes - (grown - state.cwnd);
  state.cwnd = grown;
  return left;
}

export class NewReno implements CongestionControl {
  readonly name = "reno";
  readonly ownsWindow = false;
  readonly pacingRate = 0;
  /** Bytes acknowledged since `cwnd` last grew by one segment. */
  #bytesAcked = 0;
  /** Before the last reduction; 0: there is nothing to undo. */
  #undoCwnd = 0;
  #undoSsthresh = 0;

  onAck(state: CongestionState, ackedBytes: number): void {
    let left = ackedBytes;
    if (state.cwnd < state.ssthresh) left = slowStart(state, ackedBytes);
    if (left <= 0) return;
    this.#bytesAcked += left;
    if (this.#bytesAcked < state.cwnd) return;
    const windows = Math.floor(this.#bytesAcked / state.cwnd);
    this.#bytesAcked -= windows * state.cwnd;
    state.cwnd = Math.min(state.cwnd + windows * state.smss, CWND_MAX);
  }

  onAppLimited(): void {}

  onDelivery(): void {}

  onLoss(state: CongestionState, signal: CongestionSignal = "loss"): number {
    this.#undoCwnd = state.cwnd;
    this.#undoSsthresh = state.ssthresh;
    this.#bytesAcked = 0;
    const beta = signal === "ecn" ? BETA_ECN : BETA_LOSS;
    return Math.max(Math.floor(state.cwnd * beta), 2 * state.smss);
  }

  onTimeout(): void {
    this.#bytesAcked = 0;
  }

  onRecovered(): void {}

  onUndo(state: CongestionState): void {
    if (this.#undoCwnd === 0) return;
    state.cwnd = Math.max(state.cwnd, this.#undoCwnd);
    state.ssthresh = Math.max(state.ssthresh, this.#undoSsthresh);
    this.#undoCwnd = 0;
  }

  onIdle(): void {}
}

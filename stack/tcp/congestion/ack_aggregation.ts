/**
 * How much more than the bottleneck's rate is acknowledged at a time: receivers, Wi-Fi and GRO
 * collect acknowledgments, and a window of exactly the path's capacity would run dry in between.
 * The excess over
 *
 *     bandwidth * (time since the epoch began)
 *
 * is tracked as its maximum over the last five to ten rounds (two bins of five). An epoch begins
 * when the acknowledgments have fallen back to the rate. Bytes, bytes per microsecond.
 *
 * @module
 */

const BIN_ROUNDS = 5;
/** An epoch ends in any case when so many segments were acknowledged in it. */
const EPOCH_MAX_SEGMENTS = 1 << 20;

export class AckAggregation {
  #bin0 = 0;
  #bin1 = 0;
  #rounds = 0;
  #epochUs = 0;
  #epochBytes = 0;

  /** The excess that the window is to provide for. */
  get extraBytes(): number {
    return Math.max(this.#bin0, this.#bin1);
  }

  /** Sending starts from an empty flight. */
  restart(nowUs: number): void {
    this.#epochUs = nowUs;
    this.#epochBytes = 0;
  }

  onRound(): void {
    if (++this.#rounds < BIN_ROUNDS) return;
    this.#rounds = 0;
    this.#bin1 = this.#bin0;
    this.#bin0 = 0;
  }

  onAck(ackedBytes: number, bandwidth: number, cwnd: number, smss: number, nowUs: number): void {
    let expected = bandwidth * (nowUs - this.#epochUs);
    const isTooLong = this.#epochBytes + ackedBytes >= EPOCH_MAX_SEGMENTS * smss;
    if (this.#epochBytes <= expected || isTooLong) {
      this.restart(nowUs);
      expected = 0;
    }
    this.#epochBytes += ackedBytes;
    const extra = Math.min(this.#epochBytes - expected, cwnd);
    if (extra > this.#bin0) this.#bin0 = extra;
  }
}

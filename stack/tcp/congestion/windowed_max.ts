/**
 * The maximum of what was measured in the last rounds: one bin a round, in a ring.
 *
 * @module
 */
export class WindowedMax {
  /**
   * The maximum; 0: there was no sample. Ages with the samples that come in, not with the clock.
   */
  value = 0;
  readonly #bins: Float64Array;
  #round = 0;

  /** A sample counts in its own round and in `rounds` more. */
  constructor(rounds: number) {
    this.#bins = new Float64Array(rounds + 1);
  }

  /** `round` does not go backwards. */
  update(value: number, round: number): void {
    const bins = this.#bins;
    if (round > this.#round) this.#advance(round);
    const i = round % bins.length;
    if (value > bins[i]) bins[i] = value;
    if (value > this.value) this.value = value;
  }

  #advance(round: number): void {
    const bins = this.#bins;
    const first = Math.max(this.#round + 1, round - bins.length + 1);
    for (let r = first; r <= round; r++) bins[r % bins.length] = 0;
    this.#round = round;
    let max = 0;
    for (let i = 0; i < bins.length; i++) if (bins[i] > max) max = bins[i];
    this.value = max;
  }
}

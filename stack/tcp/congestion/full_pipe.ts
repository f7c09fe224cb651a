/**
 * Finds when a growing rate has filled the path: three rounds in a row that did not bring a quarter
 * more bandwidth than the best before.
 *
 * @module
 */

const GROWTH = 1.25;
const ROUNDS = 3;

export class FullPipe {
  isFull = false;
  #best = 0;
  #rounds = 0;

  /** A round that the program did not limit is over. */
  onRound(bandwidth: number): void {
    if (this.isFull) return;
    if (bandwidth >= this.#best * GROWTH) {
      this.#best = bandwidth;
      this.#rounds = 0;
      return;
    }
    this.#rounds++;
    this.isFull = this.#rounds >= ROUNDS;
  }

  /** What was seen so far is no measure any more. If the pipe was full, it stays so. */
  restart(): void {
    this.#best = 0;
    this.#rounds = 0;
  }
}

/**
 * MSG_EOR: where the records end of what the program has written and we have not read from the pair
 * yet.
 *
 * @module
 */

/** Records whose ends are remembered while they are in the pair. */
const RECORDS_MAX = 64;

export class RecordEnds {
  /** How many bytes are still to be read up to the end of each. */
  #ends: number[] = [];

  /** A record ends with the last of the `unreadBytes` in the pair. */
  add(unreadBytes: number): void {
    if (this.#ends.length < RECORDS_MAX) this.#ends.push(unreadBytes);
  }

  /** Bytes up to the end of the first record; Infinity: none is known to end. */
  get nextBytes(): number {
    return this.#ends.length === 0 ? Infinity : this.#ends[0];
  }

  /** `n` bytes have been read: true when a record ends with them. */
  pass(n: number): boolean {
    if (this.#ends.length === 0) return false;
    this.#ends = this.#ends.map((left) => left - n).filter((left) => left >= 0);
    if (this.#ends[0] !== 0) return false;
    this.#ends.shift();
    return true;
  }
}

/**
 * A payload in up to two pieces, and rows that carry parts of it: how fragments and segments are
 * cut without copying.
 *
 * @module
 */
import type { TxFrames } from "../base/frames.ts";

export class PayloadSlice {
  #off0 = 0;
  #len0 = 0;
  #off1 = 0;
  #len1 = 0;

  /** Remembers the payload of `row`. */
  take(tx: TxFrames, row: number): void {
    this.#off0 = tx.payOff[row];
    this.#len0 = tx.payLen[row];
    this.#off1 = tx.pay2Off[row];
    this.#len1 = tx.pay2Len[row];
  }

  get length(): number {
    return this.#len0 + this.#len1;
  }

  /** Makes bytes `pos .. pos + len` of the payload the payload of `row`. */
  give(tx: TxFrames, row: number, pos: number, len: number): void {
    if (pos >= this.#len0) {
      tx.payOff[row] = this.#off1 + pos - this.#len0;
      tx.payLen[row] = len;
      tx.pay2Len[row] = 0;
      return;
    }
    const first = Math.min(len, this.#len0 - pos);
    tx.payOff[row] = this.#off0 + pos;
    tx.payLen[row] = first;
    tx.pay2Off[row] = this.#off1;
    tx.pay2Len[row] = len - first;
  }
}

/**
 * Data in order that a connection has not copied yet: it lies in the device's slots, which stay as
 * they are until the next flush (receive_buffer.ts has the whole story).
 *
 * @module
 */
import type { Span } from "../../base/span.ts";
import type { ByteRing } from "../../storage/ring.ts";

/** Pieces that may be borrowed at a time: a batch of a device has hardly more of this size. */
const PIECES_MAX = 8;

export class BorrowedPieces {
  /** Bytes of all of them. */
  bytes = 0;
  /** Offset and length of each piece. */
  readonly #pieces = new Int32Array(2 * PIECES_MAX);
  #first = 0;
  #end = 0;

  /** No other piece can be taken. */
  get isFull(): boolean {
    return this.#end === PIECES_MAX;
  }

  /** The caller has asked `isFull`. */
  add(off: number, lenBytes: number): void {
    this.#pieces[2 * this.#end] = off;
    this.#pieces[2 * this.#end + 1] = lenBytes;
    this.#end++;
    this.bytes += lenBytes;
  }

  /** The first two, at most `maxBytes` in all; there is one. Returns how many bytes. */
  readableSpan(maxBytes: number, span: Span): number {
    const pieces = this.#pieces;
    const at = 2 * this.#first;
    const len0 = Math.min(maxBytes, pieces[at + 1]);
    const hasSecond = this.#first + 1 < this.#end;
    const len1 = hasSecond ? Math.min(maxBytes - len0, pieces[at + 3]) : 0;
    return span.set(pieces[at], len0, hasSecond ? pieces[at + 2] : 0, len1);
  }

  /** The first `n` <= bytes have been taken. */
  consume(n: number): void {
    const pieces = this.#pieces;
    this.bytes -= n;
    let left = n;
    while (left > 0) {
      const at = 2 * this.#first;
      const taken = Math.min(left, pieces[at + 1]);
      pieces[at] += taken;
      pieces[at + 1] -= taken;
      left -= taken;
      if (pieces[at + 1] === 0) this.#first++;
    }
    if (this.bytes === 0) this.clear();
  }

  /** Copies all to the ring, which has room for them. */
  moveTo(ring: ByteRing): void {
    const pieces = this.#pieces;
    for (let i = this.#first; i < this.#end; i++) ring.write(pieces[2 * i], pieces[2 * i + 1]);
    this.clear();
  }

  clear(): void {
    this.#first = this.#end = 0;
    this.bytes = 0;
  }
}

/**
 * What has arrived in order and waits for the program, and behind it what arrived out of order.
 *
 *     coalesced segment in the device's memory ──borrow──► read from there at once    (no copy)
 *                  │ not read before the flush ──copyBorrowed──►┐
 *     any other data ──────────────writeAt───────────────────► ring ──► read later    (one copy)
 *
 * Devices promise that a batch of frames stays as it is until the next flush. A large in-order
 * segment that finds the ring empty is therefore only remembered: the program usually takes it
 * before the flush. Room for it in the ring is made when it is borrowed, so that copying
 * it later cannot fail.
 *
 * Either the ring holds in-order bytes or pieces are borrowed, never both.
 *
 * @module
 */
import type { Memory } from "../../base/memory.ts";
import { ByteRing } from "../../storage/ring.ts";
import type { Span } from "../../base/span.ts";

/** Pieces that may be borrowed at a time: a batch of a device has hardly more of this size. */
const PIECES_MAX = 8;
/** Shorter data is copied: that costs less than the books. */
const BORROW_MIN_BYTES = 4096;

export class ReceiveBuffer {
  readonly #ring: ByteRing;
  /** Offset and length of each borrowed piece; made when the first is borrowed. */
  #pieces: Int32Array | null = null;
  #first = 0;
  #end = 0;
  #borrowedBytes = 0;

  constructor(memory: Memory, capacity: number) {
    this.#ring = new ByteRing(memory, capacity);
  }

  /** Bytes in order that the program has not taken. */
  get usedBytes(): number {
    return this.#ring.usedBytes + this.#borrowedBytes;
  }

  get capacity(): number {
    return this.#ring.capacity;
  }

  get isAllocated(): boolean {
    return this.#ring.isAllocated;
  }

  /** Whether `copyBorrowed` has something to do. */
  get isBorrowed(): boolean {
    return this.#borrowedBytes > 0;
  }

  /** Up to two pieces of at most `maxBytes` in all. Returns how many bytes. */
  readableSpan(maxBytes: number, span: Span): number {
    const pieces = this.#pieces;
    if (this.#borrowedBytes === 0 || pieces === null) {
      return this.#ring.readableSpan(0, maxBytes, span);
    }
    const at = 2 * this.#first;
    const len0 = Math.min(maxBytes, pieces[at + 1]);
    const hasSecond = this.#first + 1 < this.#end;
    const len1 = hasSecond ? Math.min(maxBytes - len0, pieces[at + 3]) : 0;
    return span.set(pieces[at], len0, hasSecond ? pieces[at + 2] : 0, len1);
  }

  /**
   * The program has taken the first `n` <= usedBytes bytes. `hasGaps`: more is kept out of order.
   */
  consume(n: number, hasGaps: boolean): void {
    if (this.#borrowedBytes > 0) return this.#consumeBorrowed(n);
    this.#ring.consume(n);
    if (!hasGaps && this.#ring.usedBytes === 0) this.#ring.releaseEmpty(false);
  }

  #consumeBorrowed(n: number): void {
    const pieces = this.#pieces as Int32Array;
    this.#borrowedBytes -= n;
    let left = n;
    while (left > 0) {
      const at = 2 * this.#first;
      const taken = Math.min(left, pieces[at + 1]);
      pieces[at] += taken;
      pieces[at + 1] -= taken;
      left -= taken;
      if (pieces[at + 1] === 0) this.#first++;
    }
    if (this.#borrowedBytes === 0) this.#first = this.#end = 0;
  }

  /**
   * Takes over in-order data without copying it; it must stay in place until `copyBorrowed`.
   * False: it has to be stored.
   */
  borrow(off: number, lenBytes: number): boolean {
    if (lenBytes < BORROW_MIN_BYTES || this.#ring.usedBytes > 0 || this.#end === PIECES_MAX) {
      return false;
    }
    if (!growForBytes(this.#ring, this.#borrowedBytes + lenBytes) || !this.#ring.reserve()) {
      return false;
    }
    const pieces = this.#pieces ??= new Int32Array(2 * PIECES_MAX);
    pieces[2 * this.#end] = off;
    pieces[2 * this.#end + 1] = lenBytes;
    this.#end++;
    this.#borrowedBytes += lenBytes;
    return true;
  }

  /** Copies what is still borrowed into the ring. */
  copyBorrowed(): void {
    if (this.#borrowedBytes === 0) return;
    const pieces = this.#pieces as Int32Array;
    for (let i = this.#first; i < this.#end; i++) {
      this.#ring.writeAt(0, pieces[2 * i], pieces[2 * i + 1]);
      this.#ring.commit(pieces[2 * i + 1]);
    }
    this.#first = this.#end = 0;
    this.#borrowedBytes = 0;
  }

  /**
   * Copies data to `skip` bytes beyond the bytes in order, growing the ring. False: no memory for
   * it.
   */
  store(skip: number, off: number, lenBytes: number): boolean {
    this.copyBorrowed();
    return growForBytes(this.#ring, skip + lenBytes) &&
      this.#ring.writeAt(skip, off, lenBytes) === lenBytes;
  }

  /** The next `n` stored bytes are in order now. */
  commit(n: number): void {
    this.#ring.commit(n);
  }

  /** Drops everything and gives the memory back. */
  free(): void {
    this.#ring.free();
    this.#pieces = null;
    this.#first = this.#end = 0;
    this.#borrowedBytes = 0;
  }
}

/** Makes room for `needBytes` beyond what is in the ring. False: there is no memory for it. */
function growForBytes(ring: ByteRing, needBytes: number): boolean {
  if (ring.freeBytes >= needBytes) return true;
  return ring.grow(Math.max(ring.capacity * 2, ring.usedBytes + needBytes));
}

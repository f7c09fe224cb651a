/**
 * What has arrived in order and waits for the program, and apart from it what arrived out of order.
 *
 *     coalesced segment in the device's memory ──borrow──► read from there at once    (no copy)
 *                  │ not read before the flush ──copyBorrowed──►┐
 *     any other data in order ─────append────────────────────► ring ──► read later    (one copy)
 *     data beyond a gap ──► out_of_order.ts ──join───────────►┘                      (two copies)
 *
 * Devices promise that a batch of frames stays as it is until the next flush. A large in-order
 * segment that finds the ring empty is therefore only remembered: the program usually takes it
 * before the flush. Room for it in the ring is made when it is borrowed, so that copying
 * it later cannot fail.
 *
 * Either the ring holds bytes or pieces are borrowed, never both.
 *
 * The last quarter of the memory is for small rings, so that every connection goes on when some
 * take much (Linux's tcp_rmem[0] is for the same): the larger the ring, the less of the memory may
 * be in use when it is made. What is out of order gets none of that quarter.
 *
 * @module
 */
import type { Memory } from "../../base/memory.ts";
import { ByteRing, roundCapacity } from "../../storage/ring.ts";
import type { Span } from "../../base/span.ts";
import { seqDiff } from "../base/seq.ts";
import { OutOfOrderQueue } from "./out_of_order.ts";

/** Pieces that may be borrowed at a time: a batch of a device has hardly more of this size. */
const PIECES_MAX = 8;
/** Shorter data is copied: that costs less than the books. */
const BORROW_MIN_BYTES = 4096;

/** Bytes of a connection's rings at first use; of a receive ring when memory is nearly full. */
export const RING_START_BYTES = 16 * 1024;
const RING_LEAST_BYTES = 4 * 1024;
/** Beyond these shares of the memory no ring grows over RING_START_BYTES, over RING_LEAST_BYTES. */
const START_SHARE = 3 / 4;
const LEAST_SHARE = 7 / 8;
/** Pieces out of order, for each interval that is kept: a gap that is filled makes one of two. */
const PIECES_PER_INTERVAL = 4;

/** What a receive ring may hold as things are: the window promises no more. */
export function ringMaxBytes({ usedBytes, sizeBytes }: Memory): number {
  if (usedBytes <= sizeBytes * START_SHARE) return sizeBytes;
  return usedBytes <= sizeBytes * LEAST_SHARE ? RING_START_BYTES : RING_LEAST_BYTES;
}

export class ReceiveBuffer {
  readonly #memory: Memory;
  readonly #ring: ByteRing;
  readonly outOfOrder: OutOfOrderQueue;
  /** Offset and length of each borrowed piece; made when the first is borrowed. */
  #pieces: Int32Array | null = null;
  #first = 0;
  #end = 0;
  #borrowedBytes = 0;

  /** `maxIntervals`: of sequence space, out of order. */
  constructor(memory: Memory, maxIntervals: number) {
    this.#memory = memory;
    this.#ring = new ByteRing(memory, RING_START_BYTES);
    this.outOfOrder = new OutOfOrderQueue(memory, PIECES_PER_INTERVAL * maxIntervals);
  }

  /** Bytes in order that the program has not taken. */
  get usedBytes(): number {
    return this.#ring.usedBytes + this.#borrowedBytes;
  }

  /** Bytes of memory that are taken. */
  get chargedBytes(): number {
    return (this.#ring.isAllocated ? this.#ring.capacity : 0) + this.outOfOrder.chargedBytes;
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

  /** The program has taken the first `n` <= usedBytes bytes. */
  consume(n: number): void {
    if (this.#borrowedBytes > 0) return this.#consumeBorrowed(n);
    this.#ring.consume(n);
    if (this.#ring.usedBytes === 0) this.#ring.releaseEmpty(false);
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
    if (this.#borrowedBytes > 0) return;
    this.#first = this.#end = 0;
    this.#ring.releaseEmpty(false);
  }

  /**
   * Takes over in-order data without copying it; it must stay in place until `copyBorrowed`.
   * False: it has to be stored.
   */
  borrow(off: number, lenBytes: number): boolean {
    if (lenBytes < BORROW_MIN_BYTES || this.#ring.usedBytes > 0 || this.#end === PIECES_MAX) {
      return false;
    }
    const needBytes = this.#borrowedBytes + lenBytes;
    if (this.#makeRoom(needBytes) < needBytes) return false;
    const pieces = this.#pieces ??= new Int32Array(2 * PIECES_MAX);
    pieces[2 * this.#end] = off;
    pieces[2 * this.#end + 1] = lenBytes;
    this.#end++;
    this.#borrowedBytes = needBytes;
    return true;
  }

  /** Copies what is still borrowed into the ring. */
  copyBorrowed(): void {
    if (this.#borrowedBytes === 0) return;
    const pieces = this.#pieces as Int32Array;
    for (let i = this.#first; i < this.#end; i++) {
      this.#ring.write(pieces[2 * i], pieces[2 * i + 1]);
    }
    this.#first = this.#end = 0;
    this.#borrowedBytes = 0;
  }

  /** Copies the next data in order. Returns how many bytes of it there was memory for. */
  append(off: number, lenBytes: number): number {
    this.copyBorrowed();
    const fits = Math.min(lenBytes, this.#makeRoom(lenBytes));
    return fits === 0 ? 0 : this.#ring.write(off, fits);
  }

  /**
   * What lies out of order between `from`, where the data in order ends, and `to`, without a gap,
   * is in order now. Returns up to where there was memory for it; what lies beyond is thrown away
   * then.
   */
  join(from: number, to: number): number {
    this.copyBorrowed();
    const needBytes = seqDiff(to, from);
    const fits = needBytes > 0 ? Math.min(needBytes, this.#makeRoom(needBytes)) : needBytes;
    const end = (from + fits) | 0;
    this.outOfOrder.moveTo(this.#ring, from, end);
    if (fits < needBytes) this.outOfOrder.clear();
    return end;
  }

  /** A ring that holds little gives most of its memory back, an empty one all. */
  shrink(): void {
    if (this.#borrowedBytes > 0) return;
    if (this.#ring.usedBytes === 0) this.#ring.free();
    else this.#ring.shrink();
  }

  /** Drops everything and gives the memory back. */
  free(): void {
    this.#ring.free();
    this.outOfOrder.clear();
    this.#pieces = null;
    this.#first = this.#end = 0;
    this.#borrowedBytes = 0;
  }

  /** Makes room in the ring for `n` >= 1 bytes; returns for how many there is. */
  #makeRoom(n: number): number {
    const ring = this.#ring;
    if (ring.isAllocated && ring.freeBytes >= n) return ring.freeBytes;
    const needBytes = ring.usedBytes + n;
    const doubled = ring.isAllocated ? 2 * ring.capacity : RING_START_BYTES;
    const isRoom = this.#enlarge(Math.max(doubled, needBytes)) || this.#enlarge(needBytes) ||
      this.#enlarge(RING_START_BYTES) || this.#enlarge(RING_LEAST_BYTES);
    return isRoom || ring.isAllocated ? ring.freeBytes : 0;
  }

  /** Makes the ring at least so large, if the memory in use allows it. */
  #enlarge(lenBytes: number): boolean {
    const ring = this.#ring;
    if (!allowsRing(this.#memory, roundCapacity(lenBytes))) return false;
    if (ring.isAllocated) return ring.grow(lenBytes);
    ring.startWith(lenBytes);
    return ring.reserve();
  }
}

function allowsRing({ usedBytes, sizeBytes }: Memory, capacity: number): boolean {
  if (capacity <= RING_LEAST_BYTES) return true;
  const share = capacity <= RING_START_BYTES ? LEAST_SHARE : START_SHARE;
  return usedBytes + capacity <= sizeBytes * share;
}

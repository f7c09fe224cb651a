/**
 * Which bytes beyond RCV.NXT have arrived: a bounded, sorted list of disjoint intervals of sequence
 * space. The bytes themselves lie in the receive ring, where they belong. It also remembers the
 * order in which the intervals were touched, which is the order of the SACK blocks (RFC 2018
 * section 4).
 *
 * @module
 */
import { seqGeq, seqGt, seqLeq, seqLt, seqMax, seqMin } from "../base/seq.ts";

const START_CAPACITY = 8;
/** How many of the latest arrivals are remembered: as many as fit into an option. */
const RECENT_MAX = 4;
const EMPTY = new Int32Array(0);

export class Assembler {
  /** Intervals. */
  count = 0;
  /** Edges of interval i < count, ascending; allocated at the first gap. */
  left: Int32Array = EMPTY;
  right: Int32Array = EMPTY;
  /** A sequence number inside each of the intervals touched last, latest first. */
  #recent: Int32Array = EMPTY;
  #recentCount = 0;

  /** Index of the interval that holds all of [left, right), or -1. */
  find(left: number, right: number): number {
    for (let i = 0; i < this.count; i++) {
      if (seqLeq(this.left[i], left) && seqGeq(this.right[i], right)) return i;
    }
    return -1;
  }

  /** Index of the first interval that holds any of [left, right), or -1. */
  firstOverlap(left: number, right: number): number {
    for (let i = 0; i < this.count && seqLt(this.left[i], right); i++) {
      if (seqGt(this.right[i], left)) return i;
    }
    return -1;
  }

  /** Room for [left, right): false when that would be more than `maxIntervals`. */
  hasRoom(left: number, right: number, maxIntervals: number): boolean {
    if (this.count < maxIntervals) return true;
    for (let i = 0; i < this.count; i++) {
      if (seqLeq(this.left[i], right) && seqGeq(this.right[i], left)) return true;
    }
    return false;
  }

  /** Enters [left, right), joining what it touches. The caller has asked `hasRoom`. */
  insert(left: number, right: number): void {
    if (this.count === this.left.length) this.#grow();
    const lefts = this.left;
    const rights = this.right;
    let first = 0;
    while (first < this.count && seqLt(rights[first], left)) first++;
    let last = first;
    let newLeft = left;
    let newRight = right;
    while (last < this.count && seqLeq(lefts[last], right)) {
      newLeft = seqMin(newLeft, lefts[last]);
      newRight = seqMax(newRight, rights[last]);
      last++;
    }
    // Intervals first..last-1 become one.
    lefts.copyWithin(first + 1, last, this.count);
    rights.copyWithin(first + 1, last, this.count);
    lefts[first] = newLeft;
    rights[first] = newRight;
    this.count += 1 - (last - first);
    this.#touch(left);
  }

  /**
   * Removes what begins at or before `rcvNxt`; returns up to where the sequence is now complete.
   */
  advance(rcvNxt: number): number {
    let next = rcvNxt;
    let gone = 0;
    while (gone < this.count && seqLeq(this.left[gone], next)) {
      next = seqMax(next, this.right[gone]);
      gone++;
    }
    if (gone > 0) {
      this.left.copyWithin(0, gone, this.count);
      this.right.copyWithin(0, gone, this.count);
      this.count -= gone;
    }
    if (this.count === 0) this.#recentCount = 0;
    return next;
  }

  /**
   * Fills in up to `max` SACK blocks from index `at` on, the most recently touched interval first.
   * Returns the number of blocks in the arrays.
   */
  sackBlocks(lefts: Int32Array, rights: Int32Array, at: number, max: number): number {
    let n = at;
    for (let r = 0; r < this.#recentCount && n < max; r++) {
      const i = this.#indexOf(this.#recent[r]);
      if (i >= 0) n = this.#addBlock(i, lefts, rights, at, n);
    }
    for (let i = 0; i < this.count && n < max; i++) n = this.#addBlock(i, lefts, rights, at, n);
    return n;
  }

  /** The highest sequence number held, `rcvNxt` when nothing is. */
  highest(rcvNxt: number): number {
    return this.count === 0 ? rcvNxt : this.right[this.count - 1];
  }

  clear(): void {
    this.count = 0;
    this.#recentCount = 0;
    this.left = EMPTY;
    this.right = EMPTY;
    this.#recent = EMPTY;
  }

  #addBlock(i: number, lefts: Int32Array, rights: Int32Array, from: number, n: number): number {
    for (let k = from; k < n; k++) {
      if (lefts[k] === this.left[i]) return n;
    }
    lefts[n] = this.left[i];
    rights[n] = this.right[i];
    return n + 1;
  }

  #indexOf(seq: number): number {
    for (let i = 0; i < this.count; i++) {
      if (seqLeq(this.left[i], seq) && seqGt(this.right[i], seq)) return i;
    }
    return -1;
  }

  /** Puts `seq` in front of the recent arrivals, dropping an older one of the same interval. */
  #touch(seq: number): void {
    const recent = this.#recent;
    const interval = this.#indexOf(seq);
    let kept = 0;
    for (let r = 0; r < this.#recentCount; r++) {
      if (this.#indexOf(recent[r]) === interval) continue;
      recent[kept++] = recent[r];
    }
    kept = Math.min(kept, RECENT_MAX - 1);
    recent.copyWithin(1, 0, kept);
    recent[0] = seq;
    this.#recentCount = kept + 1;
  }

  #grow(): void {
    if (this.left.length === 0) this.#recent = new Int32Array(RECENT_MAX);
    const capacity = Math.max(START_CAPACITY, this.left.length * 2);
    const left = new Int32Array(capacity);
    const right = new Int32Array(capacity);
    left.set(this.left);
    right.set(this.right);
    this.left = left;
    this.right = right;
  }
}

/** Of a connection that has never had a gap, which most are: nobody inserts into it. */
export const NO_GAPS = new Assembler();

/**
 * The bytes beyond RCV.NXT, where they wait for what is missing before them; which they are the
 * assembler knows.
 *
 *     RCV.NXT           RCV.NXT + RCV.WND
 *        |    ▒▒▒▒▒   ▒▒▒▒▒▒▒▒▒▒▒▒▒    ▒   |
 *             block   block  block     block        disjoint pieces, in the order of the sequence
 *
 * Each piece lies in a block of its own, of about its size. So what a connection is charged follows
 * what it has sent, not how far ahead that lies: a byte at the window's edge costs one smallest
 * block. A run that goes on fills its block to the end before it gets another, twice as large:
 *
 *     chargedBytes < 3 * heldBytes + 64 * pieces
 *
 * What lies here may be thrown away at any time: it has only been acknowledged selectively (RFC
 * 2018 section 8).
 *
 * @module
 */
import type { Memory } from "../../base/memory.ts";
import type { ByteRing } from "../../storage/ring.ts";
import { seqDiff, seqLt, seqMax, seqMin } from "../base/seq.ts";

const BLOCK_MIN_BYTES = 64;
/** Blocks double with a run up to this; a longer segment gets a longer one. */
const BLOCK_MAX_BYTES = 1 << 16;

/** Int32 fields of a piece: first sequence number, length; offset and size of its block. */
const SEQ = 0;
const LEN = 1;
const OFF = 2;
const SIZE = 3;
const FIELDS = 4;
const START_PIECES = 8;
/** Pieces of one connection; an honest peer makes about as many as there are segments lost. */
const PIECES_MAX = 4096;
const EMPTY = new Int32Array(0);

export class OutOfOrderQueue {
  readonly #memory: Memory;
  readonly #maxPieces: number;
  /** FIELDS of each piece, in the order of the sequence. */
  #fields: Int32Array = EMPTY;
  #count = 0;
  /** Bytes received, and bytes of memory that they take. */
  heldBytes = 0;
  chargedBytes = 0;

  constructor(memory: Memory, maxPieces = PIECES_MAX) {
    this.#memory = memory;
    this.#maxPieces = maxPieces;
  }

  get pieceCount(): number {
    return this.#count;
  }

  /**
   * Copies `lenBytes` from `off`, which are those from `seq` on; what is held already stays. False:
   * that would be too many pieces, more than `maxChargedBytes`, or there is no memory; some of it
   * may be held then.
   */
  add(seq: number, off: number, lenBytes: number, maxChargedBytes: number): boolean {
    const end = (seq + lenBytes) | 0;
    let next = this.#firstFrom(seq);
    let at = next === 0 ? seq : seqMax(seq, this.#endOf(next - 1));
    while (seqLt(at, end)) {
      const stop = next < this.#count ? seqMin(end, this.#fields[next * FIELDS + SEQ]) : end;
      const gap = seqDiff(stop, at);
      if (gap > 0) {
        const before = this.#count;
        if (!this.#put(next, at, off + seqDiff(at, seq), gap, maxChargedBytes)) return false;
        next += this.#count - before;
      }
      if (next === this.#count) break;
      at = seqMax(stop, this.#endOf(next++));
    }
    return true;
  }

  /**
   * All before `end` has been received: moves the bytes from `rcvNxt` on to the ring, which has
   * room for them, and forgets the pieces that begin before `end`.
   */
  moveTo(ring: ByteRing, rcvNxt: number, end: number): void {
    const fields = this.#fields;
    let gone = 0;
    for (; gone < this.#count && seqLt(fields[gone * FIELDS + SEQ], end); gone++) {
      const i = gone * FIELDS;
      const left = seqMax(fields[i + SEQ], rcvNxt);
      const lenBytes = seqDiff(seqMin(this.#endOf(gone), end), left);
      if (lenBytes > 0) ring.write(fields[i + OFF] + seqDiff(left, fields[i + SEQ]), lenBytes);
      this.#freeBlock(i);
    }
    fields.copyWithin(0, gone * FIELDS, this.#count * FIELDS);
    this.#count -= gone;
  }

  /** Throws everything away. */
  clear(): void {
    for (let i = 0; i < this.#count; i++) this.#freeBlock(i * FIELDS);
    this.#count = 0;
  }

  /** Index of the first piece that begins at or after `seq`. */
  #firstFrom(seq: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seqLt(this.#fields[middle * FIELDS + SEQ], seq)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #endOf(index: number): number {
    const i = index * FIELDS;
    return (this.#fields[i + SEQ] + this.#fields[i + LEN]) | 0;
  }

  /** Stores bytes that lie between pieces `index` - 1 and `index`. */
  #put(index: number, seq: number, off: number, lenBytes: number, maxCharged: number): boolean {
    const fields = this.#fields;
    const previous = (index - 1) * FIELDS;
    let filled = 0;
    let sizeBytes = BLOCK_MIN_BYTES;
    if (index > 0 && this.#endOf(index - 1) === seq) {
      // The run goes on
      filled = Math.min(lenBytes, fields[previous + SIZE] - fields[previous + LEN]);
      const to = fields[previous + OFF] + fields[previous + LEN];
      this.#memory.u8.copyWithin(to, off, off + filled);
      fields[previous + LEN] += filled;
      this.heldBytes += filled;
      if (filled === lenBytes) return true;
      sizeBytes = Math.min(2 * fields[previous + SIZE], BLOCK_MAX_BYTES);
    }
    const left = lenBytes - filled;
    sizeBytes = powerOfTwo(Math.max(sizeBytes, left));
    if (this.#count === this.#maxPieces || this.chargedBytes + sizeBytes > maxCharged) return false;
    const block = this.#memory.alloc(sizeBytes);
    if (block < 0) return false;
    this.#memory.u8.copyWithin(block, off + filled, off + lenBytes);
    this.#insert(index, (seq + filled) | 0, left, block, sizeBytes);
    return true;
  }

  #insert(index: number, seq: number, lenBytes: number, block: number, sizeBytes: number): void {
    const used = this.#count * FIELDS;
    if (used === this.#fields.length) {
      const grown = new Int32Array(Math.max(START_PIECES * FIELDS, 2 * used));
      grown.set(this.#fields);
      this.#fields = grown;
    }
    const fields = this.#fields;
    const i = index * FIELDS;
    fields.copyWithin(i + FIELDS, i, used);
    fields[i + SEQ] = seq;
    fields[i + LEN] = lenBytes;
    fields[i + OFF] = block;
    fields[i + SIZE] = sizeBytes;
    this.#count++;
    this.heldBytes += lenBytes;
    this.chargedBytes += sizeBytes;
  }

  /** Gives the block of the piece at `i` in `#fields` back. */
  #freeBlock(i: number): void {
    const fields = this.#fields;
    this.#memory.free(fields[i + OFF], fields[i + SIZE]);
    this.heldBytes -= fields[i + LEN];
    this.chargedBytes -= fields[i + SIZE];
  }
}

/** The smallest power of two >= n. */
function powerOfTwo(n: number): number {
  return 1 << (32 - Math.clz32(n - 1));
}

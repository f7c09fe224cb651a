/**
 * A byte queue over a power-of-two block of Memory, read and written through spans without copying.
 *
 *      0              head                tail = head + used           capacity
 *      |  free space  |  used bytes ...   |  free space                |     (both ends wrap)
 *
 * The block is allocated at first use, and `releaseEmpty` gives it back: an idle ring costs
 * nothing, or little.
 *
 * A ring may be pinned: its owner has others write into the block (io/app/endpoint/send_ring.ts).
 * Then the block stays the same, and its indexes go on, until it is unpinned.
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import { isWithin, KEEP_SHARE } from "../base/memory_share.ts";
import type { Span } from "../base/span.ts";

const MIN_CAPACITY = 64;

/** The smallest power of two >= `n`, at least 64. */
export function roundCapacity(n: number): number {
  return n <= MIN_CAPACITY ? MIN_CAPACITY : 1 << (32 - Math.clz32(n - 1));
}

export class ByteRing {
  #capacity: number;
  readonly #startCapacity: number;
  /** Offset of the block, -1: none yet. */
  #block = -1;
  /** Index of the first used byte, 0..capacity-1. */
  #head = 0;
  #used = 0;
  #isPinned = false;
  #isDropped = false;

  /** `capacity` bytes, rounded up to a power of two. */
  constructor(readonly memory: Memory, capacity: number) {
    this.#capacity = roundCapacity(capacity);
    this.#startCapacity = this.#capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes committed and not consumed. */
  get usedBytes(): number {
    return this.#used;
  }

  get freeBytes(): number {
    return this.#capacity - this.#used;
  }

  /** Whether it holds a block of memory. */
  get isAllocated(): boolean {
    return this.#block >= 0;
  }

  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** It was freed while pinned: the block is left to whoever has pinned it. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** Index in the block of the first used byte. */
  get headIndex(): number {
    return this.#head;
  }

  /**
   * The block stays where it is, of at least `capacity` bytes, until `unpin`. Returns its offset;
   * -1: there is no memory.
   */
  pin(capacity: number): number {
    const before = this.#capacity;
    if (!this.grow(capacity) || !this.reserve()) {
      this.#capacity = before;
      return -1;
    }
    this.#isPinned = true;
    return this.#block;
  }

  /** The reverse. A ring that was freed meanwhile gives the block back. */
  unpin(): void {
    this.#isPinned = false;
    if (this.#isDropped) this.free();
    else if (this.#used === 0) this.releaseEmpty(true);
  }

  /**
   * Where the next up to `maxBytes` bytes go. Returns how many the span has room for: 0 when the
   * ring or the memory is full.
   */
  writableSpan(maxBytes: number, span: Span): number {
    const len = Math.min(maxBytes, this.freeBytes);
    if (len <= 0 || !this.reserve()) return span.set(0, 0, 0, 0);
    return this.#spanAt(this.#used, len, span);
  }

  /** Moves the tail over `n` <= freeBytes bytes that have been written. */
  commit(n: number): void {
    this.#used += n;
  }

  /** Up to `maxBytes` used bytes, after the first `skip` of them. Returns how many. */
  readableSpan(skip: number, maxBytes: number, span: Span): number {
    const len = Math.min(maxBytes, this.#used - skip);
    if (len <= 0) return span.set(0, 0, 0, 0);
    return this.#spanAt(skip, len, span);
  }

  /** Drops the first `n` <= usedBytes bytes. */
  consume(n: number): void {
    this.#used -= n;
    this.#head = (this.#head + n) & (this.#capacity - 1);
  }

  /**
   * Nothing is used: gives the block back until the next use, so that a thousand idle rings hold
   * nothing, and busy ones share a few blocks that stay in the cache. A block that has grown will
   * be wanted again: while there is plenty of memory it is kept, and only started over. `isQueued`:
   * frames that are queued may still point into it.
   */
  releaseEmpty(isQueued: boolean): void {
    if (this.#isPinned) return;
    this.#head = 0;
    if (this.#block < 0) return;
    if (this.#capacity > this.#startCapacity && isWithin(this.memory, KEEP_SHARE)) return;
    if (isQueued) this.memory.freeDeferred(this.#block, this.#capacity);
    else this.memory.free(this.#block, this.#capacity);
    this.#block = -1;
    this.#capacity = this.#startCapacity;
  }

  /**
   * Copies `len` bytes of the memory at `srcOff` in and commits them. Returns how many fitted (0
   * when the memory is full).
   */
  write(srcOff: number, len: number): number {
    const fits = Math.min(len, this.freeBytes);
    if (fits <= 0 || (this.#block < 0 && !this.reserve())) return 0;
    const start = (this.#head + this.#used) & (this.#capacity - 1);
    const len0 = Math.min(fits, this.#capacity - start);
    const u8 = this.memory.u8;
    u8.copyWithin(this.#block + start, srcOff, srcOff + len0);
    if (len0 < fits) u8.copyWithin(this.#block, srcOff + len0, srcOff + fits);
    this.#used += fits;
    return fits;
  }

  /** For a ring without a block: the capacity of the next one, be it below that of the start. */
  startWith(capacity: number): void {
    if (this.#block < 0) this.#capacity = roundCapacity(capacity);
  }

  /**
   * Enlarges to `newCapacity` (rounded up), keeping the used bytes. The old block is freed
   * deferred. Returns false, and nothing changes, when there is no memory.
   */
  grow(newCapacity: number): boolean {
    const capacity = roundCapacity(newCapacity);
    if (capacity <= this.#capacity) return true;
    if (this.#isPinned) return false;
    if (this.#block >= 0) return this.#move(capacity);
    this.#capacity = capacity;
    return true;
  }

  /**
   * The reverse of `grow`, for a ring that is nearly empty: the smallest block that holds what is
   * used. Nothing changes when there is no memory.
   */
  shrink(): void {
    const capacity = roundCapacity(Math.max(this.#used, this.#startCapacity));
    const isSmaller = capacity < this.#capacity && !this.#isPinned;
    if (this.#block >= 0 && isSmaller) this.#move(capacity);
  }

  /** Into a new block of `capacity` bytes. */
  #move(capacity: number): boolean {
    const block = this.memory.alloc(capacity);
    if (block < 0) return false;
    const u8 = this.memory.u8;
    const from = this.#block + this.#head;
    const untilWrap = Math.min(this.#used, this.#capacity - this.#head);
    u8.copyWithin(block, from, from + untilWrap);
    u8.copyWithin(block + untilWrap, this.#block, this.#block + this.#used - untilWrap);
    this.memory.freeDeferred(this.#block, this.#capacity);
    this.#block = block;
    this.#capacity = capacity;
    this.#head = 0;
    return true;
  }

  /**
   * Drops all bytes and gives the block back (deferred: queued frames may point into it). The ring
   * may be used again, with the capacity that it began with. A pinned one keeps the block.
   */
  free(): void {
    if (this.#isPinned) {
      this.#isDropped = true;
      this.#used = 0;
      return;
    }
    this.#isDropped = false;
    if (this.#block >= 0) this.memory.freeDeferred(this.#block, this.#capacity);
    this.#block = -1;
    this.#capacity = this.#startCapacity;
    this.#head = 0;
    this.#used = 0;
  }

  /** Makes sure that there is a block; false: there is no memory. */
  reserve(): boolean {
    if (this.#block < 0) this.#block = this.memory.alloc(this.#capacity);
    return this.#block >= 0;
  }

  /** `len` >= 1 bytes from `skip` after the head. */
  #spanAt(skip: number, len: number, span: Span): number {
    const start = (this.#head + skip) & (this.#capacity - 1);
    const len0 = Math.min(len, this.#capacity - start);
    return span.set(this.#block + start, len0, this.#block, len - len0);
  }
}

/**
 * The stack's Memory over one ArrayBuffer: a buddy allocator.
 *
 * A block of order k is UNIT_LEN << k bytes, at a multiple of its size from the base; its buddy is
 * the block that differs in that one address bit. Freeing merges buddies as far up as they are
 * free. Nothing is written into the buffer itself: `#heads` has a byte a unit (0 where no block
 * begins), the free blocks of an order are a doubly linked list through `#next` and `#prev` (unit +
 * 1, so that untouched pages of these arrays stay zero and cost nothing). alloc and free take at
 * most one step an order.
 *
 * Merging all the way up only to split all the way down again for the next packet would cost 300
 * ns; so the last few freed blocks of each small order are kept as they are (`#kept`) and handed
 * out first (20 ns). They are merged when an allocation would fail without them.
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";

const UNIT_SHIFT = 6;
const UNIT_LEN = 1 << UNIT_SHIFT;
/** Offsets stay below 2^30. */
const MAX_LEN = 1 << 30;
const ORDER_COUNT = 30 - UNIT_SHIFT + 1;
/** Head bytes are order + 1, with one of these bits when the block is in use, or kept. */
const IN_USE = 0x40;
const KEPT = 0x80;
/** Blocks of orders below this (16 KiB at most) are kept, up to KEEP_COUNT of each. */
const KEPT_ORDERS = 9;
const KEEP_COUNT = 64;

/** Order of the smallest block that holds `lenBytes`. */
function orderFor(lenBytes: number): number {
  return lenBytes <= UNIT_LEN ? 0 : 32 - Math.clz32((lenBytes - 1) >>> UNIT_SHIFT);
}

export class BuddyMemory implements Memory {
  readonly u8: Uint8Array;
  readonly dv: DataView;
  /**
   * Calls of free that named no live block of that size: ignored, but each is a bug of the caller.
   */
  badFrees = 0;
  #usedBytes = 0;
  /** Bytes that alloc can hand out in all. */
  readonly sizeBytes: number;
  readonly #base: number;
  readonly #unitCount: number;
  readonly #heads: Uint8Array;
  readonly #next: Int32Array;
  readonly #prev: Int32Array;
  /** First free block of each order, unit + 1. */
  readonly #free = new Int32Array(ORDER_COUNT);
  /** Bit k: there is a free block of order k. */
  #freeMask = 0;
  /** Units of the kept blocks, KEEP_COUNT places an order. */
  readonly #kept = new Int32Array(KEPT_ORDERS * KEEP_COUNT);
  readonly #keptCount = new Int32Array(KEPT_ORDERS);
  #deferredOff = new Int32Array(64);
  #deferredLen = new Int32Array(64);
  #deferredCount = 0;

  /** Manages `buffer` from `startOff` (rounded up to 64) to its end, at most to 2^30. */
  constructor(buffer: ArrayBuffer, startOff = 0) {
    this.u8 = new Uint8Array(buffer);
    this.dv = new DataView(buffer);
    this.#base = Math.ceil(startOff / UNIT_LEN) * UNIT_LEN;
    const endOff = Math.min(buffer.byteLength, MAX_LEN);
    this.#unitCount = Math.max(0, (endOff - this.#base) >> UNIT_SHIFT);
    this.sizeBytes = this.#unitCount * UNIT_LEN;
    this.#heads = new Uint8Array(this.#unitCount);
    this.#next = new Int32Array(this.#unitCount);
    this.#prev = new Int32Array(this.#unitCount);
    let unit = 0;
    for (let order = ORDER_COUNT - 1; order >= 0; order--) {
      if (unit + (1 << order) > this.#unitCount) continue;
      this.#push(unit, order);
      unit += 1 << order;
    }
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  alloc(lenBytes: number): number {
    if (lenBytes < 0 || lenBytes > MAX_LEN) return -1;
    const order = orderFor(lenBytes);
    const unit = this.#takeUnit(order);
    if (unit < 0) return -1;
    this.#heads[unit] = IN_USE | (order + 1);
    this.#usedBytes += UNIT_LEN << order;
    return this.#base + (unit << UNIT_SHIFT);
  }

  free(off: number, lenBytes: number): void {
    const unit = (off - this.#base) >> UNIT_SHIFT;
    const order = orderFor(lenBytes);
    const isLive = unit >= 0 && unit < this.#unitCount &&
      this.#base + (unit << UNIT_SHIFT) === off && this.#heads[unit] === (IN_USE | (order + 1));
    if (!isLive) {
      this.badFrees++;
      return;
    }
    this.#usedBytes -= UNIT_LEN << order;
    if (order < KEPT_ORDERS && this.#keptCount[order] < KEEP_COUNT) {
      this.#heads[unit] = KEPT | (order + 1);
      this.#kept[order * KEEP_COUNT + this.#keptCount[order]++] = unit;
    } else {
      this.#merge(unit, order);
    }
  }

  freeDeferred(off: number, lenBytes: number): void {
    const i = this.#deferredCount++;
    if (i === this.#deferredOff.length) this.#growDeferred();
    this.#deferredOff[i] = off;
    this.#deferredLen[i] = lenBytes;
  }

  releaseDeferred(): void {
    for (let i = 0; i < this.#deferredCount; i++) {
      this.free(this.#deferredOff[i], this.#deferredLen[i]);
    }
    this.#deferredCount = 0;
  }

  /** Takes a block of `order` out of the kept or free ones; -1: there is none. */
  #takeUnit(order: number): number {
    if (order < KEPT_ORDERS && this.#keptCount[order] > 0) {
      return this.#kept[order * KEEP_COUNT + --this.#keptCount[order]];
    }
    let candidates = this.#freeMask >>> order << order;
    if (candidates === 0) {
      this.#mergeKept();
      candidates = this.#freeMask >>> order << order;
      if (candidates === 0) return -1;
    }
    let from = 31 - Math.clz32(candidates & -candidates);
    const unit = this.#free[from] - 1;
    this.#unlink(unit, from);
    while (from > order) {
      from--;
      this.#push(unit + (1 << from), from);
    }
    return unit;
  }

  /** Frees a block, joined with its buddies. */
  #merge(unit: number, order: number): void {
    this.#heads[unit] = 0;
    for (; order < ORDER_COUNT - 1; order++) {
      const buddy = unit ^ (1 << order);
      if (buddy >= this.#unitCount || this.#heads[buddy] !== order + 1) break;
      this.#unlink(buddy, order);
      unit &= buddy;
    }
    this.#push(unit, order);
  }

  #mergeKept(): void {
    for (let order = 0; order < KEPT_ORDERS; order++) {
      const first = order * KEEP_COUNT;
      for (let i = 0; i < this.#keptCount[order]; i++) this.#merge(this.#kept[first + i], order);
      this.#keptCount[order] = 0;
    }
  }

  #push(unit: number, order: number): void {
    const head = this.#free[order];
    this.#next[unit] = head;
    this.#prev[unit] = 0;
    if (head !== 0) this.#prev[head - 1] = unit + 1;
    this.#free[order] = unit + 1;
    this.#freeMask |= 1 << order;
    this.#heads[unit] = order + 1;
  }

  #unlink(unit: number, order: number): void {
    const next = this.#next[unit];
    const prev = this.#prev[unit];
    if (next !== 0) this.#prev[next - 1] = prev;
    if (prev !== 0) this.#next[prev - 1] = next;
    else this.#free[order] = next;
    if (this.#free[order] === 0) this.#freeMask &= ~(1 << order);
    this.#heads[unit] = 0;
  }

  #growDeferred(): void {
    const grow = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.#deferredOff = grow(this.#deferredOff);
    this.#deferredLen = grow(this.#deferredLen);
  }
}

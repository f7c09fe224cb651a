/**
 * The receive queue of a datagram socket: records of DGRAM_HEADER_LEN bytes and a payload, each of
 * them contiguous, in one block of memory used as a ring. The block is allocated at first use and
 * doubles as needed up to a bound that follows the receive buffer's size. Of the last quarter of
 * the memory, though, nobody gets more than a first block, and once half of it is in use whoever
 * has read everything gives back what is more than that. However many sockets do not read, or did
 * so once, there is room for others.
 *
 *      0        tail          head                      capacity
 *      | records |    free    | records … |  (a gap that no record fitted) |
 *
 * Only payload counts against the receive buffer (the kernel's default of 212,992 counts its own
 * overhead); a record is taken while the count is below the limit, so that a single one always
 * fits.
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import { GROW_SHARE, isWithin, KEEP_SHARE } from "../base/memory_share.ts";
import { DGRAM_HEADER_LEN } from "./datagram_header.ts";

const FIRST_CAPACITY = 16 * 1024;
/** Longest record there can be, rounded up. */
const MAX_RECORD_LEN = 65536 + DGRAM_HEADER_LEN;

export class RecordQueue {
  /** SO_RCVBUF. */
  limitBytes: number;
  #block = -1;
  #capacity = 0;
  #head = 0;
  #tail = 0;
  #payloadBytes = 0;
  /** Ring of record offsets (in the block) and payload lengths. */
  #offs = new Int32Array(16);
  #lens = new Int32Array(16);
  #first = 0;
  #count = 0;
  /** Records taken out of the front so far: the id of the first one. */
  #firstId = 0;

  constructor(readonly memory: Memory, limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Records waiting. */
  get count(): number {
    return this.#count;
  }

  /** Payload bytes waiting. */
  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** The id of the record that `push` makes next; ids of records behind a removed one shift. */
  get nextId(): number {
    return this.#firstId + this.#count;
  }

  /** Whether the record with this id is still there. */
  has(id: number): boolean {
    return id >= this.#firstId && id < this.nextId;
  }

  /** Offset in memory of a record that is there. */
  offsetOf(id: number): number {
    return this.peek(id - this.#firstId);
  }

  /** Room for a record with `payloadLen` bytes of payload at the end; its offset, or -1: full. */
  push(payloadLen: number): number {
    if (this.#payloadBytes >= this.limitBytes) return -1;
    const recordLen = (DGRAM_HEADER_LEN + payloadLen + 7) & ~7;
    let at = this.#place(recordLen);
    if (at < 0) {
      if (!this.#grow(recordLen)) return -1;
      at = this.#place(recordLen);
    }
    if (this.#count === this.#offs.length) this.#growIndex();
    const i = (this.#first + this.#count) & (this.#offs.length - 1);
    this.#offs[i] = at;
    this.#lens[i] = payloadLen;
    this.#count++;
    this.#tail = at + recordLen;
    this.#payloadBytes += payloadLen;
    return this.#block + at;
  }

  /** Makes the last record `moreLen` bytes longer; where it lies then, or -1: no room. */
  extendLast(moreLen: number): number {
    if (this.#count === 0 || this.#payloadBytes >= this.limitBytes) return -1;
    const slot = (this.#first + this.#count - 1) & (this.#offs.length - 1);
    const at = this.#offs[slot];
    const end = (at + DGRAM_HEADER_LEN + this.#lens[slot] + moreLen + 7) & ~7;
    if (end > (at >= this.#head ? this.#capacity : this.#head)) {
      return this.#grow((moreLen + 7) & ~7) ? this.extendLast(moreLen) : -1;
    }
    this.#lens[slot] += moreLen;
    this.#payloadBytes += moreLen;
    // Behind it a removed record may lie still, perhaps at the block's beginning
    if (this.#tail > at && this.#tail < end) this.#tail = end;
    return this.#block + at;
  }

  /** Offset in memory of the i-th record, i < count. Valid until the next push. */
  peek(i: number): number {
    return this.#block + this.#offs[(this.#first + i) & (this.#offs.length - 1)];
  }

  /** Removes the first `n` records, n <= count. */
  consume(n: number): void {
    const mask = this.#offs.length - 1;
    for (let i = 0; i < n; i++) {
      this.#payloadBytes -= this.#lens[this.#first];
      this.#first = (this.#first + 1) & mask;
    }
    this.#count -= n;
    this.#firstId += n;
    this.#settle();
  }

  /** Removes a record anywhere in the queue. Its bytes are free when those in front of it are. */
  remove(id: number): void {
    const mask = this.#offs.length - 1;
    const at = id - this.#firstId;
    if (at === 0) return this.consume(1);
    this.#payloadBytes -= this.#lens[(this.#first + at) & mask];
    for (let i = at; i + 1 < this.#count; i++) {
      const to = (this.#first + i) & mask;
      const from = (to + 1) & mask;
      this.#offs[to] = this.#offs[from];
      this.#lens[to] = this.#lens[from];
    }
    this.#count--;
  }

  #settle(): void {
    if (this.#count > 0) {
      this.#head = this.#offs[this.#first];
    } else {
      this.#head = 0;
      this.#tail = 0;
      const isLarge = this.#capacity > FIRST_CAPACITY;
      if (isLarge && !isWithin(this.memory, KEEP_SHARE)) this.#freeBlock();
    }
  }

  free(): void {
    this.consume(this.#count);
    this.#freeBlock();
  }

  #freeBlock(): void {
    if (this.#block >= 0) this.memory.free(this.#block, this.#capacity);
    this.#block = -1;
    this.#capacity = 0;
  }

  /** Where in the block a record of `len` bytes goes, -1: nowhere. */
  #place(len: number): number {
    const isWrapped = this.#count > 0 && this.#tail <= this.#head;
    if (isWrapped) return this.#head - this.#tail >= len ? this.#tail : -1;
    if (this.#capacity - this.#tail >= len) return this.#tail;
    return this.#head >= len ? 0 : -1;
  }

  /** Moves everything into a block with room for one more record of `len` bytes. */
  #grow(len: number): boolean {
    const used = this.#usedBytes();
    const bound = 2 * Math.max(this.limitBytes, MAX_RECORD_LEN) + MAX_RECORD_LEN;
    let capacity = Math.max(FIRST_CAPACITY, 2 * this.#capacity);
    while (capacity < used + len) capacity *= 2;
    if (this.#capacity >= bound || !this.#mayTake(capacity)) return false;
    const block = this.memory.alloc(capacity);
    if (block < 0) return false;
    let to = 0;
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#first + i) & (this.#offs.length - 1);
      const from = this.#block + this.#offs[slot];
      const recordLen = DGRAM_HEADER_LEN + this.#lens[slot];
      this.memory.u8.copyWithin(block + to, from, from + recordLen);
      this.#offs[slot] = to;
      to += (recordLen + 7) & ~7;
    }
    if (this.#block >= 0) this.memory.free(this.#block, this.#capacity);
    this.#block = block;
    this.#capacity = capacity;
    this.#head = 0;
    this.#tail = to;
    return true;
  }

  #mayTake(capacity: number): boolean {
    return capacity <= FIRST_CAPACITY || isWithin(this.memory, GROW_SHARE, capacity);
  }

  #usedBytes(): number {
    if (this.#count === 0) return 0;
    if (this.#tail > this.#head) return this.#tail - this.#head;
    return this.#capacity - this.#head + this.#tail;
  }

  #growIndex(): void {
    const length = this.#offs.length;
    const offs = new Int32Array(2 * length);
    const lens = new Int32Array(2 * length);
    for (let i = 0; i < length; i++) {
      const slot = (this.#first + i) & (length - 1);
      offs[i] = this.#offs[slot];
      lens[i] = this.#lens[slot];
    }
    this.#offs = offs;
    this.#lens = lens;
    this.#first = 0;
  }
}

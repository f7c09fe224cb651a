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
import { GROW_SHARE, isWithin, START_SHARE } from "../../base/memory_share.ts";
import { ByteRing, roundCapacity } from "../../storage/ring.ts";
import type { Span } from "../../base/span.ts";
import { seqDiff } from "../base/seq.ts";
import { BorrowedPieces } from "./borrowed_pieces.ts";
import { OutOfOrderQueue } from "./out_of_order.ts";

/** Shorter data is copied: that costs less than the books. */
const BORROW_MIN_BYTES = 4096;

/** Bytes of a connection's rings at first use; of a receive ring when memory is nearly full. */
export const RING_START_BYTES = 16 * 1024;
const RING_LEAST_BYTES = 4 * 1024;

/** What a receive ring may hold as things are: the window promises no more. */
export function ringMaxBytes(memory: Memory): number {
  if (isWithin(memory, GROW_SHARE)) return memory.sizeBytes;
  return isWithin(memory, START_SHARE) ? RING_START_BYTES : RING_LEAST_BYTES;
}

export class ReceiveBuffer {
  readonly #ring: ByteRing;
  /** Made at the first gap, given up when there is none: most connections never have one. */
  #outOfOrder: OutOfOrderQueue | null = null;
  /** Made when the first is borrowed. */
  #borrowed: BorrowedPieces | null = null;

  constructor(memory: Memory) {
    this.#ring = new ByteRing(memory, RING_START_BYTES);
  }

  /** Bytes in order that the program has not taken. */
  get usedBytes(): number {
    return this.#ring.usedBytes + this.#borrowedBytes;
  }

  get #borrowedBytes(): number {
    return this.#borrowed === null ? 0 : this.#borrowed.bytes;
  }

  /** Bytes of memory that are taken. */
  get chargedBytes(): number {
    const ringBytes = this.#ring.isAllocated ? this.#ring.capacity : 0;
    return ringBytes + (this.#outOfOrder === null ? 0 : this.#outOfOrder.chargedBytes);
  }

  /** null: nothing is held. */
  get outOfOrder(): Readonly<OutOfOrderQueue> | null {
    return this.#outOfOrder;
  }

  /** Whether `copyBorrowed` has something to do. */
  get isBorrowed(): boolean {
    return this.#borrowedBytes > 0;
  }

  /** Up to two pieces of at most `maxBytes` in all. Returns how many bytes. */
  readableSpan(maxBytes: number, span: Span): number {
    const borrowed = this.#borrowed;
    if (borrowed !== null && borrowed.bytes > 0) return borrowed.readableSpan(maxBytes, span);
    return this.#ring.readableSpan(0, maxBytes, span);
  }

  /** The program has taken the first `n` <= usedBytes bytes. */
  consume(n: number): void {
    const borrowed = this.#borrowed;
    if (borrowed !== null && borrowed.bytes > 0) {
      borrowed.consume(n);
      if (borrowed.bytes > 0) return;
    } else {
      this.#ring.consume(n);
    }
    if (this.#ring.usedBytes === 0) this.#ring.releaseEmpty(false);
  }

  /**
   * Takes over in-order data without copying it; it must stay in place until `copyBorrowed`.
   * False: it has to be stored.
   */
  borrow(off: number, lenBytes: number): boolean {
    if (lenBytes < BORROW_MIN_BYTES || this.#ring.usedBytes > 0) return false;
    const borrowed = this.#borrowed ??= new BorrowedPieces();
    const needBytes = borrowed.bytes + lenBytes;
    if (borrowed.isFull || this.#makeRoom(needBytes) < needBytes) return false;
    borrowed.add(off, lenBytes);
    return true;
  }

  /** Copies what is still borrowed into the ring. */
  copyBorrowed(): void {
    const borrowed = this.#borrowed;
    if (borrowed !== null && borrowed.bytes > 0) borrowed.moveTo(this.#ring);
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
    this.#outOfOrder?.moveTo(this.#ring, from, end);
    if (fits < needBytes || this.#outOfOrder?.pieceCount === 0) this.dropOutOfOrder();
    return end;
  }

  /** Keeps data beyond a gap; see OutOfOrderQueue.add. */
  addOutOfOrder(seq: number, off: number, lenBytes: number, maxChargedBytes: number): boolean {
    const queue = this.#outOfOrder ??= new OutOfOrderQueue(this.#ring.memory);
    return queue.add(seq, off, lenBytes, maxChargedBytes);
  }

  /** Throws away what came out of order. */
  dropOutOfOrder(): void {
    this.#outOfOrder?.clear();
    this.#outOfOrder = null;
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
    this.dropOutOfOrder();
    this.#borrowed = null;
  }

  /** Makes room in the ring for `n` >= 1 bytes; returns for how many there is. */
  #makeRoom(n: number): number {
    const ring = this.#ring;
    if (ring.isAllocated ? ring.freeBytes >= n : this.#begin(n)) return ring.freeBytes;
    const needBytes = ring.usedBytes + n;
    const doubled = ring.isAllocated ? 2 * ring.capacity : RING_START_BYTES;
    const isRoom = this.#enlarge(Math.max(doubled, needBytes)) || this.#enlarge(needBytes) ||
      this.#enlarge(RING_START_BYTES) || this.#enlarge(RING_LEAST_BYTES);
    return isRoom || ring.isAllocated ? ring.freeBytes : 0;
  }

  /** What most segments find, whose program reads at once: no ring, and memory for a usual one. */
  #begin(n: number): boolean {
    const ring = this.#ring;
    if (n > RING_START_BYTES || ring.capacity !== RING_START_BYTES) return false;
    return isWithin(ring.memory, START_SHARE, RING_START_BYTES) && ring.reserve();
  }

  /** Makes the ring at least so large, if the memory in use allows it. */
  #enlarge(lenBytes: number): boolean {
    const ring = this.#ring;
    if (!allowsRing(ring.memory, roundCapacity(lenBytes))) return false;
    if (ring.isAllocated) return ring.grow(lenBytes);
    ring.startWith(lenBytes);
    return ring.reserve();
  }
}

function allowsRing(memory: Memory, capacity: number): boolean {
  if (capacity <= RING_LEAST_BYTES) return true;
  const share = capacity <= RING_START_BYTES ? START_SHARE : GROW_SHARE;
  return isWithin(memory, share, capacity);
}

/**
 * The other direction of send_ring.ts: a ring in memory that a program and we share, in which the
 * bytes that have come for a stream wait for the program. The program's half is
 * ffi/shim/stream/ring_receive.c.
 *
 *     service                              memory of both                        program (shim)
 *     TCP ──copy──►  [ ░░ room ░░ │ unread                  │ ░░ room ░░ ]  ──copies──► recv()
 *                                  word: index, flags        limit
 *                                  ▲ both, by exchange       ▲ ours, the program only reads
 *
 *     order of the stream:  what is in the pair, then what is in the ring
 *
 * The pair leads. It holds the stream's own next bytes, never others, so whoever reads past the
 * shim (a raw system call, stdio, io_uring, another process) gets the right ones; and it is
 * readable, level and edge, for whoever polls. Where the ring holds bytes and the pair none, we
 * move some from the front of the ring into the pair: the head (ring_head.ts), some 64 bytes, all
 * that there is if that is little. A read by the shim takes the head and goes on in the ring, in
 * one call.
 *
 * The memory is long, so that little waits elsewhere for a program that is slow, but each time that
 * the ring is empty it is begun anew: who keeps up goes around a small part of it, in the cache.
 *
 * The word. Its index counts the bytes taken out of the ring, modulo 2^27; flags:
 *
 *   HEAD     the pair may hold bytes, which come first: whoever reads asks the pair. Set by us;
 *            cleared by a read that has found the pair empty, under BUSY.
 *   BUSY     a thread of the program copies bytes out. Who finds it set (another thread, a signal's
 *            handler) gives the ring up: both go on by the pair.
 *   CLAIMED  we are moving a head, by exchange against BUSY.
 *   ASLEEP   we sleep, and want to be told when so much has been read (`wake`): the window waits.
 *   GONE     the ring is not used any more. What it holds goes by the pair, from the index on: a
 *            read that was under way does not count, as it cannot move the index any more.
 *
 * A hostile program can write anything into the word; the index may only grow up to what has been
 * put, and is read once. What it scribbles over the bytes it gets back itself, at most.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import type { AppContext } from "./app_context.ts";

const INDEX_SHIFT = P.NUSE_RING_INDEX_SHIFT;
const INDEX_MASK = -1 >>> INDEX_SHIFT;
const FLAGS = (1 << INDEX_SHIFT) - 1;
const { NUSE_RING_ASLEEP: ASLEEP, NUSE_RING_BUSY: BUSY, NUSE_RING_CLAIMED: CLAIMED } = P;
const { NUSE_RING_GONE: GONE, NUSE_RING_HEAD: HEAD } = P;

export class ReceiveRing {
  /** Bytes that have not been taken, as of the last `look`. */
  unread = 0;
  /** Whether the program had taken some between the last two looks. */
  hasMoved = false;
  /** Bytes that have gone into the pair since it was last known to be empty. */
  pairBytes: number;
  /** The program has written what it must not. */
  isBroken = false;
  lastUsedUs: number;
  /** Up to where the program has taken, and up to where we have put. */
  #tail = 0;
  #end = 0;
  /** The index whose byte lies at the start of the memory. */
  #origin = 0;
  readonly #words: Int32Array;
  readonly #word: number;

  /**
   * Shared already (receive_rings.ts): the control words at `pageOff`, the bytes at `off`. The pair
   * may hold `pairBytes`, which come first.
   */
  constructor(
    readonly app: AppContext,
    readonly pageOff: number,
    readonly off: number,
    readonly capacity: number,
    pairBytes: number,
    nowUs: number,
  ) {
    this.pairBytes = pairBytes;
    this.lastUsedUs = nowUs;
    this.#words = app.words;
    this.#word = (pageOff + P.NUSE_RING_WORD_OFF) >> 2;
    Atomics.store(this.#words, this.#word, HEAD);
    this.#tell(P.NUSE_RING_LIMIT_OFF, 0);
    this.#tell(P.NUSE_RING_ORIGIN_OFF, 0);
  }

  /** One of the words that the program only reads. */
  #tell(wordOff: number, value: number): void {
    Atomics.store(this.#words, (this.pageOff + wordOff) >> 2, value);
  }

  /** Sees how far the program is, and what it does: its flags. */
  look(): number {
    const word = Atomics.load(this.#words, this.#word);
    this.#follow(word);
    if ((word & HEAD) === 0) this.pairBytes = 0;
    return word & FLAGS;
  }

  #follow(word: number): void {
    const taken = ((word >>> INDEX_SHIFT) - this.#tail) & INDEX_MASK;
    this.hasMoved = taken > 0;
    if (taken > this.unread) {
      this.isBroken = true;
      return;
    }
    this.#tail = (this.#tail + taken) & INDEX_MASK;
    this.unread -= taken;
  }

  get room(): number {
    return this.capacity - this.unread;
  }

  /** Copies `len` <= room bytes of the memory at `from` in; the program sees them at `publish`. */
  put(from: number, len: number): void {
    const { u8 } = this.app.memory;
    const at = this.#placeOf(this.#end);
    const first = Math.min(len, this.capacity - at);
    u8.copyWithin(this.off + at, from, from + first);
    if (first < len) u8.copyWithin(this.off, from + first, from + len);
    this.#end = (this.#end + len) & INDEX_MASK;
    this.unread += len;
  }

  publish(): void {
    this.#tell(P.NUSE_RING_LIMIT_OFF, this.#end);
  }

  /**
   * The program is kept from the ring, `unread` is what it holds. False: it is at work in it, or
   * has given it up.
   */
  claim(): boolean {
    const word = Atomics.load(this.#words, this.#word);
    this.#follow(word);
    if ((word & (BUSY | GONE)) !== 0 || this.isBroken) return false;
    return this.#exchange(word, word | CLAIMED);
  }

  /** After `claim`: `n` bytes have gone into the pair. */
  release(n: number): void {
    this.passOn(n);
    this.pairBytes += n;
    let word = Atomics.load(this.#words, this.#word);
    // Nobody else changes it while it is claimed, but who writes what he must not
    while (!this.#exchange(word, this.#tail << INDEX_SHIFT | (word & FLAGS & ~CLAIMED) | HEAD)) {
      word = Atomics.load(this.#words, this.#word);
    }
  }

  #exchange(expected: number, wanted: number): boolean {
    return Atomics.compareExchange(this.#words, this.#word, expected, wanted) === expected;
  }

  /** Where the next byte lies. */
  nextOff(): number {
    return this.off + this.#placeOf(this.#tail);
  }

  /** How many of `n` bytes lie in one piece from `nextOff` on; the others at the block's start. */
  firstPiece(n: number): number {
    return Math.min(n, this.capacity - this.#placeOf(this.#tail));
  }

  #placeOf(index: number): number {
    return (index - this.#origin) & (this.capacity - 1);
  }

  /** An empty ring begins anew, so that a program which keeps up uses little memory of it. */
  startOver(): void {
    if (this.#placeOf(this.#end) === 0 || !this.claim()) return;
    if (this.unread === 0) {
      this.#origin = this.#end;
      this.#tell(P.NUSE_RING_ORIGIN_OFF, this.#origin);
    }
    Atomics.and(this.#words, this.#word, ~CLAIMED);
  }

  /**
   * Before the loop sleeps: the program tells when it has taken half of what there is. False: it
   * has taken some just now.
   */
  sleep(): boolean {
    const word = Atomics.load(this.#words, this.#word);
    if ((word >>> INDEX_SHIFT) !== this.#tail) return false;
    if ((word & ASLEEP) !== 0) return true;
    const wake = (this.#tail + (this.unread >> 1)) & INDEX_MASK;
    this.#tell(P.NUSE_RING_WAKE_OFF, wake);
    return this.#exchange(word, word | ASLEEP);
  }

  /** We look by ourselves. */
  wake(): void {
    Atomics.and(this.#words, this.#word, ~ASLEEP);
  }

  /** Whether the program has taken some since the last look. */
  get hasNews(): boolean {
    return (Atomics.load(this.#words, this.#word) >>> INDEX_SHIFT) !== this.#tail;
  }

  /** Nobody takes anything out of it any more: `unread` bytes are left, for `passOn`. */
  end(): void {
    this.#follow(Atomics.or(this.#words, this.#word, GONE));
  }

  /** After `end`: `n` bytes have gone by the pair. */
  passOn(n: number): void {
    this.#tail = (this.#tail + n) & INDEX_MASK;
    this.unread -= n;
  }
}

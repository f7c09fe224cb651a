/**
 * A ring in memory that the program and we share, in which the bytes of a stream reach TCP without
 * a copy of ours and without a call: the essay on rings. The program's half is
 * ffi/shim/stream/ring_send.c, with ffi/shim/core/rings.c.
 *
 *     program (shim)                    memory of both                         service
 *     send() ──copies──►  [ sent, not acked │ not sent │ ░░ room ░░ ]  ──► frames, by reference
 *                          tail             │          index      limit
 *                          (ours alone)     word: index, flags ◄── both, by compare-and-exchange
 *                                           limit              ◄── ours, the program only reads
 *
 * The ring is TCP's send ring itself: its block of the arena is mapped over with the shared memory.
 * Nothing else changes: the descriptor is one end of the pair as before, and what the pair holds is
 * the program's bytes and nothing but that. A send puts what has room into the ring, and what has
 * none, or may not go there, into the pair. Two rules keep the order:
 *
 *   - The program puts bytes into the ring only while the pair is empty.
 *   - We take what is in the ring before we take what is in the pair.
 *
 * So whoever writes past the shim (a raw system call, stdio, sendfile, the second door, a fork, an
 * image after exec, a process that got the descriptor by SCM_RIGHTS) just writes into the pair, and
 * its bytes come in their place. The price is a system call for each send, which asks the kernel
 * whether the pair is empty, and whether the descriptor still names this socket: SO_MEMINFO tells
 * both, as each ring's pair has a SO_SNDBUF of its own.
 *
 * Readiness is the pair's. Where the ring is full a piece of the bytes goes into the pair, whose
 * SO_SNDBUF is small then: it is not writable, level and edge, a blocking send sleeps in it, with
 * SO_SNDTIMEO and signals as ever, and it becomes writable when we take the piece, which we do when
 * a quarter of the buffer is free. It is empty by then, and the ring is used again.
 *
 * The word. Its index counts the bytes put into the ring, modulo 2^27; flags:
 *
 *   BUSY     a thread of the program copies bytes in; who finds it set uses the pair. So no lock
 *            is held while a signal's handler runs, or after it has jumped away.
 *   CLAIMED  we are taking bytes from the pair, which come where the program would put its own:
 *            set by exchange against BUSY. Who holds BUSY too long (1 ms) while the pair has bytes
 *            loses the ring.
 *   ASLEEP   we have seen the index and will not look by ourselves: set by exchange against a
 *            change of the index, so that no wake-up is lost. Who puts bytes in clears it, and
 *            tells (LOOK).
 *   GONE     the ring is not used any more: of either side, at any time. Set and index are one
 *            word, so that no bytes are in doubt.
 *
 * While a ring is busy it is looked at in each turn of the loop (rings.ts), and asleep when the
 * loop is. JavaScript's Atomics are sequentially consistent, and so are the shim's exchanges.
 *
 * When it begins: the shim asks (RING) after so many bytes. When it ends: with the connection or
 * the descriptor, when nothing has come for some time, before a fork or an exec (the memory is not
 * inherited). Then the block becomes private memory again, in place, with what TCP still needs.
 *
 * A hostile program can write anything anywhere in this memory at any time. Indexes are checked
 * against what we have granted, read once; what does not fit resets the connection. Bytes are
 * never looked at by us, but handed to the device: changed after they were sent, a retransmission
 * differs, and what is wrong is that program's own stream. The memory is sealed against shrinking.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import type { PinnableRing } from "../../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";

const INDEX_SHIFT = P.NUSE_RING_INDEX_SHIFT;
const INDEX_MASK = -1 >>> INDEX_SHIFT;
const { NUSE_RING_ASLEEP: ASLEEP, NUSE_RING_BUSY: BUSY, NUSE_RING_CLAIMED: CLAIMED } = P;
const NO_INTEREST = BUSY | CLAIMED | P.NUSE_RING_GONE;
/** Microseconds that a program may copy while its pair waits. */
const BUSY_MAX_US = 1000;

/** What `claim` came to. */
export enum Claim {
  DONE,
  /** There are bytes in the ring, which come first. */
  NEWS,
  /** The program is copying. */
  BUSY,
  /** It has been for too long. */
  STUCK,
}

/** What a program has put where we have not let it. */
export const BROKEN = -1;

export class SendRing {
  readonly capacity: number;
  /** Index up to which we have taken. */
  #index: number;
  /** Index up to which we have granted. */
  #limit: number;
  /** Since when the program has kept us from the pair; 0: it does not. */
  #busySinceUs = 0;
  /** In this turn of the loop, and in those before. */
  idleTurns = 0;
  lastUsedUs: number;
  readonly #words: Int32Array;
  readonly #word: number;
  readonly #limitWord: number;

  /**
   * Pinned and shared already (rings.ts): the control words at `pageOff`, the block at `off`.
   */
  constructor(
    readonly app: AppContext,
    readonly ring: PinnableRing,
    readonly pageOff: number,
    readonly off: number,
    readonly number: number,
    nowUs: number,
  ) {
    this.capacity = ring.capacity;
    this.#index = ring.headIndex + ring.usedBytes;
    this.#limit = this.#index;
    this.lastUsedUs = nowUs;
    this.#words = app.words;
    this.#word = (pageOff + P.NUSE_RING_WORD_OFF) >> 2;
    this.#limitWord = (pageOff + P.NUSE_RING_LIMIT_OFF) >> 2;
    Atomics.store(this.#words, this.#word, this.#index << INDEX_SHIFT);
    Atomics.store(this.#words, this.#limitWord, this.#limit);
  }

  /** Bytes that have been put into the ring and not been taken, or BROKEN. */
  published(): number {
    return this.#newIn(Atomics.load(this.#words, this.#word));
  }

  #newIn(word: number): number {
    const n = ((word >>> INDEX_SHIFT) - this.#index) & INDEX_MASK;
    return n <= this.#granted ? n : BROKEN;
  }

  get #granted(): number {
    return (this.#limit - this.#index) & INDEX_MASK;
  }

  /** `n` bytes are TCP's now. */
  take(n: number): void {
    this.#index = (this.#index + n) & INDEX_MASK;
  }

  /** So many more bytes may be put into the ring. What was granted once stays. */
  grant(roomBytes: number): void {
    if (roomBytes <= this.#granted) return;
    this.#limit = (this.#index + roomBytes) & INDEX_MASK;
    Atomics.store(this.#words, this.#limitWord, this.#limit);
  }

  /** Before bytes are taken from the pair: the program is kept from the ring. */
  claim(nowUs: number): Claim {
    const word = Atomics.load(this.#words, this.#word);
    if (this.#newIn(word) !== 0) return Claim.NEWS;
    const isFree = (word & BUSY) === 0 && this.#exchange(word, word | CLAIMED);
    if (isFree) {
      this.#busySinceUs = 0;
      return Claim.DONE;
    }
    if (this.#busySinceUs === 0) this.#busySinceUs = nowUs;
    return nowUs - this.#busySinceUs > BUSY_MAX_US ? Claim.STUCK : Claim.BUSY;
  }

  #exchange(expected: number, wanted: number): boolean {
    return Atomics.compareExchange(this.#words, this.#word, expected, wanted) === expected;
  }

  /** After `claim`: `n` bytes came from the pair, behind those of the ring. */
  release(n: number): void {
    this.#index = (this.#index + n) & INDEX_MASK;
    if (this.#granted > this.capacity) { // they took more than that
      this.#limit = this.#index;
      Atomics.store(this.#words, this.#limitWord, this.#limit);
    }
    Atomics.add(this.#words, this.#word, (n << INDEX_SHIFT) - CLAIMED);
  }

  /** We look no more until we are told. False: there is something to be taken. */
  sleep(): boolean {
    const word = Atomics.load(this.#words, this.#word);
    if ((word & ASLEEP) !== 0) return true;
    return this.#newIn(word) === 0 && this.#exchange(word, word | ASLEEP);
  }

  /** We look by ourselves. */
  wake(): void {
    const word = Atomics.load(this.#words, this.#word);
    if ((word & ASLEEP) !== 0) Atomics.and(this.#words, this.#word, ~ASLEEP);
  }

  /** Nobody puts anything into it any more. Returns as `published`: the last bytes. */
  end(): number {
    return this.#newIn(Atomics.or(this.#words, this.#word, P.NUSE_RING_GONE));
  }

  /** Nobody is at work in it. */
  get isQuiet(): boolean {
    return (Atomics.load(this.#words, this.#word) & NO_INTEREST) === 0;
  }
}

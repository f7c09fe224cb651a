/**
 * The program's half of a ring (io/app/endpoint/send_ring.ts), step by step: what the shim does in
 * one call is done here as a test wants it.
 *
 * @module
 */
import { check } from "../../../ffi/errno.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import type { ProgramSocket } from "./program.ts";
import type { World } from "./world.ts";

export const SHIFT = P.NUSE_RING_INDEX_SHIFT;
export const INDEX_MASK = -1 >>> SHIFT;
export const FLAGS = (1 << SHIFT) - 1;
const WORD = P.NUSE_RING_WORD_OFF >> 2;

/** A ring of either way, mapped once more where the service's memory lies. */
export class MappedRing {
  readonly words: Int32Array;
  protected readonly off: number;
  readonly #len: number;

  protected constructor(
    protected readonly world: World,
    protected readonly socket: ProgramSocket,
    fd: number,
    readonly capacity: number,
  ) {
    this.#len = P.NUSE_RING_BYTES_OFF + capacity;
    this.off = world.memory.alloc(2 * capacity);
    const { sys } = socket.program;
    check(sys.mapShared(fd, world.arena.base, this.off, this.#len), "mmap", "the ring");
    sys.close(fd);
    this.words = new Int32Array(world.arena.buffer, this.off, P.NUSE_RING_BYTES_OFF >> 2);
  }

  get word(): number {
    return Atomics.load(this.words, WORD);
  }

  set word(word: number) {
    Atomics.store(this.words, WORD, word);
  }

  get index(): number {
    return this.word >>> SHIFT;
  }

  has(flag: number): boolean {
    return (this.word & flag) !== 0;
  }

  setFlag(flag: number): void {
    Atomics.or(this.words, WORD, flag);
  }

  clearFlag(flag: number): void {
    Atomics.and(this.words, WORD, ~flag);
  }

  /** From the index to the limit: room, or what is unread. */
  protected get granted(): number {
    return (Atomics.load(this.words, P.NUSE_RING_LIMIT_OFF >> 2) - this.index) & INDEX_MASK;
  }

  tell(what: number): void {
    const { program, cookie } = this.socket;
    program.send(P.NUSE_OP_RING, { cookie, a: what });
  }

  /** munmap() */
  [Symbol.dispose](): void {
    const { sys } = this.socket.program;
    check(sys.mapPrivate(this.world.arena.base, this.off, this.#len), "mmap", "the ring");
    this.world.memory.free(this.off, 2 * this.capacity);
  }
}

export class ProgramRing extends MappedRing {
  private constructor(
    world: World,
    socket: ProgramSocket,
    fd: number,
    capacity: number,
    readonly number: number,
  ) {
    super(world, socket, fd, capacity);
  }

  /** ENTER; -errno when there is none. */
  static enter(world: World, socket: ProgramSocket): ProgramRing | number {
    const { result, a, b, fd } = socket.request(P.NUSE_OP_RING, { a: P.NUSE_RING_ENTER });
    return result < 0 ? result : new ProgramRing(world, socket, fd, a, b);
  }

  get room(): number {
    return this.granted;
  }

  /** Copies them in and says so; what has no room is left out. Returns how many. */
  put(bytes: Uint8Array): number {
    const n = Math.min(bytes.length, this.room);
    const { u8 } = this.world.memory;
    const base = this.off + P.NUSE_RING_BYTES_OFF;
    const at = this.index & (this.capacity - 1);
    const first = Math.min(n, this.capacity - at);
    u8.set(bytes.subarray(0, first), base + at);
    u8.set(bytes.subarray(first, n), base);
    this.advance(n);
    return n;
  }

  /** Says that `n` bytes more have been put in; tells the service if that sleeps. */
  advance(n: number): void {
    const wasAsleep = this.has(P.NUSE_RING_ASLEEP);
    const index = (this.index + n) & INDEX_MASK;
    this.word = index << SHIFT | (this.word & FLAGS & ~P.NUSE_RING_ASLEEP);
    if (wasAsleep) this.tell(P.NUSE_RING_LOOK);
  }
}

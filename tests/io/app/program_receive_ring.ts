/**
 * The program's half of a ring that brings bytes (io/app/endpoint/receive_ring.ts), step by step.
 *
 * @module
 */
import { check } from "../../../ffi/errno.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import type { ProgramSocket } from "./program.ts";
import { INDEX_MASK } from "./program_ring.ts";
import type { World } from "./world.ts";

const SHIFT = P.NUSE_RING_INDEX_SHIFT;
const WORD = P.NUSE_RING_WORD_OFF >> 2;
const FLAGS = (1 << SHIFT) - 1;

export class ProgramReceiveRing {
  readonly #world: World;
  readonly #socket: ProgramSocket;
  readonly capacity: number;
  readonly #off: number;
  readonly #len: number;
  readonly words: Int32Array;

  private constructor(world: World, socket: ProgramSocket, fd: number, capacity: number) {
    this.#world = world;
    this.#socket = socket;
    this.capacity = capacity;
    this.#len = P.NUSE_RING_BYTES_OFF + capacity;
    this.#off = world.memory.alloc(2 * capacity);
    const { sys } = socket.program;
    check(sys.mapShared(fd, world.arena.base, this.#off, this.#len), "mmap", "the ring");
    sys.close(fd);
    this.words = new Int32Array(world.arena.buffer, this.#off, P.NUSE_RING_BYTES_OFF >> 2);
  }

  /** RECEIVE_ENTER; -errno when there is none. */
  static enter(world: World, socket: ProgramSocket): ProgramReceiveRing | number {
    const { result, a, fd } = socket.request(P.NUSE_OP_RING, { a: P.NUSE_RING_RECEIVE_ENTER });
    return result < 0 ? result : new ProgramReceiveRing(world, socket, fd, a);
  }

  get index(): number {
    return Atomics.load(this.words, WORD) >>> SHIFT;
  }

  has(flag: number): boolean {
    return (Atomics.load(this.words, WORD) & flag) !== 0;
  }

  setFlag(flag: number): void {
    Atomics.or(this.words, WORD, flag);
  }

  clearFlag(flag: number): void {
    Atomics.and(this.words, WORD, ~flag);
  }

  get unread(): number {
    return (Atomics.load(this.words, P.NUSE_RING_LIMIT_OFF >> 2) - this.index) & INDEX_MASK;
  }

  /** As a read by the shim: what the pair holds, then what the ring holds. */
  take(most: number): Uint8Array {
    const got = this.has(P.NUSE_RING_HEAD) ? this.#socket.recv(most) : new Uint8Array(0);
    const head = typeof got === "number" ? new Uint8Array(0) : got;
    const n = Math.min(most - head.length, this.unread);
    const { u8 } = this.#world.memory;
    const bytes = new Uint8Array(head.length + n);
    bytes.set(head);
    for (let i = 0; i < n; i++) {
      const origin = Atomics.load(this.words, P.NUSE_RING_ORIGIN_OFF >> 2);
      const at = (this.index + i - origin) & (this.capacity - 1);
      bytes[head.length + i] = u8[this.#off + P.NUSE_RING_BYTES_OFF + at];
    }
    if (head.length < most) this.advance(n);
    return bytes;
  }

  /** Says that `n` bytes have been taken, and that the pair is empty; tells if that is wanted. */
  advance(n: number): void {
    const word = Atomics.load(this.words, WORD);
    const index = (this.index + n) & INDEX_MASK;
    const wake = Atomics.load(this.words, P.NUSE_RING_WAKE_OFF >> 2);
    const isTold = (word & P.NUSE_RING_ASLEEP) !== 0 &&
      ((index - wake) & INDEX_MASK) <= this.capacity;
    const cleared = P.NUSE_RING_HEAD | (isTold ? P.NUSE_RING_ASLEEP : 0);
    Atomics.store(this.words, WORD, index << SHIFT | (word & FLAGS & ~cleared));
    if (isTold) this.tell(P.NUSE_RING_RECEIVE_LOOK);
  }

  tell(what: number): void {
    const { program, cookie } = this.#socket;
    program.send(P.NUSE_OP_RING, { cookie, a: what });
  }

  /** munmap() */
  [Symbol.dispose](): void {
    const { sys } = this.#socket.program;
    check(sys.mapPrivate(this.#world.arena.base, this.#off, this.#len), "mmap", "the ring");
    this.#world.memory.free(this.#off, 2 * this.capacity);
  }
}

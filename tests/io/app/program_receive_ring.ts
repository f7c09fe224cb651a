/**
 * The program's half of a ring that brings bytes (io/app/endpoint/receive_ring.ts), step by step.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";
import type { ProgramSocket } from "./program.ts";
import { FLAGS, INDEX_MASK, MappedRing, SHIFT } from "./program_ring.ts";
import type { World } from "./world.ts";

export class ProgramReceiveRing extends MappedRing {
  /** RECEIVE_ENTER; -errno when there is none. */
  static enter(world: World, socket: ProgramSocket): ProgramReceiveRing | number {
    const { result, a, fd } = socket.request(P.NUSE_OP_RING, { a: P.NUSE_RING_RECEIVE_ENTER });
    return result < 0 ? result : new ProgramReceiveRing(world, socket, fd, a);
  }

  get unread(): number {
    return this.granted;
  }

  /** As a read by the shim: what the pair holds, then what the ring holds. */
  take(most: number): Uint8Array {
    const got = this.has(P.NUSE_RING_HEAD) ? this.socket.recv(most) : new Uint8Array(0);
    const head = typeof got === "number" ? new Uint8Array(0) : got;
    const n = Math.min(most - head.length, this.unread);
    const { u8 } = this.world.memory;
    const bytes = new Uint8Array(head.length + n);
    bytes.set(head);
    for (let i = 0; i < n; i++) {
      const origin = Atomics.load(this.words, P.NUSE_RING_ORIGIN_OFF >> 2);
      const at = (this.index + i - origin) & (this.capacity - 1);
      bytes[head.length + i] = u8[this.off + P.NUSE_RING_BYTES_OFF + at];
    }
    if (head.length < most) this.advance(n);
    return bytes;
  }

  /** Says that `n` bytes have been taken, and that the pair is empty; tells if that is wanted. */
  advance(n: number): void {
    const { word } = this;
    const index = (this.index + n) & INDEX_MASK;
    const wake = Atomics.load(this.words, P.NUSE_RING_WAKE_OFF >> 2);
    const isTold = (word & P.NUSE_RING_ASLEEP) !== 0 &&
      ((index - wake) & INDEX_MASK) <= this.capacity;
    const cleared = P.NUSE_RING_HEAD | (isTold ? P.NUSE_RING_ASLEEP : 0);
    this.word = index << SHIFT | (word & FLAGS & ~cleared);
    if (isTold) this.tell(P.NUSE_RING_RECEIVE_LOOK);
  }
}

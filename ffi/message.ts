/**
 * Tables for recvmmsg and sendmmsg in the arena: struct mmsghdr, each with its own fixed run of
 * struct iovec (64-bit layouts).
 *
 * A table is written once; afterwards only iovec contents and counts change.
 *
 * @module
 */
import type { Arena } from "./arena.ts";

export const IOVEC = { LEN: 16, BASE: 0, BYTES: 8 } as const;

export const MMSGHDR = {
  LEN: 64,
  NAME: 0,
  NAME_LEN: 8,
  IOV: 16,
  IOV_COUNT: 24,
  CONTROL: 32,
  CONTROL_LEN: 40,
  FLAGS: 48,
  /** msg_len: bytes of this message, after the call. */
  BYTES: 56,
} as const;

/** Bytes of a table of `count` messages with `iovecs` pieces each. */
export function messageTableLen(count: number, iovecs: number): number {
  return count * (MMSGHDR.LEN + iovecs * IOVEC.LEN);
}

/** Messages at `off`, their iovecs behind them. `off` must be a multiple of 8. */
export class MessageTable {
  readonly #arena: Arena;
  readonly #iovecsOff: number;

  /** Clears the table and links every message to its iovecs, `iovecs` of them in use. */
  constructor(
    arena: Arena,
    readonly off: number,
    readonly count: number,
    readonly iovecs: number,
  ) {
    this.#arena = arena;
    this.#iovecsOff = off + count * MMSGHDR.LEN;
    arena.u8.fill(0, off, off + messageTableLen(count, iovecs));
    for (let i = 0; i < count; i++) {
      arena.setAddress(off + i * MMSGHDR.LEN + MMSGHDR.IOV, this.iovecOff(i, 0));
      this.setIovecCount(i, iovecs);
    }
  }

  iovecOff(i: number, k: number): number {
    return this.#iovecsOff + (i * this.iovecs + k) * IOVEC.LEN;
  }

  setIovec(i: number, k: number, off: number, lenBytes: number): void {
    const at = this.iovecOff(i, k);
    this.#arena.setAddress(at, off);
    this.#arena.dv.setInt32(at + IOVEC.BYTES, lenBytes, true);
  }

  setIovecCount(i: number, n: number): void {
    this.#arena.dv.setInt32(this.off + i * MMSGHDR.LEN + MMSGHDR.IOV_COUNT, n, true);
  }

  /** Bytes received or sent in message `i` of the last call. */
  bytes(i: number): number {
    return this.#arena.dv.getInt32(this.off + i * MMSGHDR.LEN + MMSGHDR.BYTES, true);
  }

  /** msg_flags of message `i` of the last call (MSG_TRUNC). */
  flags(i: number): number {
    return this.#arena.dv.getInt32(this.off + i * MMSGHDR.LEN + MMSGHDR.FLAGS, true);
  }

  /** Where message `i` starts, for a call on the rest of a table. */
  messageOff(i: number): number {
    return this.off + i * MMSGHDR.LEN;
  }
}

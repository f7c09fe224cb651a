/**
 * Tables for recvmmsg and sendmmsg in the arena: struct mmsghdr, each with its own fixed run of
 * struct iovec (64-bit layouts).
 *
 * A table is written once; afterwards only iovec contents and counts change. One that receives
 * from somebody who may pass descriptors (SCM_RIGHTS) has room for them behind the iovecs: without
 * it the kernel would close them on this thread, and that may take long. recvmmsg hands them to the
 * closer and leaves the room as it was. Such a table is not for sending.
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

/** CMSG_SPACE of SCM_MAX_FD descriptors: the most that one message passes. */
export const RIGHTS_LEN = 1032;

/** Bytes of a table of `count` messages with `iovecs` pieces each, and room for descriptors. */
export function messageTableLen(count: number, iovecs: number, takesRights = false): number {
  return count * (MMSGHDR.LEN + iovecs * IOVEC.LEN + (takesRights ? RIGHTS_LEN : 0));
}

/** Messages at `off`, their iovecs behind them. `off` must be a multiple of 8. */
export class MessageTable {
  readonly #arena: Arena;
  readonly #iovecsOff: number;
  /** Of the whole table. */
  readonly lenBytes: number;

  /** Clears the table and links every message to its pieces, all `iovecs` of them in use. */
  constructor(
    arena: Arena,
    readonly off: number,
    readonly count: number,
    readonly iovecs: number,
    takesRights = false,
  ) {
    this.#arena = arena;
    this.#iovecsOff = off + count * MMSGHDR.LEN;
    this.lenBytes = messageTableLen(count, iovecs, takesRights);
    const rightsOff = off + messageTableLen(count, iovecs);
    arena.u8.fill(0, off, rightsOff);
    for (let i = 0; i < count; i++) {
      const at = this.messageOff(i);
      arena.setAddress(at + MMSGHDR.IOV, this.iovecOff(i, 0));
      this.setIovecCount(i, iovecs);
      if (!takesRights) continue;
      arena.setAddress(at + MMSGHDR.CONTROL, rightsOff + i * RIGHTS_LEN);
      arena.dv.setInt32(at + MMSGHDR.CONTROL_LEN, RIGHTS_LEN, true);
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

  /** Where message `i` goes: a socket address of `lenBytes` at `off`. */
  setName(i: number, off: number, lenBytes: number): void {
    const at = this.messageOff(i);
    this.#arena.setAddress(at + MMSGHDR.NAME, off);
    this.#arena.dv.setInt32(at + MMSGHDR.NAME_LEN, lenBytes, true);
  }

  setIovecCount(i: number, n: number): void {
    this.#arena.dv.setInt32(this.off + i * MMSGHDR.LEN + MMSGHDR.IOV_COUNT, n, true);
  }

  /** Bytes received or sent in message `i` of the last call. */
  bytes(i: number): number {
    return this.#arena.dv.getInt32(this.off + i * MMSGHDR.LEN + MMSGHDR.BYTES, true);
  }

  /** msg_flags of message `i` of the last call (MSG_TRUNC, MSG_CTRUNC). */
  flags(i: number): number {
    return this.#arena.dv.getInt32(this.off + i * MMSGHDR.LEN + MMSGHDR.FLAGS, true);
  }

  /** Where message `i` starts, for a call on the rest of a table. */
  messageOff(i: number): number {
    return this.off + i * MMSGHDR.LEN;
  }
}

/**
 * struct msghdr of a program, or what sendto() and recvfrom() have instead of one, as it lies in
 * the arena: the same to those that send and receive.
 *
 * @module
 */
import { EFAULT, EINVAL, EMSGSIZE, ENOBUFS } from "../../../stack/mod.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { Trap } from "./trap.ts";

/** struct msghdr, and what struct mmsghdr has behind it (64-bit). */
export const MSGHDR = {
  LEN: 56,
  NAME: 0,
  NAME_LEN: 8,
  IOV: 16,
  IOV_COUNT: 24,
  CONTROL: 32,
  CONTROL_LEN: 40,
  FLAGS: 48,
} as const;
export const MMSGHDR_LEN = 64;
/** Messages of one call. */
export const MESSAGES_MAX = 64;
const MMSG_BYTES = 56;

const IOVEC_LEN = 16;
const IOV_MAX = 1024;
const POINTER_LEN = 8;
const WORD_LEN = 4;
/** Bytes of control messages. */
export const CONTROL_MAX = 4096;

export class DoorMessage {
  readonly #app: AppContext;
  readonly #headerOff: number;
  readonly #iovOff: number;
  readonly #wordOff: number;
  /** Where control messages are put. */
  readonly controlOff: number;
  #trap!: Trap;
  /** Which argument leads to the msghdr, how far behind it; -1: there is none. */
  #argument = -1;
  #delta = 0;
  #pieces = 0;

  constructor(app: AppContext) {
    this.#app = app;
    this.#headerOff = app.allocate(MMSGHDR_LEN);
    this.#iovOff = app.allocate(IOVEC_LEN * IOV_MAX);
    this.#wordOff = app.allocate(POINTER_LEN);
    this.controlOff = app.allocate(CONTROL_MAX);
  }

  /** That of sendto() and recvfrom(): arguments 1, 2 (buffer, length) and 4 (name). */
  fromArguments(trap: Trap, nameLen: number): void {
    const { u8, dv } = this.#app.memory;
    this.#trap = trap;
    this.#argument = -1;
    u8.fill(0, this.#headerOff, this.#headerOff + MMSGHDR_LEN);
    const name = trap.pointerOff(4);
    u8.copyWithin(this.#headerOff + MSGHDR.NAME, name, name + POINTER_LEN);
    dv.setInt32(this.#headerOff + MSGHDR.NAME_LEN, nameLen, true);
    u8.copyWithin(this.#iovOff, trap.pointerOff(1), trap.pointerOff(3));
    this.#pieces = 1;
  }

  /** That which argument 1 leads to, `delta` bytes behind: 0 or -errno. */
  fromPointer(trap: Trap, delta: number): number {
    const { dv } = this.#app.memory;
    this.#trap = trap;
    this.#argument = 1;
    this.#delta = delta;
    this.#pieces = 0;
    const read = trap.readAt(trap.pointerOff(1), delta, this.#headerOff, MSGHDR.LEN);
    if (read < 0) return read;
    if (this.nameLen < 0) return -EINVAL;
    const count = dv.getUint32(this.#headerOff + MSGHDR.IOV_COUNT, true);
    if (count > IOV_MAX) return -EMSGSIZE;
    this.#pieces = count;
    return trap.readAt(this.#headerOff + MSGHDR.IOV, 0, this.#iovOff, IOVEC_LEN * count);
  }

  /** 0: no name is given or wanted. */
  get nameLen(): number {
    const { dv } = this.#app.memory;
    const off = this.#headerOff + MSGHDR.NAME;
    const isNull = dv.getInt32(off, true) === 0 && dv.getInt32(off + 4, true) === 0;
    return isNull ? 0 : dv.getInt32(this.#headerOff + MSGHDR.NAME_LEN, true);
  }

  /** Copies the name to `off`: 0 or -errno. */
  readName(off: number, len: number): number {
    return this.#trap.readAt(this.#headerOff + MSGHDR.NAME, 0, off, len);
  }

  /** Bytes that there are of control messages, or room for. */
  get controlLen(): number {
    const { dv } = this.#app.memory;
    const off = this.#headerOff + MSGHDR.CONTROL;
    if (dv.getInt32(off, true) === 0 && dv.getInt32(off + 4, true) === 0) return 0;
    return dv.getUint32(this.#headerOff + MSGHDR.CONTROL_LEN, true);
  }

  /** Copies the control messages, `controlLen` bytes, to `controlOff`: 0 or -errno. */
  readControl(): number {
    const len = this.controlLen;
    if (len > CONTROL_MAX) return -ENOBUFS;
    return this.#trap.readAt(this.#headerOff + MSGHDR.CONTROL, 0, this.controlOff, len);
  }

  #pieceLen(index: number): number {
    const { dv } = this.#app.memory;
    const off = this.#iovOff + IOVEC_LEN * index + POINTER_LEN;
    const low = dv.getUint32(off, true);
    return dv.getUint32(off + 4, true) === 0 && low <= 0x7fffffff ? low : 0x7fffffff;
  }

  /** Bytes that the pieces hold. */
  get room(): number {
    let room = 0;
    for (let i = 0; i < this.#pieces; i++) room += this.#pieceLen(i);
    return room;
  }

  /** Copies all pieces to `off`, `room` bytes in all: 0 or -errno. */
  gather(off: number): number {
    for (let i = 0, done = 0; i < this.#pieces; i++) {
      const len = this.#pieceLen(i);
      const read = this.#trap.readAt(this.#iovOff + IOVEC_LEN * i, 0, off + done, len);
      if (read < 0) return read;
      done += len;
    }
    return 0;
  }

  /** Copies `len` bytes from `off` to the pieces, which have room for them: 0 or -errno. */
  scatter(off: number, len: number): number {
    for (let i = 0, done = 0; i < this.#pieces && done < len; i++) {
      const piece = Math.min(this.#pieceLen(i), len - done);
      const written = this.#trap.writeAt(this.#iovOff + IOVEC_LEN * i, 0, off + done, piece);
      if (written < 0) return written;
      done += piece;
    }
    return 0;
  }

  /** Whether a piece is longer than any can be. */
  get hasEndlessPiece(): boolean {
    const { dv } = this.#app.memory;
    for (let i = 0; i < this.#pieces; i++) {
      if (dv.getInt32(this.#iovOff + IOVEC_LEN * i + POINTER_LEN + 4, true) < 0) return true;
    }
    return false;
  }

  /**
   * Tells whom it came from: the sockaddr of `len` bytes at `off`; `flags`: of a msghdr;
   * `controlLen`: bytes at `controlOff`.
   */
  writeResult(off: number, len: number, flags: number, controlLen = 0): number {
    const wanted = this.nameLen;
    if (wanted > 0) {
      const nameOff = this.#headerOff + MSGHDR.NAME;
      const written = this.#trap.writeAt(nameOff, 0, off, Math.min(wanted, len));
      if (written < 0) return written;
    }
    if (this.#argument < 0) return wanted > 0 ? this.#trap.writeInt(5, len) : 0;
    if (wanted > 0 && this.#writeWord(MSGHDR.NAME_LEN, len) < 0) return -EFAULT;
    const controlOff = this.#headerOff + MSGHDR.CONTROL;
    const written = this.#trap.writeAt(controlOff, 0, this.controlOff, controlLen);
    if (written < 0) return written;
    if (this.#writeWord(MSGHDR.CONTROL_LEN, controlLen) < 0) return -EFAULT;
    return this.#writeWord(MSGHDR.FLAGS, flags);
  }

  /** Of a struct mmsghdr: how many bytes there were. */
  writeBytes(count: number): number {
    return this.#writeWord(MMSG_BYTES, count);
  }

  #writeWord(field: number, value: number): number {
    this.#app.memory.dv.setInt32(this.#wordOff, value, true);
    const pointerOff = this.#trap.pointerOff(this.#argument);
    return this.#trap.writeAt(pointerOff, this.#delta + field, this.#wordOff, WORD_LEN);
  }
}

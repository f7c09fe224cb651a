/**
 * How a received urgent byte reaches the program: as an urgent byte of the pair, which AF_UNIX
 * streams have since Linux 5.15. So POLLPRI, EPOLLPRI, exceptfds, SIGURG to the descriptor's owner,
 * SIOCATMARK, SO_OOBINLINE, reads that end at the mark and MSG_OOB itself are the kernel's, and are
 * as with its own TCP, but for this (Linux 6.18):
 *
 *   - An urgent byte alone is POLLIN, too; TCP shows POLLPRI only. It waits here for more, as long
 *     as nobody looks out for it; else the shim takes POLLIN off what poll, select and epoll gave.
 *   - One that MSG_OOB has read leaves an empty place, which is POLLIN; the shim takes it away.
 *   - SIGURG comes with the byte, TCP's with its announcement: left as it is.
 *   - The first of two is data; TCP skips it, if it is the next to be read. So do we
 *     while it is here.
 *
 * Who looks out is told by the shim (URGENT): it polls for POLLPRI, has set an owner, asks for the
 * mark or for the byte. What that one would see must not wait behind a pair that is full: it is
 * made large enough for all that comes before the byte, which the window bounds.
 *
 * @module
 */
import { MSG_OOB } from "../../../ffi/abi/socket.ts";
import { NUSE_PAIR_SNDBUF } from "../../../ffi/shim/protocol.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { StreamSocket } from "../../../stack/mod.ts";
import { setPairBuffer } from "./pair.ts";

export class UrgentDelivery {
  /** The program looks out for urgent data. */
  isWatched = false;
  /** MSG_ flags of the piece that `nextPiece` has told of. */
  sendFlags = 0;
  /** False: the kernel's AF_UNIX has none; the byte stays in line then. */
  isPossible = true;
  /** There was an urgent byte: a short read of the pair does not mean that it is empty. */
  wasSent = false;
  #pairBytes = NUSE_PAIR_SNDBUF;

  /** `fd`: our end of the pair. */
  constructor(readonly sys: Libc, readonly fd: number, readonly socket: StreamSocket) {}

  /**
   * How many of the bytes that wait may be handed over in one piece; 0: none for now. `isEnding`:
   * nothing will come any more.
   */
  nextPiece(isEnding: boolean): number {
    const { socket } = this;
    const offset = socket.urgentOffset;
    this.sendFlags = 0;
    if (offset < 0 || !this.isPossible) return Infinity;
    if (offset > 0) return offset;
    const isAlone = socket.recvAvailable() === 1 && !isEnding && !socket.isPeerDone;
    if (isAlone && !this.isWatched && !socket.options.oobInline) return 0;
    this.sendFlags = MSG_OOB;
    this.wasSent = true;
    return 1;
  }

  /** The pair is full: true when room was made because an urgent byte waits. */
  makeRoom(): boolean {
    const { socket } = this;
    const offset = socket.urgentOffset;
    const isHere = offset >= 0 && offset < socket.recvAvailable();
    const wanted = NUSE_PAIR_SNDBUF + 2 * offset;
    if (!isHere || wanted <= this.#pairBytes) return false;
    this.#pairBytes = wanted;
    setPairBuffer(this.sys, this.fd, wanted);
    return true;
  }

  /**
   * An urgent byte is announced and has not arrived: how many bytes that have not been handed over
   * come before it; -1: there is none, or it is nothing special (SO_OOBINLINE).
   */
  get announced(): number {
    const { socket } = this;
    const offset = socket.urgentOffset;
    return socket.options.oobInline || offset < socket.recvAvailable() ? -1 : offset;
  }
}

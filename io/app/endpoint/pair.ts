/**
 * The socketpair behind a nuse socket: one end for the program, one for us, and the cookie of the
 * program's end, which names the socket for as long as it lives. Made here, but where the shim has
 * made it already and passes our end along (OPEN).
 *
 * Streams are SOCK_STREAM. Datagram sockets are SOCK_SEQPACKET: it keeps boundaries as SOCK_DGRAM
 * does, but also tells our end when the program has closed its own (Linux 6.18: a SOCK_DGRAM pair
 * gives no event). Datagram pairs have large buffers from the start; streams get theirs when there
 * is much to send, each end by its owner.
 *
 * @module
 */
import {
  AF_UNIX,
  SO_ACCEPTCONN,
  SO_COOKIE,
  SO_DOMAIN,
  SO_OOBINLINE,
  SO_PASSCRED,
  SO_PASSRIGHTS,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO_OLD,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_SNDTIMEO_OLD,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import { getIntOption } from "../../../ffi/socket.ts";
import { NUSE_PAIR_MARK, NUSE_PAIR_SNDBUF } from "../../../ffi/shim/protocol.ts";
import { readCookie } from "../protocol/message.ts";
import type { AppContext } from "./app_context.ts";

const NONE = new Uint8Array(4);
const MARK = new Int32Array(1);
const MARK_BYTES = new Uint8Array(MARK.buffer);
const SIZE = new Int32Array(1);
const SIZE_BYTES = new Uint8Array(SIZE.buffer);
const COPIED = [SO_OOBINLINE, SO_RCVLOWAT, SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD];
/** An int, or a timeval. */
const VALUE = new Uint8Array(16);
/** SO_SNDBUF, which the kernel doubles, with which the longest datagram and its header just fit. */
const LEAST_BYTES = 36 * 1024;

/** Makes SO_SNDBUF large: a quarter of it in flight still counts as writable (unix_writable). */
export function enlargePair(sys: Libc, fd: number): void {
  setPairBuffer(sys, fd, NUSE_PAIR_SNDBUF);
}

/** Urgent bytes that come out of this end are in line. */
export function setUrgentInline(sys: Libc, fd: number): void {
  SIZE[0] = 1;
  sys.setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, SIZE_BYTES, 4);
}

/**
 * Sets SO_SNDBUF of a datagram pair's end to what SO_RCVBUF asked for, but never so small that a
 * long datagram does not fit.
 */
export function resizePair(sys: Libc, fd: number, lenBytes: number): void {
  setPairBuffer(sys, fd, Math.max(LEAST_BYTES, Math.min(lenBytes, NUSE_PAIR_SNDBUF)));
}

/**
 * Sets SO_SNDBUF of a pair's end. Best effort: without CAP_NET_ADMIN we get the kernel's own
 * maximum at most.
 */
export function setPairBuffer(sys: Libc, fd: number, lenBytes: number): void {
  SIZE[0] = lenBytes;
  const forced = sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, SIZE_BYTES, 4);
  if (forced < 0) sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, SIZE_BYTES, 4);
}

/** Messages of no bytes come with something that the end of all messages has not. */
export function tellEmptyFromEnd(sys: Libc, ownFd: number): void {
  SIZE[0] = 1;
  sys.setsockopt(ownFd, SOL_SOCKET, SO_PASSCRED, SIZE_BYTES, 4);
}

/** What a program has set on its end is to hold for another, which takes its place. */
export function copyPairOptions(sys: Libc, from: number, to: number): void {
  for (const name of COPIED) {
    const len = sys.getsockopt(from, SOL_SOCKET, name, VALUE, VALUE.length);
    if (len > 0) sys.setsockopt(to, SOL_SOCKET, name, VALUE, len);
  }
}

/**
 * No more descriptors can be sent to our end: closing a stranger's may take long. False, before
 * Linux 6.16: those that come are closed by another thread (ffi/host/closer.c).
 */
export function refuseRights(sys: Libc, ownFd: number): boolean {
  return sys.setsockopt(ownFd, SOL_SOCKET, SO_PASSRIGHTS, NONE, 4) === 0;
}

/**
 * Whether a descriptor that a program has passed is what the shim would pass: an end of a pair of
 * `type`. Anything else may block us, be slow to close, or never tell that its other side is gone.
 */
function isPairEnd(fd: number, type: number): boolean {
  return getIntOption(fd, SOL_SOCKET, SO_DOMAIN) === AF_UNIX &&
    getIntOption(fd, SOL_SOCKET, SO_TYPE) === type &&
    getIntOption(fd, SOL_SOCKET, SO_ACCEPTCONN) === 0;
}

/**
 * Takes `fd` for our end of a pair of `type` that a program has made. False: it is no such thing. A
 * program that passes both ends, or its end of a pair that we have made,
 * would leave a pair that nobody can end: it lives as long as we hold it. Of the first end that we
 * got of a pair its name tells, of our own pairs the cookie.
 */
export function claimPairEnd(app: AppContext, fd: number, type: number): boolean {
  const { endpoints, pairs, sys } = app;
  if (!isPairEnd(fd, type)) return false;
  if (endpoints.get(pairs.cookieOf(fd))?.isPairOurs) return false;
  return sys.claimEnd(fd) === 0;
}

/** Reused: `open` fills the fields. */
export class PairMaker {
  ownFd = -1;
  programFd = -1;
  cookie = 0;
  /** The kernel lets nobody send a descriptor to our end of the last pair, nor of any other. */
  refusesRights = false;
  readonly #sys: Libc = libc();
  readonly #fds = new Int32Array(2);
  readonly #fdBytes = new Uint8Array(this.#fds.buffer);
  readonly #cookie = new DataView(new ArrayBuffer(8));
  readonly #cookieBytes = new Uint8Array(this.#cookie.buffer);

  /** The inode of the program's end, for as long as it is open here. */
  get programInode(): number {
    return this.#sys.inode(this.programFd);
  }

  /**
   * `type`: SOCK_STREAM or SOCK_SEQPACKET; `mark`: what tells the program's end. Returns 0 or
   * -errno.
   */
  open(type: number, mark: number = NUSE_PAIR_MARK): number {
    const made = this.#sys.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, this.#fdBytes);
    if (made < 0) return made;
    this.ownFd = this.#fds[0];
    this.programFd = this.#fds[1];
    MARK[0] = mark;
    this.#sys.setsockopt(this.programFd, SOL_SOCKET, SO_RCVBUF, MARK_BYTES, 4);
    const len = this.#sys.getsockopt(this.programFd, SOL_SOCKET, SO_COOKIE, this.#cookieBytes, 8);
    if (len < 0) {
      this.close();
      return len;
    }
    this.cookie = readCookie(this.#cookie, 0);
    this.refusesRights = refuseRights(this.#sys, this.ownFd);
    if (type === SOCK_SEQPACKET) {
      enlargePair(this.#sys, this.ownFd);
      enlargePair(this.#sys, this.programFd);
    }
    return 0;
  }

  /** SO_COOKIE of a descriptor, or -errno. */
  cookieOf(fd: number): number {
    const len = this.#sys.getsockopt(fd, SOL_SOCKET, SO_COOKIE, this.#cookieBytes, 8);
    return len < 0 ? len : readCookie(this.#cookie, 0);
  }

  /** Closes both ends, when the pair is not wanted after all. */
  close(): void {
    this.#sys.close(this.ownFd);
    this.#sys.close(this.programFd);
  }
}

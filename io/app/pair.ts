/**
 * Makes the socketpair behind a nuse socket: one end for the program, one for us, and the cookie of
 * the program's end, which names the socket for as long as it lives.
 *
 * Streams are SOCK_STREAM. Datagram sockets are SOCK_SEQPACKET: it keeps boundaries as SOCK_DGRAM
 * does, but also tells our end when the program has closed its own (Linux 6.18: a SOCK_DGRAM pair
 * gives no event).
 *
 * @module
 */
import {
  AF_UNIX,
  SO_COOKIE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOL_SOCKET,
} from "../../ffi/abi/socket.ts";
import { type Libc, libc } from "../../ffi/libc.ts";
import { readCookie } from "./message.ts";

/**
 * SO_SNDBUF of both ends, bytes: a quarter of it in flight still counts as writable
 * (unix_writable).
 */
export const PAIR_BUFFER_BYTES = 1 << 20;

/** Reused: `open` fills the fields. */
export class PairMaker {
  ownFd = -1;
  programFd = -1;
  cookie = 0;
  readonly #sys: Libc = libc();
  readonly #fds = new Int32Array(2);
  readonly #fdBytes = new Uint8Array(this.#fds.buffer);
  readonly #cookie = new DataView(new ArrayBuffer(8));
  readonly #cookieBytes = new Uint8Array(this.#cookie.buffer);
  readonly #bufferBytes = new Uint8Array(new Int32Array([PAIR_BUFFER_BYTES]).buffer);

  /** `type`: SOCK_STREAM or SOCK_SEQPACKET. Returns 0 or -errno. */
  open(type: number): number {
    const made = this.#sys.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, this.#fdBytes);
    if (made < 0) return made;
    this.ownFd = this.#fds[0];
    this.programFd = this.#fds[1];
    const len = this.#sys.getsockopt(this.programFd, SOL_SOCKET, SO_COOKIE, this.#cookieBytes, 8);
    if (len < 0) {
      this.close();
      return len;
    }
    this.cookie = readCookie(this.#cookie, 0);
    this.#enlarge(this.ownFd);
    this.#enlarge(this.programFd);
    return 0;
  }

  /** Closes both ends, when the pair is not wanted after all. */
  close(): void {
    this.#sys.close(this.ownFd);
    this.#sys.close(this.programFd);
  }

  /** Best effort: without CAP_NET_ADMIN the kernel's own maximum is what we get. */
  #enlarge(fd: number): void {
    const forced = this.#sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, this.#bufferBytes, 4);
    if (forced < 0) this.#sys.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, this.#bufferBytes, 4);
  }
}

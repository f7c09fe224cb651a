/**
 * A connection to another nuse, from the side of who joins it: messages with descriptors over an
 * AF_UNIX socket. For the main thread; `readable` waits on another one.
 *
 * @module
 */
import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_SEQPACKET } from "./abi/socket.ts";
import { findNative, openNative } from "./build_native.ts";
import { check } from "./errno.ts";
import { HOST_LIBRARY, type Libc, libc } from "./libc.ts";
import { connectUnix, type Credentials, peerCredentials } from "./socket.ts";

const SYMBOLS = {
  /** (fd, events, timeoutMs, -1: for ever): revents */
  poll: {
    name: "nuse_poll",
    parameters: ["i32", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

const POLLIN = 1;

/** What has come. */
export interface Received {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The caller's to close; -1: none came along. */
  readonly fd: number;
}

export class JoinConnection {
  readonly #sys: Libc = libc();
  readonly #room: Uint8Array<ArrayBuffer>;
  readonly #base: Deno.PointerObject;
  readonly #waiter: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

  private constructor(readonly fd: number, readonly maxBytes: number) {
    this.#room = new Uint8Array(maxBytes + 8);
    this.#base = Deno.UnsafePointer.of(this.#room) as Deno.PointerObject;
    const library = findNative(HOST_LIBRARY.name, HOST_LIBRARY.sources);
    this.#waiter = openNative(library, SYMBOLS).symbols;
  }

  /** To who listens at `path`, or -errno. Throws SysError when there can be no socket. */
  static connect(path: string, maxBytes: number): JoinConnection | number {
    const sys = libc();
    const made = sys.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const fd = check(made, "socket", "cannot make a unix socket");
    const connected = connectUnix(fd, path);
    if (connected >= 0) return new JoinConnection(fd, maxBytes);
    sys.close(fd);
    return connected;
  }

  /** Who listens there; or -errno. */
  peer(): Credentials | number {
    return peerCredentials(this.fd);
  }

  /** Returns 0 or -errno. */
  send(bytes: Uint8Array<ArrayBuffer>): number {
    const base = Deno.UnsafePointer.of(bytes) as Deno.PointerObject;
    return Math.min(this.#sys.sendFd(this.fd, base, 0, bytes.length, -1), 0);
  }

  /** The next message; null: none came within `timeoutMs`, or the other end has gone. */
  receive(timeoutMs: number): Received | null {
    if (this.#sys.poll(this.fd, POLLIN, timeoutMs) <= 0) return null;
    const { maxBytes } = this;
    const n = this.#sys.recvFd(this.fd, this.#base, 0, maxBytes, maxBytes, MSG_DONTWAIT);
    if (n <= 0) return null;
    const fds = new DataView(this.#room.buffer, maxBytes);
    const [fd, other] = [fds.getInt32(0, true), fds.getInt32(4, true)];
    if (other >= 0) this.#sys.close(other);
    return { bytes: this.#room.slice(0, n), fd };
  }

  /** Resolves when there is something to receive, or the other end has gone. */
  async readable(): Promise<void> {
    await this.#waiter.poll(this.fd, POLLIN, -1);
  }

  close(): void {
    this.#sys.close(this.fd);
  }
}

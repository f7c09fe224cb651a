/**
 * How the ends of a PIPE meet at a path: whoever finds nobody there listens, the next connects.
 *
 * Both happen under a lock of the folder (flock), so that two that start at once do not both
 * listen. A socket file that nobody listens on any more, as SIGKILL leaves it, is replaced; what
 * else lies there is left alone.
 *
 * @module
 */
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET } from "../../../ffi/abi/socket.ts";
import {
  check,
  EACCES,
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  ENAMETOOLONG,
  ENOENT,
  EPROTOTYPE,
  SysError,
} from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { bindUnix, connectUnix } from "../../../ffi/socket.ts";

const SOCKET_TYPE = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
const ENDS_WAITING_MAX = 64;

/** What was found at the path. */
export type Met =
  /** A connection to who listens there. */
  | { readonly kind: "connected"; readonly fd: number }
  /** Nobody was there: this listens now. */
  | { readonly kind: "listening"; readonly fd: number };

export class MeetingPlace {
  /** Of the folder, for its lock. */
  readonly #folder: Deno.FsFile;

  /** Throws SysError. */
  constructor(readonly path: string) {
    const folder = path.slice(0, path.lastIndexOf("/") + 1) || "./";
    try {
      this.#folder = Deno.openSync(folder);
    } catch (error) {
      const errno = error instanceof Deno.errors.NotFound ? ENOENT : EACCES;
      throw new SysError("open", errno, `cannot use the folder of the pipe ${path}`, {
        path: folder,
        advice: "it must exist and be readable",
      });
    }
  }

  /**
   * Connects to who listens at the path; or, when nobody does and `mayListen`, listens there. Null:
   * nobody there. Throws SysError.
   */
  meet(mayListen: boolean): Met | null {
    this.#folder.lockSync(true);
    try {
      const fd = this.#connect();
      if (fd >= 0) return { kind: "connected", fd };
      return mayListen ? { kind: "listening", fd: this.#listen() } : null;
    } finally {
      this.#folder.unlockSync();
    }
  }

  /** The descriptor, or -1: nobody listens. */
  #connect(): number {
    const fd = newSocket(this.path);
    const r = connectUnix(fd, this.path);
    if (r >= 0) return fd;
    libc().close(fd);
    if (r === -ENOENT || (r === -ECONNREFUSED && this.#isStale())) return -1;
    throw new SysError("connect", r, `cannot connect to the pipe ${this.path}`, {
      path: this.path,
      advice: adviceFor(r),
    });
  }

  /** A socket that nobody listens on; a file of another kind answers ECONNREFUSED as well. */
  #isStale(): boolean {
    try {
      return Deno.lstatSync(this.path).isSocket === true;
    } catch {
      return false;
    }
  }

  /** What `#connect` found is nothing, or stale. */
  #listen(): number {
    this.#unlink();
    const fd = newSocket(this.path);
    const r = bindUnix(fd, this.path);
    if (r >= 0 && libc().listen(fd, ENDS_WAITING_MAX) >= 0) return fd;
    libc().close(fd);
    throw new SysError("bind", r, `cannot listen at the pipe ${this.path}`, {
      path: this.path,
      advice: adviceFor(r),
    });
  }

  #unlink(): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // Not there; or bind says why it cannot be.
    }
  }

  /** This listener goes: removes its socket file, unless somebody listens there again. */
  leave(listenFd: number): void {
    this.#folder.lockSync(true);
    try {
      libc().close(listenFd);
      const fd = newSocket(this.path);
      const r = connectUnix(fd, this.path);
      libc().close(fd);
      if (r === -ECONNREFUSED && this.#isStale()) this.#unlink();
    } finally {
      this.#folder.unlockSync();
    }
  }

  close(): void {
    this.#folder.close();
  }
}

function newSocket(path: string): number {
  const fd = libc().socket(AF_UNIX, SOCKET_TYPE, 0);
  return check(fd, "socket", `cannot make a socket for the pipe ${path}`);
}

function adviceFor(error: number): string | undefined {
  switch (error) {
    case -EACCES:
      return "give write permission on it, or choose another path";
    case -EADDRINUSE:
    case -ECONNREFUSED:
      return "something else lies there: choose another path";
    case -EPROTOTYPE:
      return "it is the socket of another program: choose another path";
    case -ENAMETOOLONG:
      return "a path of at most 107 bytes";
    case -EAGAIN:
      return "too many wait for it: is it stopped?";
    default:
      return undefined;
  }
}

/**
 * Socket calls of set-up and control, over Uint8Arrays: not for the data path.
 *
 * @module
 */
import { AF_UNIX, SO_COOKIE, SO_PEERCRED, SOCKADDR_UN, SOL_SOCKET, UCRED } from "./abi/socket.ts";
import { check, ENAMETOOLONG } from "./errno.ts";
import { libc } from "./libc.ts";

export interface Credentials {
  pid: number;
  uid: number;
  gid: number;
}

/**
 * An AF_UNIX pair; `type` with its SOCK_NONBLOCK and SOCK_CLOEXEC bits. Returns [a, b] or -errno.
 */
export function socketPair(type: number): [number, number] | number {
  const fds = new Int32Array(2);
  const made = libc().socketpair(AF_UNIX, type, 0, new Uint8Array(fds.buffer));
  return made < 0 ? made : [fds[0], fds[1]];
}

export function setIntOption(fd: number, level: number, name: number, value: number): number {
  return libc().setsockopt(fd, level, name, new Uint8Array(new Int32Array([value]).buffer), 4);
}

/** The option's value, or -errno. */
export function getIntOption(fd: number, level: number, name: number): number {
  const value = new Int32Array(1);
  const len = libc().getsockopt(fd, level, name, new Uint8Array(value.buffer), 4);
  return len < 0 ? len : value[0];
}

/** SO_COOKIE: what names a socket for as long as it lives, in every process that holds it. */
export function socketCookie(fd: number): bigint {
  const value = new BigUint64Array(1);
  const len = libc().getsockopt(fd, SOL_SOCKET, SO_COOKIE, new Uint8Array(value.buffer), 8);
  check(len, "getsockopt", "cannot read a socket's cookie");
  return value[0];
}

/** Who connected to, or made, the other end of an AF_UNIX socket; or -errno. */
export function peerCredentials(fd: number): Credentials | number {
  const bytes = new Uint8Array(UCRED.LEN);
  const len = libc().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, bytes, UCRED.LEN);
  if (len < 0) return len;
  const dv = new DataView(bytes.buffer);
  return {
    pid: dv.getInt32(UCRED.PID, true),
    uid: dv.getInt32(UCRED.UID, true),
    gid: dv.getInt32(UCRED.GID, true),
  };
}

/** bind(2) to a path. */
export function bindUnix(fd: number, path: string): number {
  const addr = unixAddress(path);
  return addr === null ? -ENAMETOOLONG : libc().bind(fd, addr, addr.length);
}

/** connect(2) to a path. */
export function connectUnix(fd: number, path: string): number {
  const addr = unixAddress(path);
  return addr === null ? -ENAMETOOLONG : libc().connect(fd, addr, addr.length);
}

/**
 * sockaddr_un; null when the path is too long. A path that begins with NUL is an abstract name
 * (unix(7)): it lives in the network namespace and ends with its last socket. Others are
 * terminated.
 */
function unixAddress(path: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new TextEncoder().encode(path.startsWith("\0") ? path : `${path}\0`);
  const len = SOCKADDR_UN.PATH + bytes.length;
  if (len > SOCKADDR_UN.LEN) return null;
  const addr = new Uint8Array(len);
  new DataView(addr.buffer).setUint16(SOCKADDR_UN.FAMILY, AF_UNIX, true);
  addr.set(bytes, SOCKADDR_UN.PATH);
  return addr;
}

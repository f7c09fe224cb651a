/**
 * One nuse for each address of an interface. Two would have the same MAC address, made of the same
 * names, and take each other's packets for echoes; no probe on the wire tells them apart, as what
 * one sends the other does not hear.
 *
 * The lock is an abstract AF_UNIX name in the interface's network namespace, which the kernel takes
 * away with the process. Anybody may bind such a name, so a lock counts only when root or our own
 * user listens on it; another's is no reason to stop.
 *
 * @module
 */
import { EPOLLIN } from "../ffi/abi/epoll.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from "../ffi/abi/socket.ts";
import { check, EADDRINUSE, SysError } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { bindUnix, connectUnix, type Credentials, peerCredentials } from "../ffi/socket.ts";
import type { InterfaceConfig } from "./config.ts";
import type { EventLoop, Handler } from "./loop/loop.ts";

const BACKLOG = 64;
/** Between bind and listen of another nuse its lock cannot be asked: tries, 1 ms apart. */
const ASK_TRIES = 5;
/** Bytes of a place that fit into an abstract name beside the rest. */
const PLACE_MAX = 40;

/** The lock of this process: answers who asks for it by who it is (SO_PEERCRED), and no more. */
export class AddressLock implements Handler {
  constructor(readonly fd: number) {}

  onEvents(): void {
    const asker = libc().accept4(this.fd, SOCK_CLOEXEC);
    if (asker >= 0) libc().close(asker);
  }

  close(): void {
    libc().close(this.fd);
  }
}

/**
 * Locks `address` on `interfaceName` of this thread's network namespace. Returns a line for a
 * person instead when a stranger holds the name; throws SysError when another nuse has the address.
 */
export function lockAddress(interfaceName: string, address: string): AddressLock | string {
  const sys = libc();
  const name = `\0nuse/${interfaceName}/${address}`;
  const doing = `cannot lock ${address} on ${interfaceName}`;
  const fd = check(unixSocket(), "socket", doing);
  const bound = bindUnix(fd, name);
  if (bound === 0) {
    check(sys.listen(fd, BACKLOG), "listen", doing);
    return new AddressLock(fd);
  }
  sys.close(fd);
  if (bound !== -EADDRINUSE) check(bound, "bind", doing);
  const holder = holderOf(name);
  if (holder !== null && isTrusted(holder)) {
    const what = `${address} on ${interfaceName} belongs to another nuse, pid ${holder.pid}`;
    throw new SysError("bind", EADDRINUSE, what, { advice: "choose another address, or end it" });
  }
  const who = holder === null ? "somebody" : `pid ${holder.pid} of user ${holder.uid}`;
  return `${who} holds the lock of ${address} on ${interfaceName} and is no nuse of ours: ignored`;
}

/** Anybody may bind the name: only root's and our own user's lock is one. */
export function isTrusted({ uid }: Credentials, ownUid: number | null = Deno.uid()): boolean {
  return uid === 0 || uid === ownUid;
}

/** The network on which an address must be one's own: an interface, or what meets at a path. */
function placeOf({ hostName, pipePath, vlan }: InterfaceConfig): string {
  const tag = vlan === null ? "" : `.${vlan.id}`;
  if (pipePath === null) return hostName + tag;
  const slash = pipePath.lastIndexOf("/");
  // Abstract names are short, paths are not: the folder by its number
  const { dev, ino } = Deno.statSync(pipePath.slice(0, slash + 1));
  return `${dev}:${ino}/${pipePath.slice(slash + 1).slice(-PLACE_MAX)}${tag}`;
}

/**
 * Locks `what`, an address or what stands for one, on the network of an interface, for as long as
 * `loop` answers. Returns a line for a person when a stranger holds the name, else null; throws
 * SysError when another nuse has it.
 */
export function holdLock(loop: EventLoop, config: InterfaceConfig, what: string): string | null {
  // A TAP's name is one for each namespace: there is no other nuse on it.
  if (config.kind === "TAP") return null;
  const lock = lockAddress(placeOf(config), what);
  if (typeof lock === "string") return lock;
  check(loop.add(lock.fd, EPOLLIN, lock), "epoll_ctl", "cannot watch an address's lock");
  return null;
}

function unixSocket(): number {
  return libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/** Who listens on a name; null: nobody does, or does not answer. */
function holderOf(name: string): Credentials | null {
  const sys = libc();
  for (let tries = 0; tries < ASK_TRIES; tries++) {
    const fd = unixSocket();
    if (fd < 0) return null;
    const connected = connectUnix(fd, name);
    const holder = connected === 0 ? peerCredentials(fd) : connected;
    sys.close(fd);
    if (typeof holder !== "number") return holder;
    sys.poll(-1, 0, 1);
  }
  return null;
}

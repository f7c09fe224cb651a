/**
 * What a program may do that takes a privilege: raw sockets, ports below 1024, options of an
 * administrator. The kernel decides, as it would natively: the program passes a kernel socket that
 * only who may do so could have got in the program's network namespace (ffi/shim/core/evidence.c).
 *
 * The namespace counts: in one of its own anybody is root. And what a process has once got, it may
 * use again after it gave up the right, as a socket that it kept.
 *
 * @module
 */
import {
  AF_INET,
  SO_DOMAIN,
  SO_NETNS_COOKIE,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCKADDR_IN,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import { type Libc, libc } from "../../../ffi/libc.ts";
import { getIntOption } from "../../../ffi/socket.ts";
import {
  EACCES,
  EPERM,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_2292PKTOPTIONS,
  IPV6_DSTOPTS,
  IPV6_HOPOPTS,
  IPV6_RTHDRDSTOPTS,
  IPV6_TRANSPARENT,
  SO_DEBUG,
  SO_MARK,
  SO_PRIORITY,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
} from "../../../stack/mod.ts";

/** Linux's default of net.ipv4.ip_unprivileged_port_start. */
const UNPRIVILEGED_PORT_START = 1024;
/** SO_PRIORITY: what anybody may set. */
const PRIORITY_MAX = 6;

/** Of one control message. */
const CMSG_HEADER_LEN = 16;

/** CAP_*, capabilities(7). */
const CAP_NET_BIND_SERVICE = 10;
export const CAP_NET_ADMIN = 12;
export const CAP_NET_RAW = 13;

/** What the caller may do in the programs' network, as somebody else has found out. */
export interface Rights {
  /** Whether it has a CAP_* there. */
  has(capability: number): boolean;
}

/** What came along with a request: descriptors, -1: none. */
export interface Passed {
  readonly fd: number;
  readonly secondFd: number;
  /** What counts instead of descriptors; null: they do. */
  readonly rights: Rights | null;
}

export class Privilege {
  readonly #sys: Libc = libc();
  readonly #network: bigint;

  /** `network`: SO_NETNS_COOKIE of the programs' namespace; null: that of this thread. */
  constructor(network: bigint | null) {
    this.#network = network ?? ownNetwork();
  }

  mayOpenRaw(passed: Passed): boolean {
    if (passed.rights !== null) return passed.rights.has(CAP_NET_RAW);
    return this.#any(passed, (fd) => getIntOption(fd, SOL_SOCKET, SO_TYPE) === SOCK_RAW);
  }

  /** A lower port is as good as `port`. */
  mayBind(passed: Passed, port: number): boolean {
    if (port === 0 || port >= UNPRIVILEGED_PORT_START) return true;
    if (passed.rights !== null) return passed.rights.has(CAP_NET_BIND_SERVICE);
    return this.#any(passed, (fd) => {
      const bound = this.#boundPort(fd);
      return bound > 0 && bound <= port;
    });
  }

  /** `by`: SO_DEBUG, which takes CAP_NET_ADMIN, or SO_MARK, for which CAP_NET_RAW is enough. */
  #maySet(passed: Passed, by: number): boolean {
    const { rights } = passed;
    if (rights !== null) {
      return rights.has(CAP_NET_ADMIN) || (by === SO_MARK && rights.has(CAP_NET_RAW));
    }
    return this.#any(passed, (fd) => getIntOption(fd, SOL_SOCKET, by) > 0);
  }

  /**
   * Whether an option may be set to this value. 0 or -errno, as Linux's sk_setsockopt and
   * do_ip_setsockopt.
   */
  checkOption(passed: Passed, level: number, name: number, value: Uint8Array): number {
    if (takesRaw(level, name, value)) return this.mayOpenRaw(passed) ? 0 : -EPERM;
    const n = value.length < 4 ? 0 : new DataView(value.buffer, value.byteOffset).getInt32(0, true);
    const by = privilegeFor(level, name, n);
    if (by === 0 || this.#maySet(passed, by)) return 0;
    return level === SOL_SOCKET && name === SO_DEBUG ? -EACCES : -EPERM;
  }

  /** Whether one of the sockets that came along is of the programs' network, and fits. */
  #any({ fd, secondFd }: Passed, fits: (fd: number) => boolean): boolean {
    return [fd, secondFd].some((each) =>
      each >= 0 && getIntOption(each, SOL_SOCKET, SO_DOMAIN) === AF_INET &&
      networkOf(each) === this.#network && fits(each)
    );
  }

  /** 0: none. */
  #boundPort(fd: number): number {
    const name = new Uint8Array(SOCKADDR_IN.LEN);
    const len = this.#sys.getsockname(fd, name, name.length);
    return len < 0 ? 0 : new DataView(name.buffer).getUint16(SOCKADDR_IN.PORT);
  }
}

/** The option that takes the same right as setting `name` to `n`; 0: that takes none. */
function privilegeFor(level: number, name: number, n: number): number {
  if (level === IPPROTO_IP) return name === IP_TRANSPARENT && n !== 0 ? SO_MARK : 0;
  if (level === IPPROTO_IPV6) return name === IPV6_TRANSPARENT && n !== 0 ? SO_MARK : 0;
  if (level !== SOL_SOCKET) return 0;
  switch (name) {
    case SO_RCVBUFFORCE:
    case SO_SNDBUFFORCE:
      return SO_DEBUG;
    case SO_DEBUG:
      return n !== 0 ? SO_DEBUG : 0;
    case SO_MARK:
      return SO_MARK;
    case SO_PRIORITY:
      return n < 0 || n > PRIORITY_MAX ? SO_MARK : 0;
    default:
      return 0;
  }
}

/** Headers of a program's own making (CAP_NET_RAW), even to be rid of them. */
function takesRaw(level: number, name: number, { length }: Uint8Array): boolean {
  if (level !== IPPROTO_IPV6) return false;
  if (name === IPV6_2292PKTOPTIONS) return length >= CMSG_HEADER_LEN;
  return name === IPV6_HOPOPTS || name === IPV6_RTHDRDSTOPTS || name === IPV6_DSTOPTS;
}

/** SO_NETNS_COOKIE; 0: it has none. */
function networkOf(fd: number): bigint {
  const value = new BigUint64Array(1);
  const bytes = new Uint8Array(value.buffer);
  return libc().getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, bytes, 8) < 0 ? 0n : value[0];
}

function ownNetwork(): bigint {
  const fd = libc().socket(AF_INET, SOCK_DGRAM, 0);
  const network = networkOf(fd);
  libc().close(fd);
  return network;
}

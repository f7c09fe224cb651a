/**
 * struct sockaddr_in and sockaddr_in6 to and from an address and a port.
 *
 * A socket of AF_INET6 speaks IPv4 by v4-mapped addresses (RFC 3493 3.7): the stack's `IpAddress`
 * makes no difference between 198.18.0.1 and ::ffff:198.18.0.1, so only the way out has to ask for
 * the domain. Errors are those of Linux's bind and connect.
 *
 * @module
 */
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import {
  AF_UNSPEC,
  ANY_V4,
  ANY_V6,
  EAFNOSUPPORT,
  EINVAL,
  type Interface,
  IpAddress,
  needsScope,
  type Socket,
} from "../../../stack/mod.ts";

const SOCKADDR_IN_LEN = 16;
const SOCKADDR_IN6_LEN = 28;
/** RFC 2133's sockaddr_in6 had no scope: Linux still takes it. */
export const SOCKADDR_IN6_MIN_LEN = 24;

const PORT_OFFSET = 2;
const V4_ADDR_OFFSET = 4;
const V6_FLOW_OFFSET = 4;
const FLOW_LABEL_MASK = 0xfffff;
const V6_ADDR_OFFSET = 8;
const V6_SCOPE_OFFSET = 24;
const V4_MAPPED_WORD = 0x0000ffff;

/** A parsed sockaddr; reused by its owner. */
export class SocketAddress {
  /** AF_INET, AF_INET6, or AF_UNSPEC (address and port are then unset). */
  family = AF_UNSPEC;
  addr: IpAddress = ANY_V4;
  /** Host order. */
  port = 0;
  /** sin6_scope_id: the interface of an address that is one link's; 0: not said. */
  scopeId = 0;
  /** sin6_flowinfo, the label of it; 0: none. */
  flowLabel = 0;
}

/**
 * Reads the sockaddr of `lenBytes` bytes at `off` for a socket of `domain`. AF_UNSPEC is accepted:
 * what it means is the caller's business. `isV4Taken`: a socket of AF_INET6 takes AF_INET names,
 * too. Returns 0, -EINVAL (too short) or -EAFNOSUPPORT.
 */
export function readSockaddr(
  dv: DataView,
  off: number,
  lenBytes: number,
  domain: number,
  out: SocketAddress,
  isV4Taken = true,
): number {
  if (lenBytes < 2) return -EINVAL;
  const family = dv.getUint16(off, true);
  out.family = family;
  out.scopeId = 0;
  out.flowLabel = 0;
  if (family === AF_UNSPEC) return 0;
  if (lenBytes < (domain === AF_INET6 ? SOCKADDR_IN6_MIN_LEN : SOCKADDR_IN_LEN)) {
    const isV4OnV6 = domain === AF_INET6 && family === AF_INET && isV4Taken;
    if (!isV4OnV6 || lenBytes < SOCKADDR_IN_LEN) return -EINVAL;
  }
  if (family === AF_INET) {
    out.addr = IpAddress.read(dv, off + V4_ADDR_OFFSET, 4);
  } else if (family === AF_INET6 && domain === AF_INET6) {
    out.addr = IpAddress.read(dv, off + V6_ADDR_OFFSET, 6);
    out.flowLabel = dv.getUint32(off + V6_FLOW_OFFSET) & FLOW_LABEL_MASK;
    if (lenBytes >= SOCKADDR_IN6_LEN) out.scopeId = dv.getUint32(off + V6_SCOPE_OFFSET, true);
  } else {
    return -EAFNOSUPPORT;
  }
  out.port = dv.getUint16(off + PORT_OFFSET);
  return 0;
}

/** The sockaddr of a request, or -errno. */
export function addressIn(
  dv: DataView,
  { dataOff, dataLen }: { readonly dataOff: number; readonly dataLen: number },
  domain: number,
  isV4Taken = true,
): SocketAddress | number {
  const address = new SocketAddress();
  const result = readSockaddr(dv, dataOff, dataLen, domain, address, isV4Taken);
  return result < 0 ? result : address;
}

/** Length of the sockaddr that `writeSockaddr` makes for a socket of `domain`. */
export function sockaddrLen(domain: number): number {
  return domain === AF_INET6 ? SOCKADDR_IN6_LEN : SOCKADDR_IN_LEN;
}

/**
 * Writes the sockaddr in the family of `domain`; every byte of it. IPv4 addresses on AF_INET6 come
 * out v4-mapped, but 0.0.0.0 as `::`. `scopeId`: the interface, told of an address of one link.
 * Returns its length.
 */
export function writeSockaddr(
  u8: Uint8Array,
  off: number,
  domain: number,
  addr: IpAddress,
  port: number,
  scopeId = 0,
): number {
  const len = sockaddrLen(domain);
  u8.fill(0, off, off + len);
  u8[off] = domain === AF_INET6 ? AF_INET6 : AF_INET;
  u8[off + PORT_OFFSET] = port >>> 8;
  u8[off + PORT_OFFSET + 1] = port;
  if (domain !== AF_INET6) {
    if (addr.family === 4) addr.writeTo(u8, off + V4_ADDR_OFFSET);
    return len;
  }
  writeAddress(u8, off + V6_ADDR_OFFSET, domain, addr);
  if (needsScope(addr)) {
    for (let i = 0; i < 4; i++) u8[off + V6_SCOPE_OFFSET + i] = scopeId >>> (8 * i);
  }
  return len;
}

/**
 * Writes the address alone, in the family of `domain`, over zeros: on AF_INET6 one of IPv4 as
 * v4-mapped, but 0.0.0.0 as `::`.
 */
export function writeAddress(u8: Uint8Array, off: number, domain: number, addr: IpAddress): void {
  if (domain !== AF_INET6 || addr.family === 6) {
    addr.writeTo(u8, off);
  } else if (!addr.isUnspecified) {
    u8[off + 10] = V4_MAPPED_WORD >>> 8;
    u8[off + 11] = V4_MAPPED_WORD;
    addr.writeTo(u8, off + 12);
  }
}

/** AF_INET, AF_INET6. */
export function familyOf({ family }: { readonly family: 4 | 6 }): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** The wildcard address of a socket of `domain`. */
export function anyAddress(domain: number): IpAddress {
  return domain === AF_INET6 ? ANY_V6 : ANY_V4;
}

/** The interface that a socket's addresses of one link are of; 0: there is none to tell. */
export function scopeIdOf(
  { interfaces }: { readonly interfaces: readonly Interface[] },
  socket: Pick<Socket, "options" | "local">,
): number {
  const { ifIndex } = socket.options;
  if (ifIndex !== 0) return ifIndex;
  const { addr } = socket.local();
  if (!needsScope(addr)) return 0;
  return interfaces.find((iface) => iface.findAddress(addr) !== null)?.index ?? 0;
}

/**
 * Whether a datagram socket may be bound to an address (ip(7)): ours, a wildcard, broadcast or
 * multicast; and what it then sends from.
 *
 * @module
 */
import { checkSource } from "../base/address_family.ts";
import { EADDRNOTAVAIL } from "../base/errno.ts";
import { ANY_V4, ANY_V6, type IpAddress } from "../base/ip_address.ts";
import type { Network } from "../base/network.ts";
import type { SocketOptions } from "../base/socket_options.ts";

/** Returns 0 or -errno. A dual-stack socket takes IPv4 addresses too. */
export function checkBindable(
  network: Network,
  domain: number,
  options: SocketOptions,
  addr: IpAddress,
): number {
  const refused = checkSource(domain, options.v6Only, addr);
  if (refused !== 0) return refused;
  if (addr.isUnspecified || addr.isMulticast || addr.isBroadcast) return 0;
  if (options.freeBind || options.transparent || network.isLocal(addr)) return 0;
  if (addr.family === 6) return -EADDRNOTAVAIL;
  const route = network.route(addr, null, 0);
  return typeof route !== "number" && route.isBroadcast ? 0 : -EADDRNOTAVAIL;
}

/**
 * The source of what a socket bound to `addr`, which has been checked, sends: nobody sends from a
 * broadcast or multicast address, the interface's is taken (unspecified).
 */
export function sourceOfBound(network: Network, addr: IpAddress): IpAddress {
  if (addr.isMulticast || addr.isBroadcast) return addr.family === 4 ? ANY_V4 : ANY_V6;
  if (addr.family === 6 || network.isLocal(addr)) return addr;
  const route = network.route(addr, null, 0);
  return typeof route !== "number" && route.isBroadcast ? ANY_V4 : addr;
}

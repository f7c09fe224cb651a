/**
 * What a socket of AF_INET or AF_INET6 can do with an address of either family: an AF_INET6 socket
 * speaks IPv4 too, by v4-mapped addresses, unless IPV6_V6ONLY is set (RFC 3493 5.3). Whether there
 * is a way to the address, or whether it is ours, the network layer knows.
 *
 * @module
 */
import { EAFNOSUPPORT, EINVAL, ENETUNREACH } from "./errno.ts";
import type { IpAddress } from "./ip_address.ts";
import { AF_INET } from "./socket_constants.ts";

/** Whether packets can go to `addr`: 0 or -errno. */
export function checkDestination(domain: number, isV6Only: boolean, addr: IpAddress): number {
  if (addr.family !== 4) return domain === AF_INET ? -EAFNOSUPPORT : 0;
  return isV6Only ? -ENETUNREACH : 0;
}

/** Whether a socket can be bound to an address of that family: 0 or -errno. */
export function checkSource(domain: number, isV6Only: boolean, addr: IpAddress): number {
  if (addr.family !== 4) return domain === AF_INET ? -EAFNOSUPPORT : 0;
  return isV6Only ? -EINVAL : 0;
}

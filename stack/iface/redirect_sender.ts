/**
 * When a router tells a host that there is a better first hop (RFC 1812 5.2.7.2): what it sends by
 * us goes out where it came in, so that it could have asked the next hop itself.
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";
import type { CachedRoute } from "./cached_route.ts";
import type { IpConfig } from "./config.ts";
import type { Interface } from "./interface.ts";
import type { RouteTable } from "./route_table.ts";

/** Whether `src` (int32), whose packet came in by `ifIndex`, should take `route`'s next hop. */
export function hasBetterHop(
  src: number,
  ifIndex: number,
  route: CachedRoute,
  table: RouteTable,
  { sendRedirects, sharedMedia }: IpConfig,
): boolean {
  if (!sendRedirects || route.ifIndex !== ifIndex) return false;
  const host = IpAddress.v4(src);
  return isOnLink(host, ifIndex, table) &&
    (sharedMedia || areNeighbours(host, route.nextHop, route.iface));
}

/** Its packets come straight from it, else it is another router that would have to be told. */
export function isOnLink(host: IpAddress, ifIndex: number, table: RouteTable): boolean {
  const back = table.lookup(host, 0);
  return back !== null && back.gateway === null && back.ifIndex === ifIndex;
}

/** Both are in one subnet of the interface's. */
export function areNeighbours(a: IpAddress, b: IpAddress, iface: Interface): boolean {
  return iface.addresses.some(({ addr, prefixLen }) =>
    addr.sharesPrefix(a, prefixLen) && addr.sharesPrefix(b, prefixLen)
  );
}

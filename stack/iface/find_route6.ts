/**
 * Finding the way to an IPv6 destination: ours, a group, a neighbour of the link, or by the routing
 * table. As router.ts does it for IPv4, and kept in the same cache.
 *
 * A link-local destination says nothing of its link: `ifIndex` does, or the source, as each of our
 * link-local addresses is one interface's. Without either the first link that has any is taken.
 *
 * @module
 */
import { EADDRNOTAVAIL, EINVAL, ENETUNREACH } from "../base/errno.ts";
import { ANY_V6, IpAddress, LOOPBACK_V6 } from "../base/ip_address.ts";
import { MULTICAST_V6_MAC_HI } from "../wire/ethernet.ts";
import { IPV6_MIN_MTU, SCOPE_INTERFACE } from "../wire/ipv6.ts";
import { type CachedRoute, VIA_GROUP, VIA_LOOPBACK, VIA_NEIGHBOUR } from "./cached_route.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceTable } from "./interface_table.ts";
import type { Redirects } from "./redirects.ts";
import type { RouteTable } from "./route_table.ts";
import { scopeOf, selectSource } from "./source_address.ts";

export interface FindRouteDeps {
  readonly interfaces: InterfaceTable;
  readonly table: RouteTable;
  readonly redirects: Redirects;
  /** Whether a gateway of IPv6 has been asked for and has not answered. */
  readonly isSilent: (gateway: IpAddress, ifIndex: number) => boolean;
  make(
    iface: Interface,
    src: IpAddress,
    dst: IpAddress,
    nextHop: IpAddress,
    via: number,
  ): CachedRoute;
}

/** As Network.route, for `dst` of family 6. */
export function findRoute6(
  deps: FindRouteDeps,
  dst: IpAddress,
  src: IpAddress | null,
  ifIndex: number,
  multicastLoop: boolean,
): CachedRoute | number {
  const { interfaces } = deps;
  const srcOwner = src === null ? null : interfaces.ownerOf(src);
  if (src !== null && (srcOwner === null || src.family === 4)) return -EADDRNOTAVAIL;
  if (dst.isUnspecified) dst = src ?? LOOPBACK_V6;
  const owner = interfaces.ownerOf(dst);
  if (owner !== null) return toOurselves(deps, dst, src);
  if (dst.isMulticast) {
    const iface = groupInterface(deps, dst, ifIndex, srcOwner);
    if (iface === null) return -ENETUNREACH;
    return toGroup(deps, dst, src, iface, multicastLoop);
  }
  const linkOfSource = src !== null && src.isLinkLocal ? srcOwner!.index : 0;
  return toHost(deps, dst, src, ifIndex || (dst.isLinkLocal ? linkOfSource : 0));
}

function toOurselves({ interfaces, make }: FindRouteDeps, dst: IpAddress, src: IpAddress | null) {
  return make(interfaces.all[0], src ?? dst, dst, dst, VIA_LOOPBACK);
}

function groupInterface(
  { interfaces, table }: FindRouteDeps,
  dst: IpAddress,
  ifIndex: number,
  srcOwner: Interface | null,
): Interface | null {
  if (scopeOf(dst) === SCOPE_INTERFACE) return interfaces.all[0];
  if (ifIndex !== 0) return interfaces.upByIndex(ifIndex);
  if (srcOwner !== null && !srcOwner.isLoopback) return srcOwner.isUp ? srcOwner : null;
  const entry = table.lookup(dst, 0);
  if (entry !== null) return interfaces.upByIndex(entry.ifIndex);
  return interfaces.all.find((iface) => !iface.isLoopback && iface.isUp && iface.hasIpv6) ?? null;
}

function toGroup(
  { interfaces, make }: FindRouteDeps,
  dst: IpAddress,
  src: IpAddress | null,
  iface: Interface,
  multicastLoop: boolean,
): CachedRoute {
  const source = src ?? selectSource(dst, iface, interfaces.all) ?? ANY_V6;
  const route = make(iface, source, dst, dst, iface.isLoopback ? VIA_LOOPBACK : VIA_GROUP);
  route.isMulticast = true;
  route.groupHi = MULTICAST_V6_MAC_HI;
  route.groupLo = dst.w3;
  route.loopsBack = !iface.isLoopback && multicastLoop;
  return route;
}

function toHost(
  { interfaces, table, redirects, isSilent, make }: FindRouteDeps,
  dst: IpAddress,
  src: IpAddress | null,
  ifIndex: number,
): CachedRoute | number {
  const entry = table.lookup(dst, ifIndex, isSilent);
  const iface = entry === null ? null : interfaces.byIndex(entry.ifIndex);
  if (entry === null || iface === null || iface.isLoopback) return -ENETUNREACH;
  if (iface.mtu < IPV6_MIN_MTU) return -ENETUNREACH;
  if (src !== null && src.isLoopback) return -EINVAL;
  const { gateway } = entry;
  const nextHop = gateway === null ? dst : redirects.replace(dst, gateway, iface.index);
  const source = src ?? selectSource(dst, iface, interfaces.all);
  return source === null ? -EADDRNOTAVAIL : make(iface, source, dst, nextHop, VIA_NEIGHBOUR);
}

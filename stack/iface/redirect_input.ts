/**
 * Whether a host does as an ICMP redirect says (RFC 1122 3.2.2.2, Linux's `__ip_do_redirect`): only
 * if it was asked to (`accept_redirects`), and never as a router. A transport has found the quoted
 * packet to be its own by then.
 *
 *     the sender is the gateway in use there        else anybody could say so
 *     the new gateway is a neighbour that answers   else it is asked, and the next redirect counts
 *     shared_media 0: it is in the old one's subnet, and with secure_redirects a default gateway
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { CachedRoute } from "./cached_route.ts";
import type { IpConfig } from "./config.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceTable } from "./interface_table.ts";
import { LIMITED_BROADCAST } from "./martian.ts";
import type { NeighbourTable } from "./neighbour.ts";
import { areNeighbours } from "./redirect_sender.ts";
import type { Router } from "./router.ts";

export interface RedirectDeps {
  readonly config: IpConfig;
  readonly interfaces: InterfaceTable;
  readonly router: Router;
  readonly neighbours: NeighbourTable;
}

/** `from` says that `dst` is better reached by `gateway`. Whether it is from now on. */
export function followRedirect(
  deps: RedirectDeps,
  dst: IpAddress,
  gateway: IpAddress,
  from: IpAddress,
  nowUs: number,
): boolean {
  const { config, router, neighbours } = deps;
  if (!config.acceptRedirects || config.forward || gateway.equals(from)) return false;
  const route = router.route(dst, null, 0, true);
  if (typeof route === "number" || !route.viaGateway || !route.nextHop.equals(from)) return false;
  if (!isGateway(deps, gateway, from, route)) return false;
  const neighbour = neighbours.findOrAdd(route.iface, gateway, nowUs);
  if (neighbour === null) return false;
  if (!neighbours.canSend(neighbour, nowUs)) {
    neighbours.startResolving(neighbour, nowUs);
    return false;
  }
  return router.redirect(dst, gateway, nowUs);
}

/**
 * As `followRedirect`, of a router on an IPv6 link (RFC 4861 8.3, Linux's `rt6_do_redirect`): no
 * packet is quoted, or need be, since whoever sent this is on the link, and the router in use. It
 * is believed at once; a gateway that does not answer is forgotten again.
 */
export function followRedirect6(
  { config, interfaces, router }: RedirectDeps,
  iface: Interface,
  dst: IpAddress,
  target: IpAddress,
  from: IpAddress,
  nowUs: number,
): boolean {
  if (!config.acceptRedirects6 || config.forward6 || target.equals(from)) return false;
  const route = router.route(dst, null, 0, true);
  if (typeof route === "number" || !route.viaGateway || route.iface !== iface) return false;
  if (!route.nextHop.equals(from) || interfaces.ownerOf(target) !== null) return false;
  return router.redirect(dst, target, nowUs);
}

/** Whether it can be one on the route's link, in the place of `old`. */
function isGateway(
  { config, interfaces, router }: RedirectDeps,
  gateway: IpAddress,
  old: IpAddress,
  { iface }: CachedRoute,
): boolean {
  const word = gateway.w3;
  const isUnicast = word >>> 24 !== 0 && word >>> 24 < 224 && word !== LIMITED_BROADCAST;
  if (!isUnicast || interfaces.isBroadcastV4(word) || interfaces.ownerOfV4(word) !== null) {
    return false;
  }
  if (config.sharedMedia) return true;
  if (!areNeighbours(gateway, old, iface)) return false;
  return !config.secureRedirects ||
    router.table.entries.some((entry) =>
      entry.prefixLen === 0 && entry.ifIndex === iface.index &&
      (entry.gateway?.equals(gateway) ?? false)
    );
}

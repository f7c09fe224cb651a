/**
 * When an IPv6 router tells a host of a better first hop (RFC 4861 8.2), as Linux's
 * `ndisc_send_redirect`: what the host sends by us goes out where it came in. The next hop is named
 * by its link-local address, or is the destination itself: what has neither is not told of.
 *
 * Limited for each destination and for each host: six at once, one a second.
 *
 * @module
 */
import { HostBuckets } from "../base/host_buckets.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { ETHERNET_SRC_OFFSET } from "../wire/ethernet.ts";
import type { CachedRoute } from "./cached_route.ts";
import type { LinkAddress, NdpSender } from "./ndp_sender.ts";
import type { NeighbourTable } from "./neighbour.ts";
import { isOnLink } from "./redirect_sender.ts";
import type { RouteTable } from "./route_table.ts";

const PER_SECOND = 1;
const BURST = 6;

export interface RedirectSender6Deps {
  readonly memory: Memory;
  readonly table: RouteTable;
  readonly neighbours: NeighbourTable;
  readonly sender: NdpSender;
}

export class RedirectSender6 {
  readonly #byDestination = new HostBuckets(PER_SECOND, BURST);
  readonly #byHost = new HostBuckets(PER_SECOND, BURST);

  constructor(readonly deps: RedirectSender6Deps) {}

  /** The packet goes on by `route`, to the link that it came from: tells its sender if it may. */
  consider(pkt: Packet, route: CachedRoute): void {
    const { nowUs } = pkt;
    if (!this.#byDestination.take(hostNumber(route.dst), nowUs)) return;
    const { iface, nextHop, dst } = route;
    if (!nextHop.isLinkLocal && !nextHop.equals(dst)) return;
    const own = iface.linkLocal6;
    if (own === null) return;
    const host = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const { sender, neighbours, table, memory: { dv } } = this.deps;
    if (!isOnLink(host, pkt.ifIndex, table) || !this.#byHost.take(hostNumber(host), nowUs)) return;
    const known = neighbours.find(iface, nextHop);
    const hasMac = known !== null && neighbours.hasMac(known);
    const link: LinkAddress = {
      macHi: dv.getUint16(pkt.linkOff + ETHERNET_SRC_OFFSET),
      macLo: dv.getInt32(pkt.linkOff + ETHERNET_SRC_OFFSET + 2),
    };
    sender.redirect(iface, own, host, link, nextHop, hasMac ? known : null, pkt);
  }
}

function hostNumber({ w0, w1, w2, w3 }: IpAddress): number {
  return w3 ^ Math.imul(w2, 0x85ebca6b) ^ Math.imul(w1, 0x9e3779b1) ^ w0;
}

/**
 * Where a datagram goes: the route for a destination, under the socket's options, remembered for
 * the next datagram to the same place.
 *
 * @module
 */
import { checkDestination } from "../base/address_family.ts";
import { EACCES, EAFNOSUPPORT, EDESTADDRREQ, ENETUNREACH } from "../base/errno.ts";
import { ANY_V4, ANY_V6, IpAddress } from "../base/ip_address.ts";
import type { Route } from "../base/network.ts";
import {
  AF_INET,
  PMTUDISC_DO,
  PMTUDISC_INTERFACE,
  PMTUDISC_PROBE,
  PMTUDISC_WANT,
} from "../base/socket_constants.ts";
import {
  DGRAM_ADDR_OFF,
  DGRAM_DST_OFF,
  DGRAM_FAMILY_OFF,
  DGRAM_HAS_ADDR,
  DGRAM_HAS_PKTINFO,
  DGRAM_IFINDEX_OFF,
} from "./datagram_header.ts";
import { UNSAID, withFlowLabel } from "../base/packet_shape.ts";
import type { SocketEnv } from "./socket_env.ts";
import type { SocketOptions } from "../base/socket_options.ts";

export class Destination {
  #word = 0;
  #route: Route | null = null;
  /** The same of IPv6, and the link that was asked for. */
  #addr6: IpAddress = ANY_V6;
  #ifIndex6 = 0;
  #route6: Route | null = null;

  /** What control messages of the datagram at hand say (ancillary.ts), or UNSAID. */
  dontFragSaid = UNSAID;
  flowLabelSaid = UNSAID;

  constructor(readonly env: SocketEnv, readonly options: SocketOptions) {}

  /** Options or addresses have changed. */
  forget(): void {
    this.#route = null;
    this.#route6 = null;
  }

  /** The route to the int32 address `word`; `own`: what the socket sends from. */
  routeToV4(word: number, own: IpAddress): Route | number {
    const known = this.#route;
    if (known !== null && this.#word === word && known.valid) return known;
    const route = this.routeTo(IpAddress.v4(word), own, 0);
    if (typeof route !== "number") {
      this.#word = word;
      this.#route = route;
    }
    return route;
  }

  /** The route to an address; `scopeId`: the link of one that is one link's. */
  routeToAddress(addr: IpAddress, scopeId: number, own: IpAddress): Route | number {
    if (addr.family === 4) return this.routeToV4(addr.w3, own);
    return this.routeTo(addr, own, addr.isLinkLocal || addr.isMulticast ? scopeId : 0);
  }

  /**
   * The route of a datagram whose header at `off` names its destination, or a source (IP_PKTINFO).
   * `remote`: where it goes otherwise; `own`: what the socket sends from otherwise.
   */
  routeOf(
    off: number,
    flags: number,
    domain: number,
    remote: IpAddress | null,
    own: IpAddress,
  ): Route | number {
    const { dv } = this.env.memory;
    const hasPktInfo = (flags & DGRAM_HAS_PKTINFO) !== 0;
    let dst = remote;
    if ((flags & DGRAM_HAS_ADDR) !== 0) {
      const isV4 = dv.getUint16(off + DGRAM_FAMILY_OFF, true) === AF_INET;
      const refused = checkDestination(domain, this.options.v6Only, isV4 ? ANY_V4 : ANY_V6);
      if (refused !== 0) return refused;
      if (!isV4) return this.routeOfV6(off, hasPktInfo, own);
      const word = dv.getInt32(off + DGRAM_ADDR_OFF);
      if (!hasPktInfo) return this.routeToV4(word, own);
      dst = IpAddress.v4(word);
    }
    if (dst === null) return -EDESTADDRREQ;
    const src = IpAddress.read(dv, off + DGRAM_DST_OFF, dst.family);
    const ifIndex = dv.getInt32(off + DGRAM_IFINDEX_OFF, true);
    return this.routeTo(dst, src.isUnspecified ? own : src, ifIndex);
  }

  /**
   * The route of a datagram whose header at `off` names its destination in IPv6; beside it is the
   * link, if it is one of a link only. `own`: what the socket sends from, unless IPV6_PKTINFO says.
   */
  routeOfV6(off: number, hasPktInfo: boolean, own: IpAddress): Route | number {
    const { memory: { dv } } = this.env;
    const at = off + DGRAM_ADDR_OFF;
    const isMapped = dv.getInt32(at) === 0 && dv.getInt32(at + 4) === 0 &&
      dv.getInt32(at + 8) === 0xffff;
    if (isMapped) return this.routeToV4(dv.getInt32(at + 12), own);
    const ifIndex = dv.getInt32(off + DGRAM_IFINDEX_OFF, true);
    if (!hasPktInfo) return this.routeToV6(dv, at, ifIndex, own);
    const src = IpAddress.read(dv, off + DGRAM_DST_OFF, 6);
    return this.routeTo(IpAddress.read(dv, at, 6), src.isUnspecified ? own : src, ifIndex);
  }

  /** The route to the IPv6 address whose 16 bytes are at `off`; `ifIndex`: its link, 0: any. */
  routeToV6(dv: DataView, off: number, ifIndex: number, own: IpAddress): Route | number {
    const known = this.#route6;
    const addr = this.#addr6;
    if (
      known !== null && known.valid && ifIndex === this.#ifIndex6 &&
      addr.w3 === dv.getInt32(off + 12) && addr.w2 === dv.getInt32(off + 8) &&
      addr.w1 === dv.getInt32(off + 4) && addr.w0 === dv.getInt32(off)
    ) return known;
    const dst = IpAddress.read(dv, off, 6);
    const route = this.routeTo(dst, own, ifIndex);
    if (typeof route !== "number") {
      this.#addr6 = dst;
      this.#ifIndex6 = ifIndex;
      this.#route6 = route;
    }
    return route;
  }

  /** `ifIndex`: from IP_PKTINFO; 0: by the options. -EACCES: a broadcast without SO_BROADCAST. */
  routeTo(dst: IpAddress, own: IpAddress, ifIndex: number): Route | number {
    const options = this.options;
    let out = options.ifIndex || ifIndex;
    // A v4-mapped source, as Linux sees it
    if (own.family === 4 && dst.family === 6 && !own.isUnspecified) return -EAFNOSUPPORT;
    let src: IpAddress | null = own.isUnspecified || own.family !== dst.family ? null : own;
    if (src !== null && (src.isMulticast || src.isBroadcast)) src = null;
    const isV6 = dst.family === 6;
    if (isV6) {
      out ||= options.stickyIfIndex6;
      src ??= options.stickySource6;
    }
    if (!dst.isMulticast) {
      out ||= isV6 ? options.unicastIfIndex6 : options.unicastIfIndex;
    } else if (isV6) {
      out ||= options.multicastIfIndex6;
    } else {
      out ||= options.multicastIfIndex;
      const addr = options.multicastAddr;
      if (src === null && addr !== 0) src = IpAddress.v4(addr);
    }
    const loops = isV6 ? options.multicastLoop6 : options.multicastLoop;
    const route = this.env.network.route(dst, src, out, loops);
    if (typeof route === "number") return route;
    if (options.dontRoute && route.viaGateway) return -ENETUNREACH;
    return route.isBroadcast && !options.broadcast ? -EACCES : route;
  }

  /** Time to live of a datagram on `route`. */
  ttlOn(route: Route): number {
    const { options } = this;
    const isV6 = route.dst.family === 6;
    if (route.isMulticast) return isV6 ? options.multicastHops6 : options.multicastTtl;
    const ttl = isV6 ? options.hops6 : options.ttl;
    return ttl < 0 ? this.env.defaultTtl : ttl;
  }

  /** Type of service, or traffic class and flow label. `said`: of this datagram; -1: nothing. */
  tosOn(route: Route, said = -1): number {
    const { options, flowLabelSaid } = this;
    if (route.dst.family === 4) return said < 0 ? options.tos : said;
    const trafficClass = said < 0 ? options.tclass : said;
    if (flowLabelSaid > 0) return withFlowLabel(trafficClass, flowLabelSaid);
    return (options.flow6 & ~0xff) | trafficClass;
  }

  /** IPV6_DONTFRAG, of the socket or of the datagram at hand. */
  get isDontFragSaid(): boolean {
    return this.dontFragSaid === UNSAID ? this.options.dontFrag6 : this.dontFragSaid !== 0;
  }

  /** Whether a packet of `packetLen` bytes must not be fragmented: ip(7), IPV6_DONTFRAG. */
  dontFragment(route: Route, packetLen: number): boolean {
    if (route.dst.family === 6 && this.isDontFragSaid) return true;
    const mode = this.#modeOn(route);
    if (mode === PMTUDISC_WANT) return packetLen <= route.mtu;
    return mode === PMTUDISC_DO || mode === PMTUDISC_PROBE;
  }

  /** Whether a packet longer than the path MTU of `route` is refused instead of fragmented. */
  refusesTooBig(route: Route): boolean {
    if (route.dst.family === 6 && this.isDontFragSaid) return true;
    const mode = this.#modeOn(route);
    return mode === PMTUDISC_DO || mode === PMTUDISC_PROBE || mode === PMTUDISC_INTERFACE;
  }

  /** How long a packet may be that must not be cut: as the path's MTU says, or IPV6_MTU. */
  mtuOn({ dst, mtu }: Route): number {
    const { fragmentMtu6 } = this.options;
    return fragmentMtu6 === 0 || dst.family === 4 ? mtu : Math.min(mtu, fragmentMtu6);
  }

  /** IP_MTU_DISCOVER, or IPV6_MTU_DISCOVER. */
  #modeOn(route: Route): number {
    return route.dst.family === 6 ? this.options.mtuDiscover6 : this.options.mtuDiscover;
  }
}

/**
 * What routers tell a host (RFC 4861 6.3, RFC 4862 5.5): default routes, more routes (RFC 4191),
 * the link's prefixes and its MTU, name servers and search domains (RFC 8106), and whether a DHCPv6
 * server has more. On an interface that was told to listen.
 *
 *     start ── solicitation, three times ──▶ advertisement ──▶ routes, for their lifetimes
 *                                                  │
 *                   prefix, on-link ◀──────────────┼────────▶ name servers, domains, MTU, DHCPv6
 *                                                  ▼
 *                                    autonomous: addresses (slaac.ts)
 *
 * Whoever is on the link can send an advertisement: what it can do to us is bounded. So many
 * routers, routes, prefixes, servers and domains are taken and no more; one that came by a router,
 * or from an address that is not the link's, is none (RFC 4861 6.1.2).
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { DROP_NDP_ADDRESS, DROP_NDP_FORMAT } from "../base/drop_reason.ts";
import { ANY_V6, IpAddress, isLinkLocal6 } from "../base/ip_address.ts";
import { readDomainNames } from "../wire/domain_names.ts";
import { IPV6_MIN_MTU } from "../wire/ipv6.ts";
import {
  lifetimeEndUs,
  NDP_HOP_LIMIT,
  NDP_OPTION_DNSSL,
  NDP_OPTION_MTU,
  NDP_OPTION_PREFIX,
  NDP_OPTION_RDNSS,
  NDP_OPTION_ROUTE,
  PREFERENCE_RESERVED,
  PrefixOption,
  readPrefixOption,
  readRouteOption,
  readRouterAdvertisement,
  RouteOption,
  RouterAdvertisement,
} from "../wire/ndp.ts";
import { type ProbePlan, QUICK_PROBE } from "./address_probe.ts";
import { ExpiringList } from "./expiring_list.ts";
import type { Interface } from "./interface.ts";
import type { RouteEntry, RouteTable } from "./route_table.ts";
import { Slaac, SLAAC_PREFIX_LEN, type SlaacDeps } from "./slaac.ts";

/** Of default routes, of other routes by a router, of prefixes on the link. */
const ROUTES_MAX = { routers: 8, more: 16, prefixes: 16 };
/** Of name servers, and of domains. */
const NAMES_MAX = 8;
/** RTR_SOLICITATION_INTERVAL, MAX_RTR_SOLICITATIONS (RFC 4861 10). */
const SOLICIT_INTERVAL_US = 4e6;
const SOLICITATIONS_MAX = 3;
/** By the preference's two bits (RFC 4191 2.1): medium, high, reserved (as medium), low. */
const METRICS: readonly number[] = [1024, 512, 1024, 2048];

interface Route {
  readonly kind: keyof typeof ROUTES_MAX;
  readonly entry: RouteEntry;
  expiresAtUs: number;
}

/** What is to be done with what routers say. */
export interface RouterListening {
  /** How an address is asked for before it is used; null: it is not. Default: 20 ms. */
  readonly probe?: ProbePlan | null;
  /** Addresses are formed in their prefixes. Default: yes. */
  readonly formsAddresses?: boolean;
}

/** What is known of one link. */
class Link {
  readonly routes: Route[] = [];
  readonly servers = new ExpiringList<IpAddress>(NAMES_MAX, (a, b) => a.equals(b));
  readonly domains = new ExpiringList<string>(NAMES_MAX, (a, b) => a === b);
  readonly slaac: Slaac;
  solicitations = 0;
  solicitAtUs: number;
  isHeard = false;

  constructor(
    readonly iface: Interface,
    readonly how: RouterListening,
    deps: SlaacDeps,
    nowUs: number,
  ) {
    this.slaac = new Slaac(iface, how.probe === undefined ? QUICK_PROBE : how.probe, deps);
    this.solicitAtUs = nowUs;
  }
}

/** A router says that addresses (M), or other things (O), are to be had of a DHCPv6 server. */
export type OnAdvice = (
  iface: Interface,
  isManaged: boolean,
  hasOther: boolean,
  nowUs: number,
) => void;

export interface RouterDiscoveryDeps extends SlaacDeps {
  readonly memory: Memory;
  readonly alarm: Alarm;
  readonly table: RouteTable;
  /** Asks the routers of a link. */
  readonly solicit: (iface: Interface) => void;
  readonly onAdvice: OnAdvice;
}

/** A name server, and of which link it is. */
export interface ToldServer {
  readonly addr: IpAddress;
  readonly iface: Interface;
}

export class RouterDiscovery {
  readonly #links: Link[] = [];
  readonly #message = new RouterAdvertisement();
  readonly #prefix = new PrefixOption();
  readonly #route = new RouteOption();

  constructor(readonly deps: RouterDiscoveryDeps) {}

  /** Begins to ask, and to believe what is said; goes on with `poll`. */
  start(iface: Interface, nowUs: number, how: RouterListening = {}): void {
    if (this.#linkOf(iface) === undefined) {
      this.#links.push(new Link(iface, how, this.deps, nowUs));
    }
    this.deps.alarm.stir();
  }

  /** The interface is down: what was heard on it is forgotten, nobody is asked. */
  pause(iface: Interface): void {
    const link = this.#linkOf(iface);
    if (link === undefined) return;
    for (const route of [...link.routes]) this.#dropRoute(link, route);
    link.slaac.forget();
    link.servers.clear();
    link.domains.clear();
    iface.mtu6 = Infinity;
    link.isHeard = false;
    link.solicitAtUs = Infinity;
    this.deps.alarm.stir();
  }

  /** It is up again: the routers are asked anew. */
  resume(iface: Interface, nowUs: number): void {
    const link = this.#linkOf(iface);
    if (link === undefined) return;
    link.solicitations = 0;
    link.solicitAtUs = nowUs;
    this.deps.alarm.stir();
  }

  /** A router has been heard on the interface, and every address that it led to is known to be. */
  isSettled(iface: Interface): boolean {
    const link = this.#linkOf(iface);
    return link !== undefined && link.isHeard && link.slaac.isSettled;
  }

  /** How many addresses that were formed on the interface somebody else had. */
  takenOn(iface: Interface): number {
    return this.#linkOf(iface)?.slaac.taken ?? 0;
  }

  /** Those that routers have named, of all links. */
  get nameServers(): readonly ToldServer[] {
    return this.#links.flatMap(({ iface, servers }) =>
      servers.values.map((addr) => ({ addr, iface }))
    );
  }

  /** Domains to look names up in, of all links. */
  get searchDomains(): readonly string[] {
    return this.#links.flatMap(({ domains }) => domains.values);
  }

  /** An advertisement whose ICMPv6 header is sound. Returns 0 or a drop reason. */
  input(iface: Interface, pkt: Packet): number {
    const { dv } = this.deps.memory;
    const isSound = pkt.ttl === NDP_HOP_LIMIT && isLinkLocal6(pkt.src0);
    if (!isSound) return DROP_NDP_ADDRESS;
    const message = this.#message;
    const off = pkt.transportOff;
    if (!readRouterAdvertisement(dv, off, pkt.endOff - off, message)) return DROP_NDP_FORMAT;
    const link = this.#linkOf(iface);
    const from = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    if (link === undefined || iface.findAddress(from) !== null) return 0;
    link.isHeard = true;
    this.deps.alarm.stir();
    const { lifetimeSeconds, preference, isManaged, hasOther } = message;
    const metric = METRICS[preference];
    this.#learnRoute(link, "routers", from, ANY_V6, 0, metric, lifetimeSeconds, pkt.nowUs);
    if (isManaged || hasOther) this.deps.onAdvice(iface, isManaged, hasOther, pkt.nowUs);
    for (let at = message.optionsOff; at < pkt.endOff; at += dv.getUint8(at + 1) << 3) {
      this.#onOption(link, from, at, pkt.nowUs);
    }
    return 0;
  }

  pollAtUs(): number {
    let atUs = Infinity;
    for (const link of this.#links) {
      if (!link.isHeard) atUs = Math.min(atUs, link.solicitAtUs);
      for (const { expiresAtUs } of link.routes) atUs = Math.min(atUs, expiresAtUs);
      atUs = Math.min(atUs, link.servers.expiresAtUs, link.domains.expiresAtUs);
      atUs = Math.min(atUs, link.slaac.dueAtUs());
    }
    return atUs;
  }

  poll(nowUs: number): void {
    if (this.pollAtUs() > nowUs) return;
    for (const link of this.#links) {
      if (!link.isHeard && link.solicitAtUs <= nowUs) this.#solicit(link, nowUs);
      for (const route of link.routes.filter(({ expiresAtUs }) => expiresAtUs <= nowUs)) {
        this.#dropRoute(link, route);
      }
      link.servers.expire(nowUs);
      link.domains.expire(nowUs);
      link.slaac.poll(nowUs);
    }
  }

  #linkOf(iface: Interface): Link | undefined {
    return this.#links.find((known) => known.iface === iface);
  }

  #solicit(link: Link, nowUs: number): void {
    link.solicitations++;
    const isLast = link.solicitations >= SOLICITATIONS_MAX;
    link.solicitAtUs = isLast ? Infinity : nowUs + SOLICIT_INTERVAL_US;
    this.deps.solicit(link.iface);
  }

  // ---- options

  #onOption(link: Link, from: IpAddress, at: number, nowUs: number): void {
    const { dv } = this.deps.memory;
    switch (dv.getUint8(at)) {
      case NDP_OPTION_PREFIX:
        return this.#onPrefix(link, at, nowUs);
      case NDP_OPTION_ROUTE:
        return this.#onRoute(link, from, at, nowUs);
      case NDP_OPTION_MTU:
        return this.#onMtu(link.iface, at);
      case NDP_OPTION_RDNSS:
        return this.#onServers(link, at, nowUs);
      case NDP_OPTION_DNSSL:
        return this.#onDomains(link, at, nowUs);
    }
  }

  #onPrefix(link: Link, at: number, nowUs: number): void {
    const option = this.#prefix;
    if (!readPrefixOption(this.deps.memory.dv, at, option)) return;
    const { prefixLen, validSeconds, preferredSeconds } = option;
    const prefix = option.prefix.maskedBy(prefixLen);
    if (prefix.isLinkLocal || prefix.isMulticast || prefix.family !== 6) return;
    if (preferredSeconds > validSeconds) return;
    const validUntilUs = lifetimeEndUs(validSeconds, nowUs);
    if (option.isOnLink) {
      this.#learnRoute(link, "prefixes", null, prefix, prefixLen, 0, validSeconds, nowUs);
    }
    const isForAddresses = option.isAutonomous && prefixLen === SLAAC_PREFIX_LEN;
    if (!isForAddresses || link.how.formsAddresses === false) return;
    link.slaac.onPrefix(prefix, lifetimeEndUs(preferredSeconds, nowUs), validUntilUs, nowUs);
  }

  /** RFC 4191 2.3; one for all destinations stands above what the header says (3.1). */
  #onRoute(link: Link, from: IpAddress, at: number, nowUs: number): void {
    const option = this.#route;
    if (!readRouteOption(this.deps.memory.dv, at, option)) return;
    const { prefixLen, preference, lifetimeSeconds } = option;
    const prefix = option.prefix.maskedBy(prefixLen);
    if (preference === PREFERENCE_RESERVED || prefix.isMulticast || prefix.isLinkLocal) return;
    const kind = prefixLen === 0 ? "routers" : "more";
    const metric = METRICS[preference];
    this.#learnRoute(link, kind, from, prefix, prefixLen, metric, lifetimeSeconds, nowUs);
  }

  /** RFC 4861 6.3.4: within what the link's device can do and the protocol must. */
  #onMtu(iface: Interface, at: number): void {
    const { memory: { dv }, table } = this.deps;
    const mtu = dv.getUint32(at + 4);
    if (dv.getUint8(at + 1) !== 1 || mtu < IPV6_MIN_MTU || mtu > iface.link.mtu) return;
    if (iface.mtu6 === mtu) return;
    iface.mtu6 = mtu;
    table.invalidate();
  }

  #onServers(link: Link, at: number, nowUs: number): void {
    const { dv } = this.deps.memory;
    const len = dv.getUint8(at + 1) << 3;
    if (len < 24) return;
    const expiresAtUs = lifetimeEndUs(dv.getUint32(at + 4), nowUs);
    for (let off = at + 8; off + 16 <= at + len; off += 16) {
      const addr = IpAddress.read(dv, off, 6);
      if (addr.isHost6) link.servers.set(addr, expiresAtUs, nowUs);
    }
  }

  #onDomains(link: Link, at: number, nowUs: number): void {
    const { dv, u8 } = this.deps.memory;
    const len = dv.getUint8(at + 1) << 3;
    if (len < 16) return;
    const expiresAtUs = lifetimeEndUs(dv.getUint32(at + 4), nowUs);
    for (const name of readDomainNames(u8.slice(at + 8, at + len))) {
      link.domains.set(name, expiresAtUs, nowUs);
    }
  }

  // ---- routes

  /**
   * RFC 4861 6.3.4, 6.3.5: a route for so long; 0: it is none any more, whatever its preference is
   * now. `gateway` null: on the link. More than there may be of a kind are not learnt.
   */
  #learnRoute(
    link: Link,
    kind: Route["kind"],
    gateway: IpAddress | null,
    dst: IpAddress,
    prefixLen: number,
    metric: number,
    seconds: number,
    nowUs: number,
  ): void {
    const { table } = this.deps;
    const expiresAtUs = lifetimeEndUs(seconds, nowUs);
    const ofKind = link.routes.filter((route) => route.kind === kind);
    const known = ofKind.find(({ entry }) =>
      entry.prefixLen === prefixLen && entry.dst.equals(dst) &&
      (gateway === null || entry.gateway!.equals(gateway))
    );
    const isAsKnown = known !== undefined && seconds > 0 && known.entry.metric === metric;
    if (isAsKnown) {
      known.expiresAtUs = expiresAtUs;
      return;
    }
    if (known !== undefined) this.#dropRoute(link, known);
    else if (ofKind.length >= ROUTES_MAX[kind]) return;
    if (seconds === 0) return;
    const entry = { dst, prefixLen, gateway, ifIndex: link.iface.index, metric };
    if (table.add(entry) === 0) link.routes.push({ kind, entry, expiresAtUs });
  }

  #dropRoute(link: Link, route: Route): void {
    this.deps.table.remove(route.entry);
    link.routes.splice(link.routes.indexOf(route), 1);
  }
}

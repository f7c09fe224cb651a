/**
 * What routers tell a host (RFC 4861 6.3, RFC 4862 5.5): default routes, prefixes of the link, an
 * address in each, name servers (RFC 8106). On an interface that was told to listen.
 *
 *     start ── solicitation, three times ──▶ advertisement ──▶ default route, for its lifetime
 *                                                  │
 *                   prefix, on-link ◀──────────────┼────────▶ name servers
 *                                                  ▼
 *                        autonomous: is the address free? ──▶ ours, deprecated, gone
 *
 * Whoever is on the link can send an advertisement: what it can do to us is bounded. So many
 * routers, prefixes and servers are taken and no more; a lifetime that is to cut an address off at
 * once is not believed (RFC 4862 5.5.3 (e)).
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { DROP_NDP_ADDRESS, DROP_NDP_FORMAT } from "../base/drop_reason.ts";
import { ANY_V6, IpAddress } from "../base/ip_address.ts";
import {
  NDP_HOP_LIMIT,
  NDP_OPTION_PREFIX,
  NDP_OPTION_RDNSS,
  PrefixOption,
  readPrefixOption,
  readRouterAdvertisement,
  RouterAdvertisement,
} from "../wire/ndp.ts";
import { type AddressProbe, QUICK_PROBE } from "./address_probe.ts";
import type { Interface } from "./interface.ts";
import { linkLocalOf } from "./addresses6.ts";
import type { RouteEntry, RouteTable } from "./route_table.ts";

const ROUTERS_MAX = 8;
const PREFIXES_MAX = 16;
const SERVERS_MAX = 8;
/** RTR_SOLICITATION_INTERVAL, MAX_RTR_SOLICITATIONS (RFC 4861 10). */
const SOLICIT_INTERVAL_US = 4e6;
const SOLICITATIONS_MAX = 3;
const TWO_HOURS_US = 7200e6;
const FOREVER = 0xffffffff;
const SLAAC_PREFIX_LEN = 64;
/** By the preference's two bits (RFC 4191 2.1): medium, high, reserved (as medium), low. */
const METRICS: readonly number[] = [1024, 512, 1024, 2048];

interface Route {
  readonly entry: RouteEntry;
  expiresAtUs: number;
}

interface Autonomous {
  readonly prefix: IpAddress;
  readonly addr: IpAddress;
  /** null: it is ours, or somebody else's. */
  probe: AddressProbe | null;
  isOurs: boolean;
  preferredUntilUs: number;
  validUntilUs: number;
}

interface Server {
  readonly addr: IpAddress;
  expiresAtUs: number;
}

/** What is known of one link. */
class Link {
  readonly routes: Route[] = [];
  readonly addresses: Autonomous[] = [];
  servers: Server[] = [];
  solicitations = 0;
  solicitAtUs: number;
  isHeard = false;

  constructor(readonly iface: Interface, nowUs: number) {
    this.solicitAtUs = nowUs;
  }
}

export interface RouterDiscoveryDeps {
  readonly memory: Memory;
  readonly table: RouteTable;
  /** Asks the routers of a link, from `src`. */
  readonly solicit: (iface: Interface, src: IpAddress) => void;
  readonly probe: (iface: Interface, addr: IpAddress, nowUs: number) => AddressProbe;
  /** An address that is free becomes ours: 0 or -errno. Its prefix may not be on the link. */
  readonly addAddress: (iface: Interface, addr: IpAddress, len: number, nowUs: number) => number;
  readonly removeAddress: (iface: Interface, addr: IpAddress, nowUs: number) => void;
}

export class RouterDiscovery {
  readonly #links: Link[] = [];
  /** When something is due, since every turn asks; -1: to be found out anew. */
  #dueAtUs = Infinity;
  readonly #message = new RouterAdvertisement();
  readonly #prefix = new PrefixOption();

  constructor(readonly deps: RouterDiscoveryDeps) {}

  /** Begins to ask, and to believe what is said; goes on with `poll`. */
  start(iface: Interface, nowUs: number): void {
    if (!this.#links.some((link) => link.iface === iface)) this.#links.push(new Link(iface, nowUs));
    this.#dueAtUs = -1;
  }

  /** The interface is down: what was heard on it is forgotten, nobody is asked. */
  pause(iface: Interface): void {
    const link = this.#links.find((known) => known.iface === iface);
    if (link === undefined) return;
    for (const route of [...link.routes]) this.#dropRoute(link, route);
    link.addresses.length = 0;
    link.servers = [];
    link.isHeard = false;
    link.solicitAtUs = Infinity;
  }

  /** It is up again: the routers are asked anew. */
  resume(iface: Interface, nowUs: number): void {
    const link = this.#links.find((known) => known.iface === iface);
    if (link === undefined) return;
    link.solicitations = 0;
    link.solicitAtUs = nowUs;
  }

  /** A router has been heard on the interface, and every address that it led to is known to be. */
  isSettled(iface: Interface): boolean {
    const link = this.#links.find((known) => known.iface === iface);
    return link !== undefined && link.isHeard &&
      link.addresses.every(({ probe }) => probe === null);
  }

  /** Those that routers have named, of all links. */
  get nameServers(): readonly IpAddress[] {
    return this.#links.flatMap(({ servers }) => servers.map(({ addr }) => addr));
  }

  /** An advertisement whose ICMPv6 header is sound. Returns 0 or a drop reason. */
  input(iface: Interface, pkt: Packet): number {
    const { dv } = this.deps.memory;
    const isSound = pkt.ttl === NDP_HOP_LIMIT && pkt.src0 >>> 22 === 0x3fa;
    if (!isSound) return DROP_NDP_ADDRESS;
    const message = this.#message;
    const off = pkt.transportOff;
    if (!readRouterAdvertisement(dv, off, pkt.endOff - off, message)) return DROP_NDP_FORMAT;
    const link = this.#links.find((known) => known.iface === iface);
    if (link === undefined) return 0;
    link.isHeard = true;
    this.#dueAtUs = -1;
    const from = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    this.#learnRouter(link, from, pkt.nowUs);
    for (let at = message.optionsOff; at < pkt.endOff; at += dv.getUint8(at + 1) << 3) {
      const type = dv.getUint8(at);
      if (type === NDP_OPTION_PREFIX) this.#onPrefix(link, at, pkt.nowUs);
      else if (type === NDP_OPTION_RDNSS) this.#onServers(link, at, pkt.nowUs);
    }
    return 0;
  }

  pollAtUs(): number {
    if (this.#dueAtUs >= 0) return this.#dueAtUs;
    const atUs = this.#findDue();
    // A probe that is under way ends without a word to us.
    const isProbing = this.#links.some(({ addresses }) => addresses.some(({ probe }) => probe));
    if (!isProbing) this.#dueAtUs = atUs;
    return atUs;
  }

  poll(nowUs: number): void {
    if (this.pollAtUs() > nowUs) return;
    this.#dueAtUs = -1;
    for (const link of this.#links) {
      if (!link.isHeard && link.solicitAtUs <= nowUs) this.#solicit(link, nowUs);
      for (const route of link.routes.filter(({ expiresAtUs }) => expiresAtUs <= nowUs)) {
        this.#dropRoute(link, route);
      }
      link.servers = link.servers.filter(({ expiresAtUs }) => expiresAtUs > nowUs);
      for (const address of [...link.addresses]) this.#age(link, address, nowUs);
    }
  }

  #findDue(): number {
    let atUs = Infinity;
    for (const link of this.#links) {
      if (!link.isHeard) atUs = Math.min(atUs, link.solicitAtUs);
      for (const { expiresAtUs } of link.routes) atUs = Math.min(atUs, expiresAtUs);
      for (const { expiresAtUs } of link.servers) atUs = Math.min(atUs, expiresAtUs);
      for (const address of link.addresses) {
        if (address.probe?.isOver) return 0;
        atUs = Math.min(atUs, address.validUntilUs);
        if (isPreferred(link, address)) atUs = Math.min(atUs, address.preferredUntilUs);
      }
    }
    return atUs;
  }

  #solicit(link: Link, nowUs: number): void {
    link.solicitations++;
    const isLast = link.solicitations >= SOLICITATIONS_MAX;
    link.solicitAtUs = isLast ? Infinity : nowUs + SOLICIT_INTERVAL_US;
    const own = link.iface.addresses.find(({ addr }) => addr.family === 6 && addr.isLinkLocal);
    this.deps.solicit(link.iface, own?.addr ?? ANY_V6);
  }

  /** RFC 4861 6.3.4; a lifetime of 0: it is none any more, whatever its preference is now. */
  #learnRouter(link: Link, gateway: IpAddress, nowUs: number): void {
    const { lifetimeSeconds, preference } = this.#message;
    const metric = METRICS[preference];
    const known = link.routes.filter(({ entry }) => entry.gateway?.equals(gateway));
    for (const route of known) {
      if (lifetimeSeconds === 0 || route.entry.metric !== metric) this.#dropRoute(link, route);
    }
    if (lifetimeSeconds === 0) return;
    const ifIndex = link.iface.index;
    this.#addRoute(link, { dst: ANY_V6, prefixLen: 0, gateway, ifIndex, metric }, ROUTERS_MAX)(
      nowUs + lifetimeSeconds * 1e6,
    );
  }

  /** Adds the route unless it is there, or there are too many; what it returns sets its end. */
  #addRoute(link: Link, entry: RouteEntry, max: number): (expiresAtUs: number) => void {
    let route = link.routes.find((known) =>
      known.entry.dst.equals(entry.dst) && known.entry.prefixLen === entry.prefixLen &&
      (known.entry.gateway === null) === (entry.gateway === null) &&
      (entry.gateway === null || (known.entry.gateway?.equals(entry.gateway) ?? false))
    );
    const ofKind = link.routes.filter((r) =>
      (r.entry.gateway === null) === (entry.gateway === null)
    );
    if (route === undefined && ofKind.length < max && this.deps.table.add(entry) === 0) {
      route = { entry, expiresAtUs: 0 };
      link.routes.push(route);
    }
    return (expiresAtUs) => {
      if (route !== undefined) route.expiresAtUs = expiresAtUs;
    };
  }

  #dropRoute(link: Link, route: Route): void {
    this.deps.table.remove(route.entry);
    link.routes.splice(link.routes.indexOf(route), 1);
  }

  #onPrefix(link: Link, at: number, nowUs: number): void {
    const option = this.#prefix;
    if (!readPrefixOption(this.deps.memory.dv, at, option)) return;
    const prefix = option.prefix.maskedBy(option.prefixLen);
    if (prefix.isLinkLocal || prefix.isMulticast || prefix.family !== 6) return;
    if (option.preferredSeconds > option.validSeconds) return;
    const validUntilUs = untilUs(option.validSeconds, nowUs);
    if (option.isOnLink) this.#onLink(link, prefix, validUntilUs, nowUs);
    if (!option.isAutonomous || option.prefixLen !== SLAAC_PREFIX_LEN) return;
    const known = link.addresses.find((address) => address.prefix.equals(prefix));
    if (known === undefined) this.#form(link, prefix, nowUs);
    else this.#prolong(link, known, validUntilUs, nowUs);
  }

  #onLink(link: Link, dst: IpAddress, validUntilUs: number, nowUs: number): void {
    const { prefixLen } = this.#prefix;
    const entry = { dst, prefixLen, gateway: null, ifIndex: link.iface.index, metric: 0 };
    const known = link.routes.find((route) =>
      route.entry.gateway === null && route.entry.dst.equals(dst) &&
      route.entry.prefixLen === prefixLen
    );
    if (validUntilUs > nowUs) this.#addRoute(link, entry, PREFIXES_MAX)(validUntilUs);
    else if (known !== undefined) this.#dropRoute(link, known);
  }

  /** An address of ours in the prefix, if it is free. */
  #form(link: Link, prefix: IpAddress, nowUs: number): void {
    const { validSeconds, preferredSeconds } = this.#prefix;
    if (validSeconds === 0 || link.addresses.length >= PREFIXES_MAX) return;
    const { iface } = link;
    const { w2, w3 } = linkLocalOf(iface.mac);
    const addr = IpAddress.fromWords(prefix.w0, prefix.w1, w2, w3);
    if (iface.findAddress(addr) !== null) return; // somebody has given it to us already
    link.addresses.push({
      prefix,
      addr,
      probe: this.deps.probe(iface, addr, nowUs),
      isOurs: false,
      preferredUntilUs: untilUs(preferredSeconds, nowUs),
      validUntilUs: untilUs(validSeconds, nowUs),
    });
  }

  /** RFC 4862 5.5.3 (e): who has not two hours left is not robbed of what he has. */
  #prolong(link: Link, address: Autonomous, validUntilUs: number, nowUs: number): void {
    const { preferredSeconds } = this.#prefix;
    const inTwoHoursUs = nowUs + TWO_HOURS_US;
    if (validUntilUs > inTwoHoursUs || validUntilUs > address.validUntilUs) {
      address.validUntilUs = validUntilUs;
    } else if (address.validUntilUs > inTwoHoursUs) {
      address.validUntilUs = inTwoHoursUs;
    }
    address.preferredUntilUs = untilUs(preferredSeconds, nowUs);
    setDeprecated(link, address, address.preferredUntilUs <= nowUs);
  }

  #age(link: Link, address: Autonomous, nowUs: number): void {
    const { probe, addr } = address;
    if (probe?.isOver) {
      address.probe = null;
      if (probe.holder === null) {
        const { addAddress } = this.deps;
        address.isOurs = addAddress(link.iface, addr, SLAAC_PREFIX_LEN, nowUs) === 0;
      }
    }
    if (address.validUntilUs <= nowUs) {
      link.addresses.splice(link.addresses.indexOf(address), 1);
      if (address.isOurs) this.deps.removeAddress(link.iface, addr, nowUs);
      return;
    }
    if (address.preferredUntilUs <= nowUs) setDeprecated(link, address, true);
  }

  #onServers(link: Link, at: number, nowUs: number): void {
    const { dv } = this.deps.memory;
    const len = dv.getUint8(at + 1) << 3;
    if (len < 24) return;
    const expiresAtUs = untilUs(dv.getUint32(at + 4), nowUs);
    for (let off = at + 8; off + 16 <= at + len; off += 16) {
      const addr = IpAddress.read(dv, off, 6);
      const known = link.servers.find((server) => server.addr.equals(addr));
      if (known !== undefined) known.expiresAtUs = expiresAtUs;
      else if (expiresAtUs > nowUs && link.servers.length < SERVERS_MAX) {
        link.servers.push({ addr, expiresAtUs });
      }
    }
    link.servers = link.servers.filter((server) => server.expiresAtUs > nowUs);
  }
}

function untilUs(seconds: number, nowUs: number): number {
  return seconds === FOREVER ? Infinity : nowUs + seconds * 1e6;
}

/** It is ours, which a user may have taken from us since, and not deprecated yet. */
function isPreferred({ iface }: Link, { addr, isOurs }: Autonomous): boolean {
  const entry = isOurs ? iface.findAddress(addr) : null;
  return entry !== null && entry.isDeprecated !== true;
}

function setDeprecated({ iface }: Link, { addr }: Autonomous, is: boolean): void {
  const entry = iface.findAddress(addr);
  if (entry !== null) entry.isDeprecated = is;
}

/** How an address that routers lead to is asked for. */
export const SLAAC_PROBE = QUICK_PROBE;

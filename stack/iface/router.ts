/**
 * Finding the way to a destination (RFC 1122 3.3.1): ours, broadcast, multicast, or by the routing
 * table, and the choice of a source address (3.3.4.3). Results are cached as long as nothing
 * changes.
 *
 * @module
 */
import { Alarm } from "../base/alarm.ts";
import { EADDRNOTAVAIL, EINVAL, ENETUNREACH } from "../base/errno.ts";
import {
  MAC_BROADCAST_HI,
  MAC_BROADCAST_LO,
  MULTICAST_V4_MAC_HI,
  multicastV4MacLo,
} from "../wire/ethernet.ts";
import { ANY_V4, IpAddress, LOOPBACK_V4 } from "../base/ip_address.ts";
import { IPV4_MAX_LEN } from "../wire/ipv4.ts";
import { IPV6_MIN_MTU } from "../wire/ipv6.ts";
import type { IpConfig } from "./config.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceTable } from "./interface_table.ts";
import { PathMtuStore } from "./path_mtu.ts";
import { Redirects } from "./redirects.ts";
import { RouteTable } from "./route_table.ts";
import { CachedRoute, VIA_GROUP, VIA_LOOPBACK, VIA_NEIGHBOUR } from "./cached_route.ts";
import { findRoute6 } from "./find_route6.ts";
import { flowSeed } from "./flow_label.ts";

interface CacheEntry {
  readonly dst: IpAddress;
  readonly src: IpAddress | null;
  readonly ifIndex: number;
  readonly multicastLoop: boolean;
  readonly route: CachedRoute;
}

export class Router {
  readonly table = new RouteTable();
  readonly pathMtu: PathMtuStore;
  readonly redirects: Redirects;
  /** As FindRouteDeps has it; set by who has the neighbours. */
  isSilent: (gateway: IpAddress, ifIndex: number) => boolean = () => false;
  /** By the destination's last word. */
  readonly #cache = new Map<number, CacheEntry[]>();
  #cached = 0;
  #cacheGeneration = 0;

  /** Of the flow labels; null: none has been needed. */
  #flowSecret: number | null = null;

  /** `random`: uniform int32. */
  constructor(
    readonly interfaces: InterfaceTable,
    readonly config: IpConfig,
    readonly random: () => number,
    readonly alarm: Alarm = new Alarm(),
  ) {
    this.redirects = new Redirects(config.redirectExpiryUs);
    this.pathMtu = new PathMtuStore(config.minPmtu, config.pmtuExpiryUs);
  }

  /** As Network.route. */
  route(
    dst: IpAddress,
    src: IpAddress | null,
    ifIndex: number,
    multicastLoop: boolean,
  ): CachedRoute | number {
    if (src !== null && src.isUnspecified) src = null;
    if (this.#cacheGeneration !== this.table.generation) this.#clearCache();
    const entries = this.#cache.get(dst.w3);
    if (entries !== undefined) {
      for (const entry of entries) {
        if (
          entry.dst.equals(dst) && entry.ifIndex === ifIndex &&
          entry.multicastLoop === multicastLoop && isSame(entry.src, src)
        ) return entry.route;
      }
    }
    const route = this.#find(dst, src, ifIndex, multicastLoop);
    if (typeof route === "number") return route;
    if (this.#cached >= this.config.routeCacheEntries) this.#clearCache();
    const entry: CacheEntry = { dst, src, ifIndex, multicastLoop, route };
    const chain = this.#cache.get(dst.w3);
    if (chain === undefined) this.#cache.set(dst.w3, [entry]);
    else chain.push(entry);
    this.#cached++;
    return route;
  }

  /** As Network.updatePmtu. Returns the path MTU from now on; 0: nothing has changed. */
  updatePmtu(dst: IpAddress, mtu: number, nowUs: number): number {
    const route = this.route(dst, null, 0, true);
    if (typeof route === "number" || route.isLoopback || mtu >= route.mtu) return 0;
    const least = dst.family === 6 ? IPV6_MIN_MTU : 0; // RFC 8201 4
    const bounded = this.pathMtu.lower(dst, Math.max(mtu, least), route.mtu, nowUs);
    this.alarm.by(this.pathMtu.pollAtUs());
    for (const entry of this.#cache.get(dst.w3) ?? []) {
      if (entry.dst.equals(dst)) entry.route.mtu = bounded;
    }
    this.table.invalidate();
    return bounded;
  }

  /** `dst` is reached by `gateway` from now on, for a while. False: it has no other gateway. */
  redirect(dst: IpAddress, gateway: IpAddress, nowUs: number): boolean {
    const entry = this.table.lookup(dst, 0);
    if (entry === null || entry.gateway === null) return false;
    this.redirects.add(dst, entry.gateway, gateway, entry.ifIndex, nowUs);
    this.alarm.by(this.redirects.pollAtUs());
    this.table.invalidate();
    return true;
  }

  pollAtUs(): number {
    return Math.min(this.pathMtu.pollAtUs(), this.redirects.pollAtUs());
  }

  /** Forgets what has been told of paths so long ago that it may be otherwise. */
  poll(nowUs: number): void {
    const isShorter = this.pathMtu.poll(nowUs);
    if (this.redirects.poll(nowUs) || isShorter) this.table.invalidate();
  }

  #clearCache(): void {
    this.#cache.clear();
    this.#cached = 0;
    this.#cacheGeneration = this.table.generation;
  }

  #find(
    dst: IpAddress,
    src: IpAddress | null,
    ifIndex: number,
    multicastLoop: boolean,
  ): CachedRoute | number {
    if (dst.family !== 4) return findRoute6(this, dst, src, ifIndex, multicastLoop);
    const srcOwner = src === null ? null : this.interfaces.ownerOf(src);
    if (src !== null && (srcOwner === null || src.family !== 4)) return -EADDRNOTAVAIL;
    if (dst.isUnspecified) dst = src ?? LOOPBACK_V4;
    const owner = this.interfaces.ownerOf(dst);
    if (owner !== null) return this.#toOurselves(dst, src, owner);
    if (dst.isBroadcast || dst.isMulticast) {
      const iface = this.#groupInterface(dst, ifIndex, srcOwner);
      if (iface === null) return -ENETUNREACH;
      return this.#toGroup(dst, src, iface, multicastLoop);
    }
    return this.#toHost(dst, src, ifIndex);
  }

  #toOurselves(dst: IpAddress, src: IpAddress | null, owner: Interface): CachedRoute {
    const preferred = owner.isLoopback ? LOOPBACK_V4 : dst;
    return this.make(this.interfaces.all[0], src ?? preferred, dst, dst, VIA_LOOPBACK);
  }

  /** Without an interface asked for, a group goes out where the source is, else by the table. */
  #groupInterface(
    dst: IpAddress,
    ifIndex: number,
    srcOwner: Interface | null,
  ): Interface | null {
    if (ifIndex !== 0) return this.interfaces.upByIndex(ifIndex);
    if (srcOwner !== null) return srcOwner.isUp ? srcOwner : null;
    const entry = this.table.lookup(dst, 0);
    return entry === null ? null : this.interfaces.upByIndex(entry.ifIndex);
  }

  #toGroup(
    dst: IpAddress,
    src: IpAddress | null,
    iface: Interface,
    multicastLoop: boolean,
  ): CachedRoute {
    const source = src ?? iface.sourceFor(dst) ?? ANY_V4;
    const via = iface.isLoopback ? VIA_LOOPBACK : VIA_GROUP;
    const route = this.make(iface, source, dst, dst, via);
    route.isMulticast = dst.isMulticast;
    route.isBroadcast = !dst.isMulticast;
    route.groupHi = dst.isMulticast ? MULTICAST_V4_MAC_HI : MAC_BROADCAST_HI;
    route.groupLo = dst.isMulticast ? multicastV4MacLo(dst.w3) : MAC_BROADCAST_LO;
    route.loopsBack = via === VIA_GROUP && (multicastLoop || route.isBroadcast);
    return route;
  }

  #toHost(dst: IpAddress, src: IpAddress | null, ifIndex: number): CachedRoute | number {
    const entry = this.table.lookup(dst, ifIndex);
    const iface = this.interfaces.upByIndex(entry === null ? ifIndex : entry.ifIndex);
    if (iface === null) return -ENETUNREACH;
    if (iface.isLoopback || iface.isSubnetBroadcast(dst.w3)) {
      return this.#toGroup(dst, src, iface, true);
    }
    if (src !== null && src.isLoopback) return -EINVAL;
    // Bound to a device without a route: as if on-link, like Linux.
    const gateway = entry === null ? null : entry.gateway;
    const nextHop = gateway === null ? dst : this.redirects.replace(dst, gateway, iface.index);
    const source = src ?? iface.sourceFor(nextHop) ?? this.#anySource();
    return this.make(iface, source, dst, nextHop, VIA_NEIGHBOUR);
  }

  /** For an interface without addresses: some address of ours, so that answers can come back. */
  #anySource(): IpAddress {
    for (const { isLoopback, addresses } of this.interfaces.all) {
      const first = isLoopback ? undefined : addresses.find(({ addr }) => addr.family === 4);
      if (first !== undefined) return first.addr;
    }
    return ANY_V4;
  }

  /** A route that is good until something changes. */
  readonly make = (
    iface: Interface,
    src: IpAddress,
    dst: IpAddress,
    nextHop: IpAddress,
    via: number,
  ): CachedRoute => {
    const { caps } = iface;
    // Without TSO the segments are cut here, in soft_offload.ts.
    const isLong = caps.long !== undefined && caps.long.to.equals(dst);
    const tsoMax = isLong ? caps.long!.maxBytes : caps.gsoMaxBytes;
    const gsoMax = caps.tso ? tsoMax : IPV4_MAX_LEN;
    const usoMax = caps.uso ? caps.gsoMaxBytes : 0;
    const route = new CachedRoute(this.table, iface, src, dst, nextHop, via, gsoMax, usoMax);
    const known = this.pathMtu.get(dst);
    const linkMtu = route.isV6 ? Math.min(iface.mtu, iface.mtu6) : iface.mtu;
    route.mtu = Math.min(linkMtu, IPV4_MAX_LEN, known === 0 ? Infinity : known);
    if (route.isV6) route.flowSeed = flowSeed(src, dst, this.#flowSecret ??= this.random());
    return route;
  };
}

function isSame(a: IpAddress | null, b: IpAddress | null): boolean {
  if (a === null || b === null) return a === b;
  return a.equals(b);
}

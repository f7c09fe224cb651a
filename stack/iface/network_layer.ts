/**
 * The network layer as one piece: the interfaces with their addresses and routes, ARP, neighbour
 * discovery and the neighbours, the loopback, and the way down (`output`). The way up needs the
 * transports and is put beside it by stack.ts.
 *
 * @module
 */
import { Alarm } from "../base/alarm.ts";
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import { DROP_NEIGHBOUR_FAILED } from "../base/drop_reason.ts";
import {
  EACCES,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EEXIST,
  EINVAL,
  ENETUNREACH,
  ENODEV,
} from "../base/errno.ts";
import { type IpAddress, LOOPBACK_V4, LOOPBACK_V6 } from "../base/ip_address.ts";
import { macNumber } from "../wire/ethernet.ts";
import { IPV6_MIN_MTU } from "../wire/ipv6.ts";
import { AddressLifetimes } from "./address_lifetimes.ts";
import type { AddressProbe, ProbePlan } from "./address_probe.ts";
import { Arp } from "./arp.ts";
import type { IpConfig, NeighbourConfig } from "./config.ts";
import { broadcastOf, Interface, type InterfaceOptions } from "./interface.ts";
import { InterfaceTable, subnetRouterAnycast } from "./interface_table.ts";
import { IpOutput } from "./ip_output.ts";
import { ALL_ROUTERS6, SITE_ROUTERS6, solicitedNode } from "./addresses6.ts";
import { Ndp } from "./ndp.ts";
import { LOOPBACK_INDEX } from "../base/packet.ts";
import { LOOPBACK_MTU, LoopbackLink } from "./loopback.ts";
import { type Neighbour, type NeighbourEvents, NeighbourTable } from "./neighbour.ts";
import { Router } from "./router.ts";
import { InterfaceIds } from "./interface_id.ts";
import { SLAAC_PREFIX_LEN } from "./slaac.ts";
import { type OnAdvice, RouterDiscovery } from "./router_discovery.ts";
import type { RouteEntry } from "./route_table.ts";
import { VlanLink } from "./vlan_link.ts";
import type { WaitingPacket } from "./waiting_queue.ts";

export interface NetworkLayerDeps {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly random: () => number;
  readonly ip: IpConfig;
  readonly neighbour: NeighbourConfig;
  readonly log: LogSink;
  /** Of opaque addresses, when `ip` has none. */
  readonly machineSecret: string;
  /** A packet of ours at `off` could not be delivered on its link. */
  readonly onUnreachable: (off: number, len: number, nowUs: number, isV6: boolean) => void;
  /** An interface joins, or leaves, an IPv6 group on its own account: routers are to know. */
  readonly onGroup6: (iface: Interface, group: IpAddress, isJoined: boolean) => void;
  /** A router says where addresses, or other things, are to be had (M, O: RFC 4861 4.2). */
  readonly onAdvice: OnAdvice;
}

/** A route as the user states it. */
export interface RouteSpec {
  readonly dst: IpAddress;
  readonly prefixLen: number;
  /** null: on-link. */
  readonly gateway: IpAddress | null;
  /** May be left out when there is a gateway. */
  readonly ifIndex?: number;
  readonly metric?: number;
}

export class NetworkLayer implements NeighbourEvents {
  /** Of all that this layer waits for. */
  readonly alarm = new Alarm();
  readonly interfaces = new InterfaceTable();
  readonly loopback: LoopbackLink;
  readonly router: Router;
  readonly neighbours: NeighbourTable;
  readonly neighbours6: NeighbourTable;
  readonly output: IpOutput;
  readonly arp: Arp;
  readonly ndp: Ndp;
  readonly routers: RouterDiscovery;
  readonly lifetimes: AddressLifetimes = new AddressLifetimes(this);

  constructor(readonly deps: NetworkLayerDeps) {
    const { alarm } = this;
    const { memory, counters, random, ip, neighbour, log } = deps;
    this.interfaces.isRouter6 = ip.forward6;
    this.loopback = new LoopbackLink(memory, counters, ip.loopbackFrames, ip.loopbackBytes);
    this.router = new Router(this.interfaces, ip, random, alarm);
    this.neighbours = new NeighbourTable(neighbour, memory, random, this, alarm);
    this.neighbours6 = new NeighbourTable(neighbour, memory, random, this, alarm);
    this.router.isSilent = (gateway, ifIndex) => this.#isSilent(gateway, ifIndex);
    this.output = new IpOutput({
      memory,
      counters,
      random,
      interfaces: this.interfaces,
      router: this.router,
      loopback: this.loopback,
      neighbours: this.neighbours,
      neighbours6: this.neighbours6,
      config: ip,
      log,
    });
    this.ndp = new Ndp({
      memory,
      counters,
      random,
      log,
      alarm,
      interfaces: this.interfaces,
      neighbours: this.neighbours6,
      isRouter: ip.forward6,
      onProbe: (iface, addr, isBegun) => this.#hearFor(iface, addr, isBegun),
      onRouter: (iface, pkt) => this.routers.input(iface, pkt),
      onRedirect: (iface, dst, target, from, nowUs) =>
        this.output.redirect6(iface, dst, target, from, nowUs),
    });
    this.routers = new RouterDiscovery({
      memory,
      alarm,
      table: this.router.table,
      config: ip,
      ids: new InterfaceIds(ip.addrGenMode, ip.stableSecret || deps.machineSecret, random),
      random,
      solicit: (iface) => this.ndp.solicitRouters(iface),
      onAdvice: deps.onAdvice,
      probe: (iface, addr, plan, nowUs) => this.ndp.probe(iface, addr, plan, nowUs),
      addAddress: (iface, addr, isTemporary, nowUs) => {
        const added = this.addAddress(iface.index, addr, SLAAC_PREFIX_LEN, nowUs, false);
        if (added === 0) iface.findAddress(addr)!.isTemporary = isTemporary;
        return added;
      },
      removeAddress: (iface, addr, nowUs) => this.removeAddress(iface.index, addr, nowUs),
    });
    this.arp = new Arp(memory, counters, random, log, alarm);
    const lo = { name: "lo", mac: new Uint8Array(6), link: this.loopback, mtu: LOOPBACK_MTU };
    this.interfaces.all.push(new Interface(LOOPBACK_INDEX, lo, memory, ip.txRows, true));
    this.addAddress(LOOPBACK_INDEX, LOOPBACK_V4, 8, 0);
    if (!ip.disableIpv6) this.addAddress(LOOPBACK_INDEX, LOOPBACK_V6, 128, 0);
  }

  // ---- set-up

  addInterface(options: InterfaceOptions): Interface {
    const { all } = this.interfaces;
    const { memory, ip, counters } = this.deps;
    const index = all.length + 1;
    const iface = new Interface(index, options, memory, ip.txRows, false, counters.device);
    iface.prefersTemporary = ip.useTempaddr > 1;
    all.push(iface);
    return iface;
  }

  /** A VLAN on the link of another interface, whose frames come in by that one. */
  addVlan(below: Interface, vlanId: number, name: string, mac: Uint8Array): Interface {
    const link = new VlanLink(below.link, vlanId);
    const vlan = this.addInterface({ name, mac, link, mtu: below.mtu });
    below.vlans ??= new Map();
    below.vlans.set(vlanId, vlan);
    return vlan;
  }

  /**
   * Gives an interface an address, its on-link route with it (unless not `isOnLink`), and announces
   * it. 0 or -errno.
   */
  addAddress(
    ifIndex: number,
    addr: IpAddress,
    prefixLen: number,
    nowUs: number,
    isOnLink = true,
  ): number {
    const iface = this.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    const isV6 = addr.family === 6;
    if (isV6 && this.deps.ip.disableIpv6) return -EAFNOSUPPORT;
    if (isV6 && iface.isIpv6Off) return -EACCES;
    const longest = isV6 ? 128 : 32;
    if (prefixLen < 0 || prefixLen > longest || !isUsable(addr)) return -EINVAL;
    if (isV6 && iface.mtu < IPV6_MIN_MTU) return -EINVAL; // RFC 8200 5
    if (iface.findAddress(addr) !== null) return -EEXIST;
    if (isV6 && !iface.hasIpv6) this.#hearAsRouter(iface, true);
    iface.addresses.push({ addr, prefixLen, broadcast: broadcastOf(addr, prefixLen) });
    this.interfaces.refresh();
    this.router.table.invalidate();
    if (isOnLink) this.addOnLink(iface, addr, prefixLen);
    if (iface.isLoopback || !iface.isUp) return 0;
    if (isV6) {
      this.#hearForAll(iface, addr, prefixLen, true);
      this.ndp.announce(iface, addr);
    } else {
      this.arp.announce(iface, addr, nowUs);
    }
    return 0;
  }

  /** The route that comes with an address, if the interface is up and the subnet has others. */
  addOnLink({ index, isLoopback, isUp }: Interface, addr: IpAddress, prefixLen: number): void {
    const longest = addr.family === 6 ? 128 : 32;
    if (isLoopback || !isUp || prefixLen >= longest) return;
    this.router.table.add(onLinkRoute(addr, prefixLen, index));
  }

  /** Questions about `addr` come to a group, in which we are while it is ours (RFC 4861 7.2). */
  #hearFor(iface: Interface, addr: IpAddress, isOurs: boolean): void {
    const group = solicitedNode(addr);
    if (isOurs) iface.joinGroup6(group);
    else iface.leaveGroup6(group);
    this.deps.onGroup6(iface, group, isOurs);
  }

  /** As #hearFor, and of the address that a router shares with the others of the network. */
  #hearForAll(iface: Interface, addr: IpAddress, prefixLen: number, isOurs: boolean): void {
    this.#hearFor(iface, addr, isOurs);
    const anycast = this.deps.ip.forward6 ? subnetRouterAnycast(addr, prefixLen) : null;
    if (anycast !== null) this.#hearFor(iface, anycast, isOurs);
  }

  /** A router is in the groups of routers while it has an address (RFC 4291 2.8). */
  #hearAsRouter(iface: Interface, isOne: boolean): void {
    if (!this.deps.ip.forward6 || iface.isLoopback) return;
    for (const group of [ALL_ROUTERS6, SITE_ROUTERS6]) {
      if (isOne) iface.joinGroup6(group);
      else iface.leaveGroup6(group);
      this.deps.onGroup6(iface, group, isOne);
    }
  }

  /**
   * No IPv6 on an interface any more, as its link-local address is somebody else's: who would use
   * its MAC address as well could be heard by nobody (RFC 4862 5.4.5). 0 or -ENODEV.
   */
  disableIpv6(ifIndex: number, nowUs: number): number {
    const iface = this.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    const all = iface.addresses.filter(({ addr }) => addr.family === 6);
    for (const { addr } of all) this.removeAddress(ifIndex, addr, nowUs);
    iface.isIpv6Off = true;
    this.routers.pause(iface);
    return 0;
  }

  /** Begins to ask whether `addr`, which is not ours yet, is free. -ENODEV. */
  probeAddress(
    ifIndex: number,
    addr: IpAddress,
    plan: ProbePlan,
    nowUs: number,
  ): AddressProbe | number {
    const iface = this.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    return (addr.family === 6 ? this.ndp : this.arp).probe(iface, addr, plan, nowUs);
  }

  removeAddress(ifIndex: number, addr: IpAddress, nowUs: number): number {
    const iface = this.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    const entry = iface.findAddress(addr);
    if (entry === null) return -EADDRNOTAVAIL;
    iface.addresses.splice(iface.addresses.indexOf(entry), 1);
    this.alarm.stir();
    const isShared = iface.addresses.some((other) =>
      other.prefixLen === entry.prefixLen && other.addr.sharesPrefix(addr, entry.prefixLen)
    );
    if (!isShared) this.router.table.remove(onLinkRoute(addr, entry.prefixLen, ifIndex));
    this.interfaces.refresh();
    this.router.table.invalidate();
    if (addr.family === 6 && !iface.isLoopback) {
      this.#hearForAll(iface, addr, entry.prefixLen, false);
      if (!iface.hasIpv6) this.#hearAsRouter(iface, false);
    }
    (addr.family === 6 ? this.neighbours6 : this.neighbours).clear(iface, nowUs);
    return 0;
  }

  /** Makes packets at most so long; a device that can do less stays at its own. 0 or -ENODEV. */
  setMtu(ifIndex: number, mtu: number): number {
    const iface = this.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    iface.mtu = Math.min(mtu, iface.link.mtu);
    this.router.table.invalidate();
    return 0;
  }

  /** 0, -EEXIST, -ENODEV, or -ENETUNREACH when the gateway is not on a link of ours. */
  addRoute(spec: RouteSpec): number {
    const entry = this.#resolveRoute(spec);
    return typeof entry === "number" ? entry : this.router.table.add(entry);
  }

  /** One whose interface is said may lead to a gateway that is on no link any more. */
  removeRoute(spec: RouteSpec): number {
    const { dst, gateway, ifIndex = 0, metric = 0, prefixLen } = spec;
    if (ifIndex !== 0) {
      const masked = dst.maskedBy(prefixLen);
      return this.router.table.remove({ dst: masked, prefixLen, gateway, ifIndex, metric });
    }
    const entry = this.#resolveRoute(spec);
    return typeof entry === "number" ? entry : this.router.table.remove(entry);
  }

  #resolveRoute(spec: RouteSpec): RouteEntry | number {
    const { gateway, prefixLen } = spec;
    let ifIndex = spec.ifIndex ?? 0;
    if (gateway !== null) {
      const via = this.router.table.lookup(gateway, ifIndex);
      if (via === null || via.gateway !== null) return -ENETUNREACH;
      if (this.interfaces.ownerOf(gateway) !== null) return -EINVAL;
      ifIndex = via.ifIndex;
    }
    if (this.interfaces.byIndex(ifIndex) === null) return -ENODEV;
    const dst = spec.dst.maskedBy(prefixLen);
    return { dst, prefixLen, gateway, ifIndex, metric: spec.metric ?? 0 };
  }

  // ---- time

  pollAtUs(): number {
    const arp = Math.min(this.neighbours.pollAtUs(), this.arp.pollAtUs());
    const ndp = Math.min(
      this.neighbours6.pollAtUs(),
      this.ndp.pollAtUs(),
      this.lifetimes.pollAtUs(),
    );
    return Math.min(arp, ndp, this.router.pollAtUs(), this.routers.pollAtUs());
  }

  poll(nowUs: number): void {
    this.neighbours.poll(nowUs);
    this.arp.poll(nowUs);
    this.neighbours6.poll(nowUs);
    this.ndp.poll(nowUs);
    this.routers.poll(nowUs);
    this.lifetimes.poll(nowUs);
    this.router.poll(nowUs);
  }

  /** Hands what is queued to the devices; the loopback last, it only copies. */
  transmitAll(): void {
    const { all } = this.interfaces;
    for (let i = all.length - 1; i >= 0; i--) all[i].transmit();
  }

  #isSilent(gateway: IpAddress, ifIndex: number): boolean {
    const iface = this.interfaces.byIndex(ifIndex);
    return iface !== null && this.neighbours6.find(iface, gateway)?.hasFailed === true;
  }

  // ---- NeighbourEvents

  solicit(neighbour: Neighbour, unicast: boolean): void {
    (neighbour.addr.family === 6 ? this.ndp : this.arp).request(neighbour, unicast);
  }

  learned(neighbour: Neighbour, isNew: boolean): void {
    // A router that had not answered may be used again.
    if (isNew && neighbour.isRouter) this.router.table.invalidate();
    const { log } = this.deps;
    const event = isNew ? LogEvent.ARP_LEARNED : LogEvent.ARP_MOVED;
    if (log.isOn[event] === 0) return;
    const { addr, iface, macHi, macLo } = neighbour;
    log.address(event, iface.index, addr, macNumber(macHi, macLo));
  }

  resolved(neighbour: Neighbour, packets: WaitingPacket[]): void {
    this.output.sendWaiting(neighbour, packets);
  }

  failed(neighbour: Neighbour, packets: WaitingPacket[], nowUs: number): void {
    const { memory, counters, log, onUnreachable } = this.deps;
    if (log.isOn[LogEvent.ARP_FAILED] !== 0) {
      const { addr, iface } = neighbour;
      log.address(LogEvent.ARP_FAILED, iface.index, addr, packets.length);
    }
    const { router } = this;
    const isV6 = neighbour.addr.family === 6;
    if (router.redirects.forget(neighbour.addr, neighbour.iface.index)) router.table.invalidate();
    if (neighbour.isRouter) router.table.invalidate();
    for (const { off, len } of packets) {
      counters.drop(DROP_NEIGHBOUR_FAILED);
      onUnreachable(off, len, nowUs, isV6);
      memory.free(off, len);
    }
  }
}

function onLinkRoute(addr: IpAddress, prefixLen: number, ifIndex: number): RouteEntry {
  return { dst: addr.maskedBy(prefixLen), prefixLen, gateway: null, ifIndex, metric: 0 };
}

/** An address that a host can have. */
function isUsable(addr: IpAddress): boolean {
  return !addr.isUnspecified && !addr.isMulticast && !addr.isBroadcast;
}

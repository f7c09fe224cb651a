/**
 * The way down: takes a row with a complete transport packet, prepends the IP and Ethernet headers
 * and queues it for the interface; fragments, waits for the neighbour, cuts segments and
 * fills in checksums where it must. Implements `Network` for the transports.
 *
 * @module
 */
import { CSUM_PARTIAL, GSO_NONE, GSO_TCPV4 } from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import { DROP_NEIGHBOUR_QUEUE_FULL } from "../base/drop_reason.ts";
import { EMSGSIZE, ENOBUFS } from "../base/errno.ts";
import {
  emitEthernet,
  ETHERNET_HEADER_LEN,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
} from "../wire/ethernet.ts";
import type { IpAddress } from "../base/ip_address.ts";
import { emitIpv4, IPV4_DF, IPV4_HEADER_LEN, IPV4_MAX_LEN } from "../wire/ipv4.ts";
import { emitIpv6Header, IPV6_HEADER_LEN, IPV6_MAX_LEN, NEXT_FRAGMENT } from "../wire/ipv6.ts";
import { emitFragmentHeader, FRAGMENT_HEADER_LEN, IPV6_MF } from "../wire/ipv6_extension.ts";
import type { Network, Route } from "../base/network.ts";
import { chosenFlowLabel, headers6Len, type PacketShape } from "../base/packet_shape.ts";
import type { IpConfig } from "./config.ts";
import { Fragmenter } from "./fragmentation.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceTable } from "./interface_table.ts";
import { IpIdent } from "./ip_ident.ts";
import { flowLabel } from "./flow_label.ts";
import type { LoopbackLink } from "./loopback.ts";
import type { Neighbour, NeighbourTable } from "./neighbour.ts";
import { followRedirect, followRedirect6 } from "./redirect_input.ts";
import type { Router } from "./router.ts";
import { type CachedRoute, VIA_NEIGHBOUR } from "./cached_route.ts";
import { finishChecksum, mustCut, Segmenter } from "./soft_offload.ts";
import * as shaped from "./shaped_headers.ts";
import { restoreRow, type WaitingPacket } from "./waiting_queue.ts";

export interface IpOutputDeps {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly random: () => number;
  readonly interfaces: InterfaceTable;
  readonly router: Router;
  readonly loopback: LoopbackLink;
  readonly neighbours: NeighbourTable;
  readonly neighbours6: NeighbourTable;
  readonly config: IpConfig;
  readonly log: LogSink;
}

export class IpOutput implements Network {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly interfaces: InterfaceTable;
  readonly router: Router;
  readonly loopback: LoopbackLink;
  readonly neighbours: NeighbourTable;
  readonly neighbours6: NeighbourTable;
  readonly config: IpConfig;
  readonly log: LogSink;
  shape: PacketShape | null = null;
  readonly #random: () => number;
  readonly #ident: IpIdent;
  readonly #fragmenter = new Fragmenter();
  readonly #segmenter: Segmenter;

  constructor(deps: IpOutputDeps) {
    this.memory = deps.memory;
    this.counters = deps.counters;
    this.interfaces = deps.interfaces;
    this.router = deps.router;
    this.loopback = deps.loopback;
    this.neighbours = deps.neighbours;
    this.neighbours6 = deps.neighbours6;
    this.config = deps.config;
    this.log = deps.log;
    this.#random = deps.random;
    this.#ident = new IpIdent(deps.random);
    this.#segmenter = new Segmenter(deps.memory);
  }

  route(
    dst: IpAddress,
    src: IpAddress | null,
    ifIndex: number,
    multicastLoop = true,
  ): Route | number {
    const route = this.router.route(dst, src, ifIndex, multicastLoop);
    if (typeof route === "number") {
      this.counters.ip.outNoRoutes++;
      if (this.log.isOn[LogEvent.IP_NO_ROUTE] !== 0) {
        this.log.address(LogEvent.IP_NO_ROUTE, ifIndex, dst, -route);
      }
    }
    return route;
  }

  begin(route: Route): number {
    const { iface, tx } = route as CachedRoute;
    if (tx.count === tx.capacity) iface.transmit();
    return tx.begin();
  }

  send(
    route: Route,
    src: IpAddress,
    protocol: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number {
    const r = route as CachedRoute;
    if (r.isV6) return this.#sendV6(r, src, protocol, ttl, tos, dontFragment, nowUs);
    const tx = r.tx;
    const row = tx.count;
    const options = this.shape?.ipOptions ?? null;
    const headerLen = IPV4_HEADER_LEN + (options?.length ?? 0);
    const totalLen = headerLen + tx.frameLen(row);
    const isGso = tx.gsoType[row] !== GSO_NONE;
    this.counters.ip.outRequests++;
    // Only what TCP leaves to the device to cut may be longer (ipv4.ts)
    if (totalLen > IPV4_MAX_LEN && tx.gsoType[row] !== GSO_TCPV4) return -EMSGSIZE;
    if (totalLen > r.mtu && !isGso) {
      if (dontFragment) {
        this.counters.ip.fragFails++;
        return -EMSGSIZE;
      }
      return this.#sendFragments(r, src, protocol, ttl, tos, options, nowUs);
    }
    const id = dontFragment ? 0 : this.#identFor(r, src, protocol, row, totalLen, nowUs);
    const flags = dontFragment ? IPV4_DF : 0;
    const ip = tx.prepend(headerLen);
    const dv = this.memory.dv;
    emitIpv4(dv, ip, tos, totalLen, id, flags, ttl, protocol, src.w3, r.dst.w3);
    if (options !== null) shaped.putIpOptions(this.memory, ip, options, true);
    return this.#toLink(r, nowUs);
  }

  #sendV6(
    r: CachedRoute,
    src: IpAddress,
    protocol: number,
    hopLimit: number,
    classAndLabel: number,
    dontFragment: boolean,
    nowUs: number,
  ): number {
    const tx = r.tx;
    const row = tx.count;
    const { shape } = this;
    const payloadLen = tx.frameLen(row) + (shape === null ? 0 : headers6Len(shape.headers6));
    const dv = this.memory.dv;
    this.counters.ip6.outRequests++;
    if (payloadLen > IPV6_MAX_LEN - IPV6_HEADER_LEN) return -EMSGSIZE;
    const chosen = chosenFlowLabel(classAndLabel);
    const label = chosen < 0 ? flowLabel(dv, tx.l4Off[row], protocol, r.flowSeed) : chosen;
    const trafficClass = classAndLabel & 0xff;
    if (IPV6_HEADER_LEN + payloadLen > r.mtu && tx.gsoType[row] === GSO_NONE) {
      if (dontFragment) {
        this.counters.ip6.fragFails++;
        return -EMSGSIZE;
      }
      return this.#sendFragmentsV6(r, src, protocol, hopLimit, trafficClass, label, nowUs);
    }
    if (shape !== null) {
      protocol = shaped.prependDestination(this.memory, tx, shape.headers6, protocol);
      protocol = shaped.prependForRouters(this.memory, tx, shape.headers6, protocol);
    }
    const ip = tx.prepend(IPV6_HEADER_LEN);
    emitIpv6Header(dv, ip, trafficClass, label, payloadLen, protocol, hopLimit, src, r.dst);
    return this.#toLink(r, nowUs);
  }

  /** The identification of the row under construction: one for each packet that it becomes. */
  #identFor(
    r: CachedRoute,
    src: IpAddress,
    protocol: number,
    row: number,
    totalLen: number,
    nowUs: number,
  ): number {
    const { gsoType, gsoSize, hdrLen } = r.tx;
    const payLen = totalLen - IPV4_HEADER_LEN - hdrLen[row];
    const packets = gsoType[row] === GSO_NONE ? 1 : Math.ceil(payLen / gsoSize[row]);
    return this.#ident.take(src.w3, r.dst.w3, protocol, packets, nowUs);
  }

  sendWithIpHeader(route: Route, nowUs: number): number {
    const r = route as CachedRoute;
    (r.isV6 ? this.counters.ip6 : this.counters.ip).outRequests++;
    if (r.tx.frameLen(r.tx.count) > r.iface.mtu) return -EMSGSIZE;
    return this.#toLink(r, nowUs);
  }

  /** Queues the row under construction, a packet of somebody else with its IP header. */
  sendForwarded(route: CachedRoute, nowUs: number): void {
    this.#toLink(route, nowUs);
  }

  confirm(route: Route, nowUs: number): void {
    const { neighbour, isV6 } = route as CachedRoute;
    if (neighbour === null || neighbour.isEvicted) return;
    (isV6 ? this.neighbours6 : this.neighbours).confirm(neighbour, nowUs);
  }

  updatePmtu(dst: IpAddress, mtu: number, nowUs: number): void {
    const lowered = this.router.updatePmtu(dst, mtu, nowUs);
    if (lowered > 0 && this.log.isOn[LogEvent.IP_PATH_MTU] !== 0) {
      this.log.address(LogEvent.IP_PATH_MTU, 0, dst, lowered);
    }
  }

  redirect(dst: IpAddress, gateway: IpAddress, from: IpAddress, nowUs: number): void {
    if (!followRedirect(this, dst, gateway, from, nowUs)) return;
    this.counters.ip.redirectsFollowed++;
    if (this.log.isOn[LogEvent.IP_REDIRECTED] !== 0) {
      this.log.address(LogEvent.IP_REDIRECTED, 0, dst, gateway.w3 >>> 0);
    }
  }

  /** A router on `iface` says so. Whether it is followed. */
  redirect6(
    iface: Interface,
    dst: IpAddress,
    target: IpAddress,
    from: IpAddress,
    nowUs: number,
  ): boolean {
    if (!followRedirect6(this, iface, dst, target, from, nowUs)) return false;
    this.counters.ip6.redirectsFollowed++;
    return true;
  }

  isLocal(addr: IpAddress): boolean {
    return this.interfaces.ownerOf(addr) !== null;
  }

  /** The neighbour has been found: sends what waited for it. */
  sendWaiting(neighbour: Neighbour, packets: WaitingPacket[]): void {
    const { iface, macHi, macLo } = neighbour;
    const isV6 = neighbour.addr.family === 6;
    for (const packet of packets) {
      if (iface.tx.count === iface.tx.capacity) iface.transmit();
      iface.tx.begin();
      restoreRow(this.memory, iface.tx, packet);
      this.#commit(iface, isV6, macHi, macLo);
      this.memory.freeDeferred(packet.off, packet.len);
    }
  }

  #sendFragments(
    r: CachedRoute,
    src: IpAddress,
    protocol: number,
    ttl: number,
    tos: number,
    options: Uint8Array | null,
    nowUs: number,
  ): number {
    const tx = r.tx;
    const cutter = this.#fragmenter;
    finishChecksum(this.memory, tx);
    const id = this.#ident.take(src.w3, r.dst.w3, protocol, 1, nowUs);
    const headerLen = IPV4_HEADER_LEN + (options?.length ?? 0);
    if (!cutter.start(tx, r.mtu, headerLen)) return -EMSGSIZE;
    for (;;) {
      cutter.fill(tx);
      const totalLen = headerLen + tx.frameLen(tx.count);
      const ip = tx.prepend(headerLen);
      const { flagsAndOffset, more } = cutter;
      const dv = this.memory.dv;
      emitIpv4(dv, ip, tos, totalLen, id, flagsAndOffset, ttl, protocol, src.w3, r.dst.w3);
      if (options !== null) shaped.putIpOptions(this.memory, ip, options, cutter.offset === 0);
      const result = this.#toLink(r, nowUs);
      if (result < 0) return result;
      this.counters.ip.fragCreates++;
      if (!more) break;
      this.begin(r);
    }
    this.counters.ip.fragOks++;
    return 0;
  }

  #sendFragmentsV6(
    r: CachedRoute,
    src: IpAddress,
    protocol: number,
    hopLimit: number,
    trafficClass: number,
    label: number,
    nowUs: number,
  ): number {
    const tx = r.tx;
    const cutter = this.#fragmenter;
    const dv = this.memory.dv;
    finishChecksum(this.memory, tx);
    const id = this.#random() | 0;
    const { shape } = this;
    const beforeLen = shape === null ? 0 : shaped.routersLen(shape.headers6);
    if (shape !== null) {
      protocol = shaped.prependDestination(this.memory, tx, shape.headers6, protocol);
    }
    const headersLen = IPV6_HEADER_LEN + beforeLen + FRAGMENT_HEADER_LEN;
    if (!cutter.start(tx, shaped.mtuOf(r, shape), headersLen)) return -EMSGSIZE;
    for (;;) {
      cutter.fill(tx);
      const { offset, more } = cutter;
      const len = beforeLen + FRAGMENT_HEADER_LEN + tx.frameLen(tx.count);
      const fragment = tx.prepend(FRAGMENT_HEADER_LEN);
      emitFragmentHeader(dv, fragment, protocol, more ? offset | IPV6_MF : offset, id);
      let next = NEXT_FRAGMENT;
      if (shape !== null) next = shaped.prependForRouters(this.memory, tx, shape.headers6, next);
      const ip = tx.prepend(IPV6_HEADER_LEN);
      emitIpv6Header(dv, ip, trafficClass, label, len, next, hopLimit, src, r.dst);
      const result = this.#toLink(r, nowUs);
      if (result < 0) return result;
      this.counters.ip6.fragCreates++;
      if (!more) break;
      this.begin(r);
    }
    this.counters.ip6.fragOks++;
    return 0;
  }

  /** Queues the row under construction, an IP packet, towards the route's next hop. */
  #toLink(r: CachedRoute, nowUs: number): number {
    if (r.via !== VIA_NEIGHBOUR) {
      this.#countGroup(r);
      const isHeard = r.loopsBack && isGroupHeard(r);
      this.#commit(r.iface, r.isV6, r.groupHi, r.groupLo, isHeard);
      return 0;
    }
    const neighbours = r.isV6 ? this.neighbours6 : this.neighbours;
    let neighbour = r.neighbour;
    if (neighbour === null || neighbour.isEvicted) {
      neighbour = neighbours.findOrAdd(r.iface, r.nextHop, nowUs);
      r.neighbour = neighbour;
      if (neighbour === null) {
        r.iface.txDropped++;
        this.counters.ip.outDiscards++;
        return -ENOBUFS;
      }
    }
    if (neighbours.canSend(neighbour, nowUs)) {
      this.#commit(r.iface, r.isV6, neighbour.macHi, neighbour.macLo);
      return 0;
    }
    let dropped = neighbours.wait(neighbour, r.tx);
    for (; dropped > 0; dropped--) this.counters.drop(DROP_NEIGHBOUR_QUEUE_FULL);
    neighbours.startResolving(neighbour, nowUs);
    return 0;
  }

  #countGroup(r: CachedRoute): void {
    const { ip, ip6 } = this.counters;
    if (r.isMulticast) (r.isV6 ? ip6 : ip).outMcastPkts++;
    else if (r.isBroadcast) ip.outBcastPkts++;
  }

  /** Prepends the Ethernet header and queues the row, finished as far as the device needs it. */
  #commit(
    iface: Interface,
    isV6: boolean,
    dstHi: number,
    dstLo: number,
    loopsBack = false,
  ): void {
    const tx = iface.tx;
    const row = tx.count;
    const link = tx.prepend(ETHERNET_HEADER_LEN);
    const dv = this.memory.dv;
    const etherType = isV6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
    emitEthernet(dv, link, dstHi, dstLo, iface.macHi, iface.macLo, etherType);
    const ip = isV6 ? this.counters.ip6 : this.counters.ip;
    ip.outTransmits++;
    ip.outOctets += tx.frameLen(row) - ETHERNET_HEADER_LEN;
    if (loopsBack) this.loopback.push(tx, row, iface.index);
    if (tx.gsoType[row] !== GSO_NONE) {
      if (mustCut(iface, tx, row)) {
        this.#segmenter.cut(iface, !iface.caps.csum);
        return;
      }
      this.counters.device.txGso++;
    }
    if (tx.csum[row] === CSUM_PARTIAL && !iface.caps.csum) finishChecksum(this.memory, tx);
    tx.commit();
  }
}

/** Sockets of ours are members of the route's group, or hear its broadcast. */
function isGroupHeard({ iface, dst, isBroadcast, isV6 }: CachedRoute): boolean {
  if (isV6) return iface.hasGroup6(dst.w0, dst.w1, dst.w2, dst.w3);
  return isBroadcast || iface.hasGroup(dst.w3);
}

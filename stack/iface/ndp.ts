/**
 * Neighbour discovery (RFC 4861): answers solicitations for our addresses, learns from what it
 * hears, asks for neighbours, asks whether an address is free before it is ours (RFC 4862 5.4),
 * notices conflicts and contradicts.
 *
 * Every message has to have come over no router, with hop limit 255; what looks otherwise was sent
 * from afar. Redirects are ignored unless the network layer was told to follow.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import { DROP_NDP_ADDRESS, DROP_NDP_FORMAT } from "../base/drop_reason.ts";
import { ANY_V6, IpAddress } from "../base/ip_address.ts";
import type { Packet } from "../base/packet.ts";
import { ETHERNET_SRC_OFFSET, macNumber } from "../wire/ethernet.ts";
import { ICMP_HEADER_LEN, ICMP_REST_OFFSET } from "../wire/icmp.ts";
import {
  NDP_NEIGHBOUR_ADVERTISEMENT,
  NDP_NEIGHBOUR_SOLICITATION,
  NDP_REDIRECT,
  NDP_ROUTER_ADVERTISEMENT,
  NDP_ROUTER_SOLICITATION,
} from "../wire/icmpv6.ts";
import {
  NA_OVERRIDE,
  NA_ROUTER,
  NA_SOLICITED,
  NDP_HOP_LIMIT,
  NDP_NEIGHBOUR_LEN,
  NDP_REDIRECT_LEN,
  NDP_ROUTER_ADVERTISEMENT_LEN,
  NdpOptions,
  parseNdpOptions,
} from "../wire/ndp.ts";
import { type AddressProbe, AddressProber, type ProbePlan } from "./address_probe.ts";
import type { Interface, InterfaceAddress } from "./interface.ts";
import type { InterfaceTable } from "./interface_table.ts";
import type { Neighbour, NeighbourTable } from "./neighbour.ts";
import { DEFEND_INTERVAL_US } from "./arp.ts";
import { ALL_NODES, isSolicitedNode } from "./addresses6.ts";
import { NdpSender } from "./ndp_sender.ts";
import { selectSource } from "./source_address.ts";

export interface NdpDeps {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly random: () => number;
  readonly log: LogSink;
  readonly alarm: Alarm;
  readonly interfaces: InterfaceTable;
  readonly neighbours: NeighbourTable;
  /** We are a router, and say so. */
  readonly isRouter: boolean;
  /** An address that is asked for is about to be: its group is to be heard; or not any more. */
  readonly onProbe: (iface: Interface, addr: IpAddress, isBegun: boolean) => void;
  /** A router tells of itself: 0 or a drop reason. */
  readonly onRouter: (iface: Interface, pkt: Packet) => number;
  /** `from` says that `target` is the better first hop to `dst`; whether it is from now on. */
  readonly onRedirect: (
    iface: Interface,
    dst: IpAddress,
    target: IpAddress,
    from: IpAddress,
    nowUs: number,
  ) => boolean;
}

export class Ndp {
  readonly #options = new NdpOptions();
  readonly #prober: AddressProber;
  readonly sender: NdpSender;
  readonly #defendedAtUs = new WeakMap<InterfaceAddress, number>();
  /** Of our own questions whether an address is free: one that comes back is no conflict. */
  #nonceHi = -1;
  #nonceLo = 0;

  constructor(readonly deps: NdpDeps) {
    const { random, log, alarm } = deps;
    this.sender = new NdpSender(deps.memory, deps.counters);
    const ask = (iface: Interface, addr: IpAddress) => {
      if (this.#nonceHi < 0) [this.#nonceHi, this.#nonceLo] = [random() & 0xffff, random() | 0];
      this.sender.askWhetherFree(iface, addr, this.#nonceHi, this.#nonceLo);
    };
    this.#prober = new AddressProber(random, ask, log, alarm);
  }

  // ---- what we ask and tell

  /** Begins to ask whether `addr`, which is not ours yet, is free. */
  probe(iface: Interface, addr: IpAddress, plan: ProbePlan, nowUs: number): AddressProbe {
    this.deps.onProbe(iface, addr, true);
    return this.#prober.start(iface, addr, plan, nowUs, () => {
      this.deps.onProbe(iface, addr, false);
    });
  }

  /** Asks who has the neighbour's address: everybody who may, or the one that had it. */
  request(neighbour: Neighbour, unicast: boolean): void {
    const { log, interfaces } = this.deps;
    const { addr, iface, probes, waiting } = neighbour;
    if (log.isOn[LogEvent.ARP_ASK] !== 0) {
      log.address(LogEvent.ARP_ASK, iface.index, addr, probes, waiting.length);
    }
    const src = selectSource(addr, iface, interfaces.all);
    // Without an address of its own a host cannot ask (it would look like its address's owner).
    if (src === null) return;
    this.sender.solicit(iface, src, addr, unicast ? neighbour : null);
  }

  /** Asks the routers of a link. */
  solicitRouters(iface: Interface): void {
    this.sender.solicitRouters(iface, iface.linkLocal6 ?? ANY_V6);
  }

  /** Tells everybody that `addr` is ours: what they knew of it may be old (RFC 4861 7.2.6). */
  announce(iface: Interface, addr: IpAddress): void {
    if (this.deps.log.isOn[LogEvent.ARP_ANNOUNCED] !== 0) {
      this.deps.log.address(LogEvent.ARP_ANNOUNCED, iface.index, addr);
    }
    const flags = NA_OVERRIDE | this.#routerFlag;
    this.sender.advertise(iface, addr, ALL_NODES, flags, null);
  }

  pollAtUs(): number {
    return this.#prober.pollAtUs();
  }

  poll(nowUs: number): void {
    this.#prober.poll(nowUs);
  }

  get #routerFlag(): number {
    return this.deps.isRouter ? NA_ROUTER : 0;
  }

  // ---- what we hear

  /**
   * A solicitation or an advertisement, of hosts or routers, whose ICMPv6 header is sound. Returns
   * 0 or a drop reason.
   */
  input(pkt: Packet, type: number, code: number): number {
    const { memory: { dv }, interfaces } = this.deps;
    const iface = interfaces.byIndex(pkt.ifIndex);
    const off = pkt.transportOff;
    if (iface === null || iface.isLoopback || pkt.ttl !== NDP_HOP_LIMIT || code !== 0) {
      return DROP_NDP_ADDRESS;
    }
    if (type === NDP_ROUTER_ADVERTISEMENT) return this.#onRouter(iface, pkt);
    if (type === NDP_REDIRECT) return this.#onRedirect(iface, pkt);
    // Routers' affairs.
    if (type === NDP_ROUTER_SOLICITATION) return 0;
    if (pkt.endOff - off < NDP_NEIGHBOUR_LEN) return DROP_NDP_FORMAT;
    const reason = parseNdpOptions(dv, off + NDP_NEIGHBOUR_LEN, pkt.endOff, this.#options);
    if (reason !== 0) return reason;
    const target = IpAddress.read(dv, off + ICMP_HEADER_LEN, 6);
    if (target.isMulticast) return DROP_NDP_ADDRESS;
    if (type === NDP_NEIGHBOUR_SOLICITATION) return this.#onSolicitation(iface, pkt, target);
    if (type === NDP_NEIGHBOUR_ADVERTISEMENT) return this.#onAdvertisement(iface, pkt, target);
    return DROP_NDP_FORMAT;
  }

  #onRouter(iface: Interface, pkt: Packet): number {
    const { neighbours, memory: { dv }, onRouter } = this.deps;
    const reason = onRouter(iface, pkt);
    if (reason !== 0) return reason;
    const options = this.#options;
    const off = pkt.transportOff + NDP_ROUTER_ADVERTISEMENT_LEN;
    parseNdpOptions(dv, off, pkt.endOff, options);
    if (!options.hasSourceLink) return 0;
    const src = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const neighbour = neighbours.findOrAdd(iface, src, pkt.nowUs);
    if (neighbour === null) return 0;
    neighbour.isRouter = true;
    neighbours.learn(neighbour, options.sourceHi, options.sourceLo, false, pkt.nowUs);
    return 0;
  }

  /** RFC 4861 8.1, 8.3. */
  #onRedirect(iface: Interface, pkt: Packet): number {
    const { memory: { dv }, neighbours, onRedirect } = this.deps;
    const off = pkt.transportOff;
    if (pkt.endOff - off < NDP_REDIRECT_LEN) return DROP_NDP_FORMAT;
    const options = this.#options;
    const reason = parseNdpOptions(dv, off + NDP_REDIRECT_LEN, pkt.endOff, options);
    if (reason !== 0) return reason;
    const from = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const target = IpAddress.read(dv, off + ICMP_HEADER_LEN, 6);
    const dst = IpAddress.read(dv, off + ICMP_HEADER_LEN + 16, 6);
    const isOnLink = target.equals(dst);
    if (!from.isLinkLocal || dst.isMulticast || dst.family !== 6) return DROP_NDP_ADDRESS;
    if (!target.isLinkLocal && !isOnLink) return DROP_NDP_ADDRESS;
    if (!onRedirect(iface, dst, target, from, pkt.nowUs) || !options.hasTargetLink) return 0;
    const neighbour = neighbours.findOrAdd(iface, target, pkt.nowUs);
    if (neighbour === null) return 0;
    if (!isOnLink) neighbour.isRouter = true;
    neighbours.learn(neighbour, options.targetHi, options.targetLo, false, pkt.nowUs);
    return 0;
  }

  #onSolicitation(iface: Interface, pkt: Packet, target: IpAddress): number {
    const { counters, neighbours, log, interfaces } = this.deps;
    const options = this.#options;
    const src = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const macHi = this.#frameSourceHi(pkt);
    const macLo = this.#frameSourceLo(pkt);
    counters.ndp.inRequests++;
    if (src.isUnspecified) {
      const dst = IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
      if (options.hasSourceLink || !isSolicitedNode(dst)) return DROP_NDP_ADDRESS;
      if (this.#isOwnQuestion()) return 0;
      // Two ask for one address at a time: neither gets it (RFC 4862 5.4.3).
      this.#prober.conflict(iface, target, macHi, macLo);
      if (iface.findAddress(target) !== null) {
        const flags = NA_OVERRIDE | this.#routerFlag;
        this.sender.advertise(iface, target, ALL_NODES, flags, null);
      }
      return 0;
    }
    const disputed = iface.findAddress(src);
    if (disputed !== null) return this.#onConflict(iface, disputed, pkt);
    const isAnycast = interfaces.isAnycast(iface, target);
    if (iface.findAddress(target) === null && !isAnycast) return 0;
    if (log.isOn[LogEvent.ARP_ASKED] !== 0) {
      log.address(LogEvent.ARP_ASKED, iface.index, src, macNumber(macHi, macLo));
    }
    const { hasSourceLink, sourceHi, sourceLo } = options;
    if (hasSourceLink) {
      const neighbour = neighbours.findOrAdd(iface, src, pkt.nowUs);
      if (neighbour !== null) neighbours.learn(neighbour, sourceHi, sourceLo, false, pkt.nowUs);
    }
    const to = hasSourceLink
      ? { macHi: sourceHi, macLo: sourceLo }
      : neighbours.find(iface, src) ?? { macHi, macLo };
    const flags = NA_SOLICITED | this.#routerFlag;
    if (!isAnycast) {
      this.sender.advertise(iface, target, src, flags | NA_OVERRIDE, to);
      return 0;
    }
    // Others may answer, too, and no answer is better than another; nor is it anybody's source.
    const own = selectSource(src, iface, interfaces.all);
    if (own !== null) this.sender.advertise(iface, target, src, flags, to, own);
    return 0;
  }

  #onAdvertisement(iface: Interface, pkt: Packet, target: IpAddress): number {
    const { counters, neighbours, memory: { dv } } = this.deps;
    const { hasTargetLink, targetHi, targetLo } = this.#options;
    const flags = dv.getInt32(pkt.transportOff + ICMP_REST_OFFSET);
    const isSolicited = (flags & NA_SOLICITED) !== 0;
    if (pkt.isMulticast && isSolicited) return DROP_NDP_ADDRESS;
    counters.ndp.inReplies++;
    const holderHi = hasTargetLink ? targetHi : this.#frameSourceHi(pkt);
    const holderLo = hasTargetLink ? targetLo : this.#frameSourceLo(pkt);
    this.#prober.conflict(iface, target, holderHi, holderLo);
    const disputed = iface.findAddress(target);
    if (disputed !== null) return this.#onConflict(iface, disputed, pkt);
    const neighbour = neighbours.find(iface, target);
    // An answer that nobody asked for is not learnt (7.2.5).
    if (neighbour === null) return 0;
    const isOverride = (flags & NA_OVERRIDE) !== 0;
    neighbour.isRouter = (flags & NA_ROUTER) !== 0;
    neighbours.advertised(
      neighbour,
      hasTargetLink,
      targetHi,
      targetLo,
      isSolicited,
      isOverride,
      pkt.nowUs,
    );
    return 0;
  }

  /** Another host uses an address of ours: said, and told whose it is. */
  #onConflict(iface: Interface, disputed: InterfaceAddress, pkt: Packet): number {
    const { counters, log } = this.deps;
    const [hi, lo] = [this.#frameSourceHi(pkt), this.#frameSourceLo(pkt)];
    if (hi === iface.macHi && lo === iface.macLo) return 0; // our own echo
    counters.ndp.conflicts++;
    const defendedAtUs = this.#defendedAtUs.get(disputed) ?? -Infinity;
    if (pkt.nowUs - defendedAtUs < DEFEND_INTERVAL_US) return 0;
    this.#defendedAtUs.set(disputed, pkt.nowUs);
    const { addr } = disputed;
    if (log.isOn[LogEvent.ARP_CONFLICT] !== 0) {
      log.address(LogEvent.ARP_CONFLICT, iface.index, addr, macNumber(hi, lo));
    }
    if (log.isOn[LogEvent.ARP_DEFENDED] !== 0) {
      log.address(LogEvent.ARP_DEFENDED, iface.index, addr);
    }
    this.sender.advertise(iface, addr, ALL_NODES, NA_OVERRIDE | this.#routerFlag, null);
    return 0;
  }

  #isOwnQuestion(): boolean {
    const { hasNonce, nonceHi, nonceLo } = this.#options;
    return hasNonce && nonceHi === this.#nonceHi && nonceLo === this.#nonceLo;
  }

  #frameSourceHi({ linkOff }: Packet): number {
    return this.deps.memory.dv.getUint16(linkOff + ETHERNET_SRC_OFFSET);
  }

  #frameSourceLo({ linkOff }: Packet): number {
    return this.deps.memory.dv.getInt32(linkOff + ETHERNET_SRC_OFFSET + 2);
  }
}

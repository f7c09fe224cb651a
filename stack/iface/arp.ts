/**
 * ARP (RFC 826): answers requests for our addresses, learns from what it hears, asks for
 * neighbours, asks whether an address is free before it is ours, announces it, notices conflicts
 * and defends it (RFC 5227).
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import { TimerHeap, TimerNode } from "../storage/timer_heap.ts";
import { ARP_LEN, ARP_REPLY, ARP_REQUEST, ArpPacket, emitArp, parseArp } from "../wire/arp.ts";
import { DROP_ARP_ADDRESS, DROP_FRAME_NOT_FOR_US } from "../base/drop_reason.ts";
import {
  emitEthernet,
  ETHERNET_HEADER_LEN,
  ETHERTYPE_ARP,
  isGroupMac,
  MAC_BROADCAST_HI,
  MAC_BROADCAST_LO,
  macNumber,
} from "../wire/ethernet.ts";
import { IpAddress } from "../base/ip_address.ts";
import { type AddressProbe, AddressProber, type ProbePlan } from "./address_probe.ts";
import type { Interface, InterfaceAddress } from "./interface.ts";
import type { Neighbour, NeighbourTable } from "./neighbour.ts";

/** A conflicting host is answered at most once in this time (RFC 5227 2.4, DEFEND_INTERVAL). */
export const DEFEND_INTERVAL_US = 10e6;

/** Between the two announcements of an address (RFC 5227 1.1, ANNOUNCE_INTERVAL). */
const ANNOUNCE_INTERVAL_US = 2e6;

class Announcement extends TimerNode {
  constructor(readonly iface: Interface, readonly addr: IpAddress) {
    super();
  }
}

export class Arp {
  readonly #timers: TimerHeap<Announcement>;
  readonly #packet = new ArpPacket();
  readonly #prober: AddressProber;
  readonly #defendedAtUs = new WeakMap<InterfaceAddress, number>();

  constructor(
    readonly memory: Memory,
    readonly counters: Counters,
    random: () => number,
    readonly log: LogSink,
    alarm: Alarm,
  ) {
    const ask = (iface: Interface, addr: IpAddress) =>
      this.#send(iface, ARP_REQUEST, 0, 0, 0, addr.w3, MAC_BROADCAST_HI, MAC_BROADCAST_LO);
    this.#prober = new AddressProber(random, ask, log, alarm);
    this.#timers = new TimerHeap(alarm);
  }

  /** An ARP packet at `off` of `len` bytes has come in by `iface`. Returns 0 or a drop reason. */
  input(
    iface: Interface,
    off: number,
    len: number,
    neighbours: NeighbourTable,
    nowUs: number,
  ): number {
    const arp = this.#packet;
    const reason = parseArp(this.memory.dv, off, len, arp);
    if (reason !== 0) return reason;
    if (isUnusableSender(arp) || iface.isSubnetBroadcast(arp.senderIp)) return DROP_ARP_ADDRESS;
    this.#prober.input(iface, arp);
    const sender = IpAddress.v4(arp.senderIp);
    const disputed = iface.findAddress(sender);
    if (disputed !== null) {
      this.#onConflict(iface, disputed, nowUs);
      return 0;
    }
    const isForUs = iface.findAddress(IpAddress.v4(arp.targetIp)) !== null;
    this.#learn(iface, sender, isForUs, neighbours, nowUs);
    if (!isForUs) return arp.operation === ARP_REPLY ? DROP_FRAME_NOT_FOR_US : 0;
    if (arp.operation === ARP_REQUEST) {
      this.counters.arp.inRequests++;
      if (this.log.isOn[LogEvent.ARP_ASKED] !== 0) {
        const mac = macNumber(arp.senderHi, arp.senderLo);
        this.log.address(LogEvent.ARP_ASKED, iface.index, sender, mac);
      }
      this.#reply(iface);
    } else {
      this.counters.arp.inReplies++;
    }
    return 0;
  }

  /** Answers the request at hand. */
  #reply(iface: Interface): void {
    const { senderHi, senderLo, senderIp, targetIp } = this.#packet;
    // Somebody with our MAC address: no switch would carry a frame from it to it.
    const isTwin = senderHi === iface.macHi && senderLo === iface.macLo;
    this.#send(
      iface,
      ARP_REPLY,
      targetIp,
      senderHi,
      senderLo,
      senderIp,
      isTwin ? MAC_BROADCAST_HI : senderHi,
      isTwin ? MAC_BROADCAST_LO : senderLo,
    );
  }

  /** Begins to ask whether `addr`, which is not ours yet, is free. */
  probe(iface: Interface, addr: IpAddress, plan: ProbePlan, nowUs: number): AddressProbe {
    return this.#prober.start(iface, addr, plan, nowUs);
  }

  /** Asks who has the neighbour's address. */
  request(neighbour: Neighbour, unicast: boolean): void {
    const { addr, iface, probes, waiting } = neighbour;
    const source = iface.sourceFor(addr);
    if (this.log.isOn[LogEvent.ARP_ASK] !== 0) {
      this.log.address(LogEvent.ARP_ASK, iface.index, addr, probes, waiting.length);
    }
    this.#send(
      iface,
      ARP_REQUEST,
      source === null ? 0 : source.w3,
      0,
      0,
      addr.w3,
      unicast ? neighbour.macHi : MAC_BROADCAST_HI,
      unicast ? neighbour.macLo : MAC_BROADCAST_LO,
    );
  }

  /** Tells everybody that `addr` is ours, now and once more soon (RFC 5227 2.3). */
  announce(iface: Interface, addr: IpAddress, nowUs: number): void {
    if (this.log.isOn[LogEvent.ARP_ANNOUNCED] !== 0) {
      this.log.address(LogEvent.ARP_ANNOUNCED, iface.index, addr);
    }
    this.#announceOnce(iface, addr);
    this.#timers.set(new Announcement(iface, addr), nowUs + ANNOUNCE_INTERVAL_US);
  }

  pollAtUs(): number {
    return Math.min(this.#timers.nextAtUs(), this.#prober.pollAtUs());
  }

  poll(nowUs: number): void {
    this.#prober.poll(nowUs);
    for (let a = this.#timers.popDue(nowUs); a !== null; a = this.#timers.popDue(nowUs)) {
      if (a.iface.findAddress(a.addr) !== null) this.#announceOnce(a.iface, a.addr);
    }
  }

  #announceOnce(iface: Interface, addr: IpAddress): void {
    this.#send(iface, ARP_REQUEST, addr.w3, 0, 0, addr.w3, MAC_BROADCAST_HI, MAC_BROADCAST_LO);
  }

  /**
   * RFC 826's algorithm: what is known of the sender is updated whoever the packet is for; an
   * unknown sender is entered only when it asks us. An answer that nobody asked for is not learnt.
   */
  #learn(
    iface: Interface,
    sender: IpAddress,
    isForUs: boolean,
    neighbours: NeighbourTable,
    nowUs: number,
  ): void {
    const arp = this.#packet;
    if (arp.senderIp === 0) return; // a probe (RFC 5227 2.1.1): it has no address yet
    const isRequestForUs = isForUs && arp.operation === ARP_REQUEST;
    const neighbour = isRequestForUs
      ? neighbours.findOrAdd(iface, sender, nowUs)
      : neighbours.find(iface, sender);
    if (neighbour === null) return;
    const isAnswer = isForUs && arp.operation === ARP_REPLY;
    neighbours.learn(neighbour, arp.senderHi, arp.senderLo, isAnswer, nowUs);
  }

  /** Another host uses an address of ours: said, and announced again (RFC 5227 2.4 (b)). */
  #onConflict(iface: Interface, disputed: InterfaceAddress, nowUs: number): void {
    const arp = this.#packet;
    if (arp.senderHi === iface.macHi && arp.senderLo === iface.macLo) return; // our own echo
    this.counters.arp.conflicts++;
    const defendedAtUs = this.#defendedAtUs.get(disputed) ?? -Infinity;
    if (nowUs - defendedAtUs < DEFEND_INTERVAL_US) return;
    this.#defendedAtUs.set(disputed, nowUs);
    if (this.log.isOn[LogEvent.ARP_CONFLICT] !== 0) {
      const mac = macNumber(arp.senderHi, arp.senderLo);
      this.log.address(LogEvent.ARP_CONFLICT, iface.index, disputed.addr, mac);
    }
    if (this.log.isOn[LogEvent.ARP_DEFENDED] !== 0) {
      this.log.address(LogEvent.ARP_DEFENDED, iface.index, disputed.addr);
    }
    this.#announceOnce(iface, disputed.addr);
  }

  #send(
    iface: Interface,
    operation: number,
    senderIp: number,
    targetHi: number,
    targetLo: number,
    targetIp: number,
    dstHi: number,
    dstLo: number,
  ): void {
    const tx = iface.tx;
    if (tx.count === tx.capacity) iface.transmit();
    const row = tx.begin();
    const off = tx.l4Off[row];
    const dv = this.memory.dv;
    const { macHi, macLo } = iface;
    emitArp(dv, off, operation, macHi, macLo, senderIp, targetHi, targetLo, targetIp);
    tx.hdrLen[row] = ARP_LEN;
    const link = tx.prepend(ETHERNET_HEADER_LEN);
    emitEthernet(dv, link, dstHi, dstLo, macHi, macLo, ETHERTYPE_ARP);
    tx.commit();
    if (operation === ARP_REQUEST) this.counters.arp.outRequests++;
    else this.counters.arp.outReplies++;
  }
}

/** A sender that nobody could be: no unicast MAC, or an address that is not a host's. */
function isUnusableSender(arp: ArpPacket): boolean {
  if (isGroupMac(arp.senderHi) || (arp.senderHi === 0 && arp.senderLo === 0)) return true;
  const firstByte = arp.senderIp >>> 24;
  if (firstByte === 0) return arp.senderIp !== 0; // 0.0.0.0: a probe (RFC 5227 2.1.1)
  return firstByte === 127 || firstByte >= 224;
}

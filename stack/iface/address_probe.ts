/**
 * Whether an address is free on its link: asked before it is ours, by ARP (RFC 5227 2.1) or
 * neighbour discovery (RFC 4862 5.4).
 *
 *     probe ── probe ── … ── last probe ── wait ──▶ free
 *       │ a packet from that address, or a probe for it by somebody else
 *       ▼
 *     in use, by the MAC address `holder`
 *
 * While an address is asked for it is nobody's here: nothing is sent from it, no ARP answers for
 * it. So whoever speaks for it is another, even with a MAC address like ours.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { IpAddress } from "../base/ip_address.ts";
import { TimerHeap, TimerNode } from "../storage/timer_heap.ts";
import { ARP_REQUEST, type ArpPacket } from "../wire/arp.ts";
import { formatMacWords, macNumber } from "../wire/ethernet.ts";
import type { Interface } from "./interface.ts";

/** How long to ask. */
export interface ProbePlan {
  /** PROBE_NUM */
  readonly count: number;
  /** Before the first probe, at random up to this: PROBE_WAIT. */
  readonly maxDelayUs: number;
  /** Between probes, at random: PROBE_MIN to PROBE_MAX. */
  readonly minIntervalUs: number;
  readonly maxIntervalUs: number;
  /** From the last probe until the address is free: ANNOUNCE_WAIT. */
  readonly lastWaitUs: number;
}

/** RFC 5227 1.1: 4 to 7 seconds. */
export const FULL_PROBE: ProbePlan = {
  count: 3,
  maxDelayUs: 1e6,
  minIntervalUs: 1e6,
  maxIntervalUs: 2e6,
  lastWaitUs: 2e6,
};

/**
 * A host on the same wire answers within a millisecond. Who does not is noticed later, as a
 * conflict.
 */
export const QUICK_PROBE: ProbePlan = {
  count: 2,
  maxDelayUs: 0,
  minIntervalUs: 10e3,
  maxIntervalUs: 10e3,
  lastWaitUs: 10e3,
};

export class AddressProbe extends TimerNode {
  sent = 0;
  isOver = false;
  /** Who has the address, "aa:bb:cc:dd:ee:ff"; null: nobody so far. */
  holder: string | null = null;

  constructor(
    readonly iface: Interface,
    readonly addr: IpAddress,
    readonly plan: ProbePlan,
    /** Called when it is over. */
    readonly onEnd: () => void,
  ) {
    super();
  }
}

export class AddressProber {
  readonly #timers = new TimerHeap<AddressProbe>();
  /** Those under way: none but while a stack comes up. */
  #active: AddressProbe[] = [];

  constructor(
    readonly random: () => number,
    readonly send: (iface: Interface, addr: IpAddress) => void,
    readonly log: LogSink,
    readonly alarm: Alarm,
  ) {}

  start(
    iface: Interface,
    addr: IpAddress,
    plan: ProbePlan,
    nowUs: number,
    onEnd = () => {},
  ): AddressProbe {
    const probe = new AddressProbe(iface, addr, plan, onEnd);
    this.#active.push(probe);
    this.alarm.stir();
    this.#timers.set(probe, nowUs + this.#between(0, plan.maxDelayUs));
    return probe;
  }

  /** An ARP packet has come in by `iface`: does it speak for an address that is asked for? */
  input(iface: Interface, arp: ArpPacket): void {
    for (const probe of this.#active) {
      if (probe.iface !== iface || !this.#isConflict(probe, arp)) continue;
      this.#isTaken(probe, arp.senderHi, arp.senderLo);
    }
  }

  /** Somebody with that MAC address speaks for `addr`, or asks for it too (RFC 4862 5.4). */
  conflict(iface: Interface, addr: IpAddress, macHi: number, macLo: number): void {
    for (const probe of this.#active) {
      if (probe.iface === iface && probe.addr.equals(addr)) this.#isTaken(probe, macHi, macLo);
    }
  }

  #isTaken(probe: AddressProbe, macHi: number, macLo: number): void {
    probe.holder = formatMacWords(macHi, macLo);
    if (this.log.isOn[LogEvent.ARP_TAKEN] !== 0) {
      const { iface, addr } = probe;
      this.log.address(LogEvent.ARP_TAKEN, iface.index, addr, macNumber(macHi, macLo));
    }
    this.#end(probe);
  }

  pollAtUs(): number {
    return this.#timers.nextAtUs();
  }

  poll(nowUs: number): void {
    for (let p = this.#timers.popDue(nowUs); p !== null; p = this.#timers.popDue(nowUs)) {
      const { plan } = p;
      if (p.sent === plan.count) {
        if (this.log.isOn[LogEvent.ARP_FREE] !== 0) {
          this.log.address(LogEvent.ARP_FREE, p.iface.index, p.addr);
        }
        this.#end(p);
        continue;
      }
      this.send(p.iface, p.addr);
      p.sent++;
      if (this.log.isOn[LogEvent.ARP_PROBE] !== 0) {
        this.log.address(LogEvent.ARP_PROBE, p.iface.index, p.addr, p.sent, plan.count);
      }
      const interval = this.#between(plan.minIntervalUs, plan.maxIntervalUs);
      this.#timers.set(p, nowUs + (p.sent === plan.count ? plan.lastWaitUs : interval));
    }
  }

  /** RFC 5227 2.1.1: our own probe that comes back is none, it has no sender address. */
  #isConflict({ addr, iface }: AddressProbe, arp: ArpPacket): boolean {
    if (arp.senderIp === addr.w3) return true;
    const isProbe = arp.operation === ARP_REQUEST && arp.senderIp === 0;
    const isOurs = arp.senderHi === iface.macHi && arp.senderLo === iface.macLo;
    return isProbe && arp.targetIp === addr.w3 && !isOurs;
  }

  #end(probe: AddressProbe): void {
    probe.isOver = true;
    this.alarm.stir(); // whoever has begun it looks at it
    this.#timers.cancel(probe);
    this.#active = this.#active.filter((other) => other !== probe);
    probe.onEnd();
  }

  #between(minUs: number, maxUs: number): number {
    return minUs + ((this.random() >>> 0) / 2 ** 32) * (maxUs - minUs);
  }
}

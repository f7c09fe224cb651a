/**
 * The neighbour cache: which MAC address an on-link IP address has (RFC 826, RFC 1122 2.3.2, RFC
 * 4861 7), with the reachability states of RFC 4861 7.3 as Linux uses them for ARP too. Each family
 * has a cache of its own, so that a scan of an IPv6 subnet (RFC 6583) leaves IPv4 alone.
 *
 *              send                    reply                  reachable time over
 *   (none) ──────────▶ INCOMPLETE ──────────────▶ REACHABLE ─────────────────────▶ STALE
 *                          │ 3 requests × 1 s         ▲ confirm, reply               │ send
 *                          ▼                          ├───────────────┐              ▼
 *                       FAILED ◀──────────────────── PROBE ◀──────── DELAY (5 s) ◀───┘
 *                              3 unicast requests × 1 s
 *
 * In INCOMPLETE packets wait; FAILED gives them back as errors, and the next send starts anew. In
 * STALE, DELAY and PROBE traffic flows on. A new MAC heard unasked (the neighbour's own request, a
 * change) makes STALE from any state but those that a person sets, PERMANENT and NO_ARP. What is
 * not used for a minute is forgotten; the table is bounded. The owner (`NeighbourEvents`) sends.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { Memory } from "../base/memory.ts";
import type { TxFrames } from "../base/frames.ts";
import { TimerHeap, TimerNode } from "../storage/timer_heap.ts";
import type { IpAddress } from "../base/ip_address.ts";
import type { NeighbourConfig } from "./config.ts";
import type { Interface } from "./interface.ts";
import { type WaitingPacket, WaitingQueue } from "./waiting_queue.ts";

export const INCOMPLETE = 0;
export const REACHABLE = 1;
export const STALE = 2;
export const DELAY = 3;
export const PROBE = 4;
export const FAILED = 5;
/** Set by a person: never asked for, never changed by what is heard. */
export const PERMANENT = 6;
/** The same, but forgotten like any other when it is not used. */
export const NO_ARP = 7;

export class Neighbour extends TimerNode {
  state = FAILED;
  macHi = 0;
  macLo = 0;
  /** Last proof that packets get there. */
  confirmedUs = -Infinity;
  /** Last packet sent. */
  usedUs: number;
  /** Last time the MAC was set. */
  updatedUs = -Infinity;
  reachableUs = 0;
  probes = 0;
  /** It has been asked for and has not answered, since the last that was heard of it. */
  hasFailed = false;
  /** It forwards, and says so (RFC 4861 4.4). */
  isRouter = false;
  /** Evicted from the table: holders look it up again. */
  isEvicted = false;
  /** Next in the table's chain. */
  next: Neighbour | null = null;

  constructor(
    readonly iface: Interface,
    readonly addr: IpAddress,
    readonly waiting: WaitingQueue,
    nowUs: number,
  ) {
    super();
    this.usedUs = nowUs;
  }
}

/** What the table asks of its owner. */
export interface NeighbourEvents {
  /** Send a request for `neighbour.addr`: to its known MAC when `unicast`, else broadcast. */
  solicit(neighbour: Neighbour, unicast: boolean): void;
  /** The MAC has become known, or, when not `isNew`, has changed. */
  learned(neighbour: Neighbour, isNew: boolean): void;
  /** The MAC is known: send what waited. The blocks are the owner's to free. */
  resolved(neighbour: Neighbour, packets: WaitingPacket[]): void;
  /** Nobody answered: report what waited as unreachable, and free it. */
  failed(neighbour: Neighbour, packets: WaitingPacket[], nowUs: number): void;
}

/** Of the table: more are not asked for at a time. */
const RESOLVING_PART = 0.5;
/** Of the table, when it is full: a flood of new ones must not cost a search each. */
const EVICTED_PART = 1 / 16;
/** Two changes of a MAC address within this time: the first one stands (arp locktime). */
const LOCK_US = 100_000;

export class NeighbourTable {
  readonly #byHash = new Map<number, Neighbour>();
  readonly #timers: TimerHeap<Neighbour>;
  #count = 0;
  /** Those that are INCOMPLETE, the one that has been for longest first. */
  readonly #resolving = new Set<Neighbour>();

  constructor(
    readonly config: NeighbourConfig,
    readonly memory: Memory,
    readonly random: () => number,
    readonly events: NeighbourEvents,
    alarm: Alarm | null = null,
  ) {
    this.#timers = new TimerHeap(alarm);
  }

  get count(): number {
    return this.#count;
  }

  /** Neighbours being asked for, with packets that wait. */
  get resolvingCount(): number {
    return this.#resolving.size;
  }

  find(iface: Interface, addr: IpAddress): Neighbour | null {
    let n = this.#byHash.get(hashOf(iface, addr)) ?? null;
    while (n !== null && !(n.iface === iface && n.addr.equals(addr))) n = n.next;
    return n;
  }

  forEach(visit: (neighbour: Neighbour) => void): void {
    for (const first of this.#byHash.values()) {
      for (let n: Neighbour | null = first; n !== null; n = n.next) visit(n);
    }
  }

  /** The entry for `addr`, made if there is none; null when the table is full of entries in use. */
  findOrAdd(iface: Interface, addr: IpAddress, nowUs: number): Neighbour | null {
    const found = this.find(iface, addr);
    if (found !== null) return found;
    if (this.#count >= this.config.maxEntries && !this.#evictSome(nowUs)) return null;
    const { queuePackets, queueBytes } = this.config;
    const queue = new WaitingQueue(this.memory, queuePackets, queueBytes);
    const n = new Neighbour(iface, addr, queue, nowUs);
    const hash = hashOf(iface, addr);
    n.next = this.#byHash.get(hash) ?? null;
    this.#byHash.set(hash, n);
    this.#count++;
    this.#timers.set(n, nowUs + this.config.gcStaleUs);
    return n;
  }

  /** Its MAC address is known, though perhaps an old one. */
  hasMac(n: Neighbour): boolean {
    return n.state !== INCOMPLETE && n.state !== FAILED;
  }

  /**
   * To be called before sending: true when `macHi`/`macLo` may be used. Otherwise the packet has to
   * wait (`wait`), then resolution be kept going (`startResolving`).
   */
  canSend(n: Neighbour, nowUs: number): boolean {
    n.usedUs = nowUs;
    if (n.state === REACHABLE) return true;
    if (n.state === STALE) {
      n.state = DELAY;
      this.#timers.set(n, nowUs + this.config.delayFirstProbeUs);
      return true;
    }
    return n.state === DELAY || n.state === PROBE || isFixed(n);
  }

  /** A person says what it is (`ip neigh add`). The MAC stands in the states that have one. */
  set(n: Neighbour, macHi: number, macLo: number, state: number, nowUs: number): void {
    this.#resolving.delete(n);
    const hadMac = this.hasMac(n);
    this.#timers.cancel(n);
    n.state = state;
    n.probes = 0;
    if (state === FAILED) {
      this.#timers.set(n, nowUs + this.config.gcStaleUs);
      if (n.waiting.length > 0) this.events.failed(n, n.waiting.takeAll(), nowUs);
      return;
    }
    const isSame = hadMac && n.macHi === macHi && n.macLo === macLo;
    [n.macHi, n.macLo] = [macHi, macLo];
    n.hasFailed = false;
    n.updatedUs = n.confirmedUs = n.usedUs = nowUs;
    if (!isSame) this.events.learned(n, !hadMac);
    if (state === REACHABLE) this.#setReachable(n, nowUs);
    else if (state === DELAY) this.#timers.set(n, nowUs + this.config.delayFirstProbeUs);
    else if (state === PROBE) this.#timers.set(n, nowUs);
    else if (state !== PERMANENT) this.#timers.set(n, nowUs + this.config.gcStaleUs);
    if (!hadMac) this.events.resolved(n, n.waiting.takeAll());
  }

  /**
   * Copies the row under construction; it goes out when the MAC is known. Returns packets dropped.
   */
  wait(n: Neighbour, tx: TxFrames): number {
    return n.waiting.push(tx);
  }

  startResolving(n: Neighbour, nowUs: number): void {
    if (n.state !== FAILED) return;
    if (this.#resolving.size >= this.config.maxEntries * RESOLVING_PART) this.#giveUpOldest(nowUs);
    n.state = INCOMPLETE;
    this.#resolving.add(n);
    n.probes = 1;
    this.#timers.set(n, nowUs + this.config.retransUs);
    this.events.solicit(n, false);
  }

  /** Who scans a subnet displaces what it has asked for itself (RFC 6583 4.2), not the others. */
  #giveUpOldest(nowUs: number): void {
    for (const oldest of this.#resolving) {
      this.#fail(oldest, nowUs);
      return;
    }
  }

  /** Upper layers got an answer over this neighbour (RFC 4861 7.3.1). */
  confirm(n: Neighbour, nowUs: number): void {
    n.confirmedUs = nowUs;
    if (n.state === STALE || n.state === DELAY || n.state === PROBE) this.#setReachable(n, nowUs);
  }

  /**
   * The neighbour has told its MAC. `isAnswer`: in answer to our request, which proves that it
   * reaches us and we it; otherwise (its own request, an announcement) only the MAC is learnt.
   */
  learn(n: Neighbour, macHi: number, macLo: number, isAnswer: boolean, nowUs: number): void {
    if (isFixed(n)) return;
    const hadMac = this.hasMac(n);
    const isSame = hadMac && n.macHi === macHi && n.macLo === macLo;
    if (hadMac && !isSame && nowUs - n.updatedUs < LOCK_US) return;
    this.#resolving.delete(n);
    n.hasFailed = false;
    n.macHi = macHi;
    n.macLo = macLo;
    if (!isSame) {
      n.updatedUs = nowUs;
      this.events.learned(n, !hadMac);
    }
    if (isAnswer) {
      n.confirmedUs = nowUs;
      this.#setReachable(n, nowUs);
    } else if (!isSame) {
      n.state = STALE;
      this.#timers.set(n, nowUs + this.config.gcStaleUs);
    }
    if (!hadMac) this.events.resolved(n, n.waiting.takeAll());
  }

  /**
   * A neighbour advertisement (RFC 4861 7.2.5). `hasMac`: it names a MAC; `isSolicited`: in answer
   * to us; `isOverride`: it may replace what is known.
   */
  advertised(
    n: Neighbour,
    hasMac: boolean,
    macHi: number,
    macLo: number,
    isSolicited: boolean,
    isOverride: boolean,
    nowUs: number,
  ): void {
    if (isFixed(n)) return;
    const hadMac = this.hasMac(n);
    if (!hadMac) {
      if (hasMac) this.learn(n, macHi, macLo, isSolicited, nowUs);
      return;
    }
    const isOther = hasMac && (n.macHi !== macHi || n.macLo !== macLo);
    if (isOther && !isOverride) {
      if (n.state !== REACHABLE) return;
      n.state = STALE;
      this.#timers.set(n, nowUs + this.config.gcStaleUs);
      return;
    }
    if (isOther) {
      n.updatedUs = -Infinity; // the override flag stands above the lock
      this.learn(n, macHi, macLo, isSolicited, nowUs);
    } else if (isSolicited) {
      n.confirmedUs = nowUs;
      this.#setReachable(n, nowUs);
    }
  }

  pollAtUs(): number {
    return this.#timers.nextAtUs();
  }

  poll(nowUs: number): void {
    for (let n = this.#timers.popDue(nowUs); n !== null; n = this.#timers.popDue(nowUs)) {
      this.#onTimer(n, nowUs);
    }
  }

  /** Whoever sends to it begins anew. */
  forget(n: Neighbour, nowUs: number): void {
    this.#evict(n, nowUs);
  }

  /** Forgets the neighbours on one interface; with `isAll` also those that a person has set. */
  clear(iface: Interface, nowUs: number, isAll = false): void {
    for (const first of [...this.#byHash.values()]) {
      for (let n: Neighbour | null = first; n !== null; n = n.next) {
        if (n.iface === iface && (isAll || !isFixed(n))) this.#evict(n, nowUs);
      }
    }
  }

  #setReachable(n: Neighbour, nowUs: number): void {
    n.state = REACHABLE;
    n.probes = 0;
    const factor = 0.5 + (this.random() >>> 0) / 2 ** 32;
    n.reachableUs = this.config.baseReachableUs * factor;
    this.#timers.set(n, nowUs + n.reachableUs);
  }

  #onTimer(n: Neighbour, nowUs: number): void {
    switch (n.state) {
      case INCOMPLETE:
        return this.#nextProbe(n, this.config.broadcastProbes, false, nowUs);
      case PROBE:
        return this.#nextProbe(n, this.config.unicastProbes, true, nowUs);
      case REACHABLE:
        return this.#onReachableTimer(n, nowUs);
      case DELAY:
        n.state = PROBE;
        n.probes = 0;
        return this.#nextProbe(n, this.config.unicastProbes, true, nowUs);
      default: // STALE, FAILED: kept for a while after the last use
        if (n.usedUs + this.config.gcStaleUs <= nowUs) this.#evict(n, nowUs);
        else this.#timers.set(n, n.usedUs + this.config.gcStaleUs);
    }
  }

  #onReachableTimer(n: Neighbour, nowUs: number): void {
    if (n.confirmedUs + n.reachableUs > nowUs) {
      this.#timers.set(n, n.confirmedUs + n.reachableUs);
      return;
    }
    n.state = STALE;
    this.#timers.set(n, Math.max(nowUs + 1, n.usedUs + this.config.gcStaleUs));
  }

  #nextProbe(n: Neighbour, maxProbes: number, unicast: boolean, nowUs: number): void {
    if (n.probes < maxProbes) {
      n.probes++;
      this.#timers.set(n, nowUs + this.config.retransUs);
      this.events.solicit(n, unicast);
      return;
    }
    this.#fail(n, nowUs);
  }

  #fail(n: Neighbour, nowUs: number): void {
    this.#resolving.delete(n);
    n.state = FAILED;
    this.#timers.set(n, nowUs + this.config.gcStaleUs);
    n.hasFailed = true;
    if (n.waiting.length > 0 || n.isRouter) this.events.failed(n, n.waiting.takeAll(), nowUs);
  }

  /** Makes room: those unused for longest that are not being resolved, many at a time. */
  #evictSome(nowUs: number): boolean {
    const all: Neighbour[] = [];
    this.forEach((n) => {
      const isEvictable = n.state === FAILED || n.state === STALE ||
        (n.state === REACHABLE && n.usedUs + this.config.gcStaleUs <= nowUs);
      if (isEvictable) all.push(n);
    });
    all.sort((a, b) => a.usedUs - b.usedUs);
    const count = Math.max(1, this.config.maxEntries * EVICTED_PART);
    for (const n of all.slice(0, count)) this.#evict(n, nowUs);
    return all.length > 0;
  }

  #evict(n: Neighbour, nowUs: number): void {
    this.#timers.cancel(n);
    n.isEvicted = true;
    this.#resolving.delete(n);
    n.state = FAILED;
    this.#count--;
    const hash = hashOf(n.iface, n.addr);
    const first = this.#byHash.get(hash) ?? null;
    if (first === n) {
      if (n.next === null) this.#byHash.delete(hash);
      else this.#byHash.set(hash, n.next);
    } else {
      let before = first;
      while (before !== null && before.next !== n) before = before.next;
      if (before !== null) before.next = n.next;
    }
    if (n.waiting.length > 0) this.events.failed(n, n.waiting.takeAll(), nowUs);
  }
}

function isFixed({ state }: Neighbour): boolean {
  return state === PERMANENT || state === NO_ARP;
}

function hashOf(iface: Interface, addr: IpAddress): number {
  const mixed = addr.w3 ^ (addr.w2 << 5) ^ (addr.w1 << 11) ^ addr.w0;
  return (mixed ^ (iface.index << 24)) & 0x3fffffff;
}

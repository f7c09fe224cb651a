/**
 * Putting fragments together (RFC 791 3.2, RFC 1122 3.3.2, RFC 8200 4.5), within bounds: of memory,
 * of time, of the pieces one datagram may be in. Both families share them. Overlapping fragments
 * are nobody's honest work: the whole datagram is dropped (RFC 5722 for IPv6, Linux for both); what
 * only repeats is ignored.
 *
 * A datagram's block:  | header, ending where its room does | payload … (grows by doubling) |
 *
 * The header is that of the first fragment, in IPv6 with all extension headers up to the fragment
 * header, which is left out of the whole.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import { TimerHeap, TimerNode } from "../storage/timer_heap.ts";
import {
  DROP_IPV4_FRAGMENT,
  DROP_IPV6_FRAGMENT,
  DROP_REASSEMBLY_MEMORY,
  DROP_REASSEMBLY_OVERLAP,
  DROP_REASSEMBLY_TIMEOUT,
} from "../base/drop_reason.ts";
import {
  ECN_CE,
  ECN_MASK,
  IPV4_FRAGMENT_OFFSET,
  IPV4_MAX_LEN,
  IPV4_TOTAL_LEN_OFFSET,
  type Ipv4Header,
  refreshIpv4Checksum,
} from "../wire/ipv4.ts";
import {
  IPV6_HEADER_LEN,
  IPV6_MAX_LEN,
  IPV6_PAYLOAD_LEN_OFFSET,
  IPV6_SRC_OFFSET,
} from "../wire/ipv6.ts";
import {
  emitFragmentHeader,
  type ExtensionWalk,
  FRAGMENT_HEADER_LEN,
  IPV6_MF,
} from "../wire/ipv6_extension.ts";
import type { Packet } from "../base/packet.ts";
import type { IpConfig } from "./config.ts";
import { addRun, RUN_ADDED, RUN_REPEATED } from "./fragment_runs.ts";

/** Room for the header in front of the payload; an IPv6 one that is longer is refused. */
const HEADER_ROOM = 256;
/** RFC 8200 4.5 */
const FRAGMENT6_TIMEOUT_US = 60e6;
const FIRST_BLOCK_LEN = 4096;

/** A datagram in the making. */
export class PartialDatagram extends TimerNode {
  readonly protocol: number;
  readonly id: number;
  block = -1;
  blockLen = 0;
  /** Payload length, -1: the last fragment has not come. */
  totalLen = -1;
  /** 0: the first fragment has not come. */
  headerLen = 0;
  /** Length of the first fragment's packet. */
  firstLen = 0;
  /** Runs of payload that are there: [start, end) pairs in order, merged when they touch. */
  readonly runs: number[] = [];
  hasCe = false;
  hasNotEct = false;
  /** Of the fragments, IP header included. */
  longestLen = 0;
  next: PartialDatagram | null = null;
  /** Both addresses, as words. */
  readonly words: Int32Array;
  readonly isV6: boolean;
  /** IPv6, of the first fragment: the field that named the fragment header, from its start. */
  nextFieldPos = 0;
  /** What the fragment header says that comes next. */
  nextHeader = 0;

  constructor(fragment: Fragment, readonly ifIndex: number) {
    super();
    this.words = fragment.words.slice();
    this.isV6 = fragment.isV6;
    this.protocol = fragment.protocol;
    this.id = fragment.id;
  }

  isOf(fragment: Fragment, ifIndex: number): boolean {
    const { words, id, protocol, isV6 } = fragment;
    if (this.id !== id || this.protocol !== protocol || this.isV6 !== isV6) return false;
    if (this.ifIndex !== ifIndex) return false;
    for (let i = 0; i < words.length; i++) if (words[i] !== this.words[i]) return false;
    return true;
  }

  /** Offset of the IP header in memory. */
  get headerOff(): number {
    return this.block + HEADER_ROOM - this.headerLen;
  }

  /** Payload bytes from the start without a gap. */
  get contiguousLen(): number {
    return this.runs.length > 0 && this.runs[0] === 0 ? this.runs[1] : 0;
  }
}

/** One fragment; reused. */
class Fragment {
  /** Source and destination. */
  readonly words = new Int32Array(8);
  isV6 = false;
  /** Of IPv6 the datagram is known by addresses and identification alone: 0. */
  protocol = 0;
  id = 0;
  ecn = 0;
  /** Where its packet is, and its data. */
  off = 0;
  headerLen = 0;
  dataOff = 0;
  dataLen = 0;
  /** Of the data in the whole. */
  start = 0;
  hasMore = false;
  nextFieldPos = 0;
  nextHeader = 0;
}

export class Reassembly {
  readonly #fragment = new Fragment();

  readonly #byHash = new Map<number, PartialDatagram>();
  readonly #timers: TimerHeap<PartialDatagram>;
  /** Secret, so that nobody can aim at one chain. */
  readonly #seed: number;
  #usedBytes = 0;

  /**
   * `onTimeout`: a datagram whose first fragment has come is given up (ICMP time exceeded is due).
   */
  constructor(
    readonly memory: Memory,
    readonly counters: Counters,
    readonly config: IpConfig,
    readonly onTimeout: (datagram: PartialDatagram, nowUs: number) => void,
    random: () => number,
    alarm: Alarm | null = null,
  ) {
    this.#timers = new TimerHeap(alarm);
    this.#seed = random();
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Datagrams in the making. */
  get count(): number {
    return this.#timers.count;
  }

  pollAtUs(): number {
    return this.#timers.nextAtUs();
  }

  poll(nowUs: number): void {
    for (let d = this.#timers.popDue(nowUs); d !== null; d = this.#timers.popDue(nowUs)) {
      this.counters.drop(DROP_REASSEMBLY_TIMEOUT);
      if (d.headerLen !== 0 && d.contiguousLen >= 8) this.onTimeout(d, nowUs);
      this.#forget(d);
      this.release(d);
    }
  }

  /**
   * Takes in a fragment: the packet at `off`, parsed into `header`. Returns the datagram when it is
   * whole: its block holds header and payload, lengths corrected; the caller must `release` it.
   */
  add(header: Ipv4Header, off: number, ifIndex: number, nowUs: number): PartialDatagram | null {
    this.counters.ip.reasmReqds++;
    const f = this.#fragment;
    f.words.fill(0);
    f.words[3] = header.src;
    f.words[7] = header.dst;
    f.isV6 = false;
    f.protocol = header.protocol;
    f.id = header.id;
    f.ecn = header.tos & ECN_MASK;
    f.off = off;
    f.headerLen = header.headerLen;
    f.dataOff = off + header.headerLen;
    f.dataLen = header.totalLen - header.headerLen;
    f.start = header.fragmentOff;
    f.hasMore = header.moreFragments;
    return this.#take(f, ifIndex, nowUs);
  }

  /** As `add`, of an IPv6 packet whose fragment header `walk` has found. */
  addV6(pkt: Packet, walk: ExtensionWalk, ifIndex: number): PartialDatagram | null {
    this.counters.ip6.reasmReqds++;
    const f = this.#fragment;
    const { words } = f;
    const { dv } = this.memory;
    for (let i = 0; i < 8; i++) words[i] = dv.getInt32(pkt.networkOff + IPV6_SRC_OFFSET + 4 * i);
    f.isV6 = true;
    f.protocol = 0;
    f.id = walk.id;
    f.ecn = pkt.tos & ECN_MASK;
    f.off = pkt.networkOff;
    f.headerLen = walk.fragmentHeaderOff - pkt.networkOff;
    f.dataOff = walk.fragmentHeaderOff + FRAGMENT_HEADER_LEN;
    f.dataLen = pkt.endOff - f.dataOff;
    f.start = walk.fragmentOff;
    f.hasMore = walk.moreFragments;
    f.nextFieldPos = walk.nextFieldOff - pkt.networkOff;
    f.nextHeader = dv.getUint8(walk.fragmentHeaderOff);
    return this.#take(f, ifIndex, pkt.nowUs);
  }

  /** The first fragment of `d`, as it came: where it lies now. Nothing else is left of `d`. */
  restoreFirst6(d: PartialDatagram): number {
    const { dv, u8 } = this.memory;
    const off = d.headerOff - FRAGMENT_HEADER_LEN;
    const end = off + d.headerLen;
    u8.copyWithin(off, off + FRAGMENT_HEADER_LEN, end + FRAGMENT_HEADER_LEN);
    emitFragmentHeader(dv, end, d.nextHeader, IPV6_MF, d.id);
    return off;
  }

  #take(fragment: Fragment, ifIndex: number, nowUs: number): PartialDatagram | null {
    const datagram = this.#findOrAdd(fragment, ifIndex, nowUs);
    const reason = this.#insert(datagram, fragment);
    if (reason !== 0) {
      this.counters.drop(reason);
      this.#forget(datagram);
      this.release(datagram);
      return null;
    }
    if (datagram.contiguousLen !== datagram.totalLen || datagram.headerLen === 0) {
      this.#evictBeyond(datagram);
      return null;
    }
    this.#forget(datagram);
    return this.#finish(datagram);
  }

  /** Frees a datagram's block. */
  release(datagram: PartialDatagram): void {
    if (datagram.block < 0) return;
    this.memory.free(datagram.block, datagram.blockLen);
    this.#usedBytes -= datagram.blockLen;
    datagram.block = -1;
  }

  #finish(d: PartialDatagram): PartialDatagram | null {
    const maxLen = d.isV6 ? IPV6_MAX_LEN : IPV4_MAX_LEN;
    if (d.headerLen + d.totalLen > maxLen || (d.hasCe && d.hasNotEct)) {
      this.counters.drop(d.isV6 ? DROP_IPV6_FRAGMENT : DROP_IPV4_FRAGMENT);
      this.release(d);
      return null;
    }
    const dv = this.memory.dv;
    const header = d.headerOff;
    if (d.isV6) {
      dv.setUint16(header + IPV6_PAYLOAD_LEN_OFFSET, d.headerLen - IPV6_HEADER_LEN + d.totalLen);
      dv.setUint8(header + d.nextFieldPos, d.nextHeader);
      // The traffic class lies across two bytes; its lowest two bits in the second.
      if (d.hasCe) dv.setUint8(header + 1, dv.getUint8(header + 1) | ECN_CE << 4);
      this.counters.ip6.reasmOks++;
      return d;
    }
    dv.setUint16(header + IPV4_TOTAL_LEN_OFFSET, d.headerLen + d.totalLen);
    dv.setUint16(header + IPV4_FRAGMENT_OFFSET, 0);
    // Congestion met by one fragment was met by the datagram (RFC 3168 5.3).
    if (d.hasCe) dv.setUint8(header + 1, dv.getUint8(header + 1) | ECN_CE);
    refreshIpv4Checksum(dv, header, d.headerLen);
    this.counters.ip.reasmOks++;
    return d;
  }

  #insert(d: PartialDatagram, fragment: Fragment): number {
    const { start, dataOff, dataLen: len, headerLen, ecn } = fragment;
    const end = start + len;
    if (len === 0 || headerLen + FRAGMENT_HEADER_LEN > HEADER_ROOM) return DROP_IPV4_FRAGMENT;
    if (!fragment.hasMore) {
      if (d.totalLen >= 0 && d.totalLen !== end) return DROP_REASSEMBLY_OVERLAP;
      if (d.runs.length > 0 && d.runs[d.runs.length - 1] > end) return DROP_REASSEMBLY_OVERLAP;
      d.totalLen = end;
    } else if (d.totalLen >= 0 && end > d.totalLen) {
      return DROP_REASSEMBLY_OVERLAP;
    }
    const verdict = addRun(d.runs, start, end);
    if (verdict !== RUN_ADDED) return verdict === RUN_REPEATED ? 0 : DROP_REASSEMBLY_OVERLAP;
    if (!this.#makeRoom(d, HEADER_ROOM + end)) return DROP_REASSEMBLY_MEMORY;
    const u8 = this.memory.u8;
    u8.copyWithin(d.block + HEADER_ROOM + start, dataOff, dataOff + len);
    if (start === 0) {
      d.headerLen = headerLen;
      d.firstLen = dataOff + len - fragment.off;
      d.nextFieldPos = fragment.nextFieldPos;
      d.nextHeader = fragment.nextHeader;
      u8.copyWithin(d.headerOff, fragment.off, fragment.off + headerLen);
    }
    if (ecn === ECN_CE) d.hasCe = true;
    if (ecn === 0) d.hasNotEct = true;
    d.longestLen = Math.max(d.longestLen, dataOff + len - fragment.off);
    return 0;
  }

  /** Grows the block to at least `lenBytes`. */
  #makeRoom(d: PartialDatagram, lenBytes: number): boolean {
    if (lenBytes <= d.blockLen && d.block >= 0) return true;
    let blockLen = Math.max(FIRST_BLOCK_LEN, d.blockLen);
    while (blockLen < lenBytes) blockLen *= 2;
    const block = this.memory.alloc(blockLen);
    if (block < 0) return false;
    if (d.block >= 0) {
      this.memory.u8.copyWithin(block, d.block, d.block + d.blockLen);
      this.release(d);
    }
    d.block = block;
    d.blockLen = blockLen;
    this.#usedBytes += blockLen;
    return true;
  }

  /**
   * Over the high mark the oldest datagrams go, until below the low mark; not the one just touched.
   */
  #evictBeyond(current: PartialDatagram): void {
    if (this.#usedBytes <= this.config.fragmentHighBytes) return;
    const { atUs } = current;
    this.#timers.cancel(current);
    while (this.#usedBytes > this.config.fragmentLowBytes) {
      const oldest = this.#timers.popDue(Infinity);
      if (oldest === null) break;
      this.counters.drop(DROP_REASSEMBLY_MEMORY);
      this.#forget(oldest);
      this.release(oldest);
    }
    this.#timers.set(current, atUs);
  }

  #findOrAdd(fragment: Fragment, ifIndex: number, nowUs: number): PartialDatagram {
    const { words, protocol, id, isV6 } = fragment;
    const hash = hashOf(this.#seed, words, protocol, id);
    const first = this.#byHash.get(hash) ?? null;
    for (let d = first; d !== null; d = d.next) if (d.isOf(fragment, ifIndex)) return d;
    const datagram = new PartialDatagram(fragment, ifIndex);
    datagram.next = first;
    this.#byHash.set(hash, datagram);
    const timeoutUs = isV6 ? FRAGMENT6_TIMEOUT_US : this.config.fragmentTimeoutUs;
    this.#timers.set(datagram, nowUs + timeoutUs);
    return datagram;
  }

  /** Takes a datagram out of the tables; its block stays. */
  #forget(datagram: PartialDatagram): void {
    this.#timers.cancel(datagram);
    const { words, protocol, id } = datagram;
    const hash = hashOf(this.#seed, words, protocol, id);
    const first = this.#byHash.get(hash) ?? null;
    if (first === datagram) {
      if (datagram.next === null) this.#byHash.delete(hash);
      else this.#byHash.set(hash, datagram.next);
      return;
    }
    let before = first;
    while (before !== null && before.next !== datagram) before = before.next;
    if (before !== null) before.next = datagram.next;
  }
}

function hashOf(seed: number, words: Int32Array, protocol: number, id: number): number {
  let h = Math.imul(seed ^ id, 0x9e3779b1) ^ protocol;
  for (let i = 0; i < words.length; i++) {
    h = Math.imul(h ^ words[i], 0x85ebca6b);
    h ^= h >>> 15;
  }
  return h & 0x3fffffff;
}

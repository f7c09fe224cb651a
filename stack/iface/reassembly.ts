/**
 * Putting IPv4 fragments together (RFC 791 3.2, RFC 1122 3.3.2), within bounds: of memory, of time,
 * of the pieces one datagram may be in. Overlapping fragments are nobody's honest work: the whole
 * datagram is dropped (RFC 5722 for IPv6, Linux for both); what only repeats is ignored.
 *
 * A datagram's block:  | 64 bytes, header ending at their end | payload … (grows by doubling) |
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import { TimerHeap, TimerNode } from "../storage/timer_heap.ts";
import {
  DROP_IPV4_FRAGMENT,
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
import type { IpConfig } from "./config.ts";

/** Room for the header in front of the payload. */
const HEADER_ROOM = 64;
const FIRST_BLOCK_LEN = 4096;
/** Separate runs of data that one datagram may be in: more is an attack on our time. */
const MAX_RUNS = 128;

/** A datagram in the making. */
export class PartialDatagram extends TimerNode {
  block = -1;
  blockLen = 0;
  /** Payload length, -1: the last fragment has not come. */
  totalLen = -1;
  /** 0: the first fragment has not come. */
  headerLen = 0;
  /** Runs of payload that are there: [start, end) pairs in order, merged when they touch. */
  readonly runs: number[] = [];
  hasCe = false;
  hasNotEct = false;
  /** Of the fragments, IP header included. */
  longestLen = 0;
  next: PartialDatagram | null = null;

  constructor(
    readonly src: number,
    readonly dst: number,
    readonly protocol: number,
    readonly id: number,
    readonly ifIndex: number,
  ) {
    super();
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

export class Reassembly {
  readonly #byHash = new Map<number, PartialDatagram>();
  readonly #timers = new TimerHeap<PartialDatagram>();
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
  ) {
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
    const datagram = this.#findOrAdd(header, ifIndex, nowUs);
    const reason = this.#insert(datagram, header, off);
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
    if (d.headerLen + d.totalLen > IPV4_MAX_LEN || (d.hasCe && d.hasNotEct)) {
      this.counters.drop(DROP_IPV4_FRAGMENT);
      this.release(d);
      return null;
    }
    const dv = this.memory.dv;
    const header = d.headerOff;
    dv.setUint16(header + IPV4_TOTAL_LEN_OFFSET, d.headerLen + d.totalLen);
    dv.setUint16(header + IPV4_FRAGMENT_OFFSET, 0);
    // Congestion met by one fragment was met by the datagram (RFC 3168 5.3).
    if (d.hasCe) dv.setUint8(header + 1, dv.getUint8(header + 1) | ECN_CE);
    refreshIpv4Checksum(dv, header, d.headerLen);
    this.counters.ip.reasmOks++;
    return d;
  }

  #insert(d: PartialDatagram, header: Ipv4Header, off: number): number {
    const start = header.fragmentOff;
    const len = header.totalLen - header.headerLen;
    const end = start + len;
    if (len === 0) return DROP_IPV4_FRAGMENT;
    if (!header.moreFragments) {
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
    const from = off + header.headerLen;
    u8.copyWithin(d.block + HEADER_ROOM + start, from, from + len);
    if (start === 0) {
      d.headerLen = header.headerLen;
      u8.copyWithin(d.headerOff, off, off + header.headerLen);
    }
    const ecn = header.tos & ECN_MASK;
    if (ecn === ECN_CE) d.hasCe = true;
    if (ecn === 0) d.hasNotEct = true;
    if (header.totalLen > d.longestLen) d.longestLen = header.totalLen;
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

  #findOrAdd(header: Ipv4Header, ifIndex: number, nowUs: number): PartialDatagram {
    const { src, dst, protocol, id } = header;
    const hash = hashOf(src ^ this.#seed, dst, protocol, id);
    const first = this.#byHash.get(hash) ?? null;
    for (let d = first; d !== null; d = d.next) {
      if (
        d.src === src && d.dst === dst && d.protocol === protocol && d.id === id &&
        d.ifIndex === ifIndex
      ) return d;
    }
    const datagram = new PartialDatagram(src, dst, protocol, id, ifIndex);
    datagram.next = first;
    this.#byHash.set(hash, datagram);
    this.#timers.set(datagram, nowUs + this.config.fragmentTimeoutUs);
    return datagram;
  }

  /** Takes a datagram out of the tables; its block stays. */
  #forget(datagram: PartialDatagram): void {
    this.#timers.cancel(datagram);
    const { src, dst, protocol, id } = datagram;
    const hash = hashOf(src ^ this.#seed, dst, protocol, id);
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

const RUN_ADDED = 0;
const RUN_REPEATED = 1;
const RUN_OVERLAPS = 2;

/** Enters [start, end) into sorted, merged runs. */
function addRun(runs: number[], start: number, end: number): number {
  const last = runs.length - 1;
  // The usual case: in order.
  if (last > 0 && start === runs[last]) {
    runs[last] = end;
    return RUN_ADDED;
  }
  let i = 0;
  while (i < runs.length && runs[i + 1] < start) i += 2;
  // Run i is the first that ends at or after `start`.
  if (i < runs.length && runs[i] <= start && end <= runs[i + 1]) return RUN_REPEATED;
  const touchesBefore = i < runs.length && runs[i + 1] === start;
  const after = touchesBefore ? i + 2 : i;
  if (after < runs.length && runs[after] < end) return RUN_OVERLAPS;
  const touchesAfter = after < runs.length && runs[after] === end;
  if (touchesBefore && touchesAfter) runs.splice(i + 1, 2);
  else if (touchesBefore) runs[i + 1] = end;
  else if (touchesAfter) runs[after] = start;
  else if (runs.length >= 2 * MAX_RUNS) return RUN_OVERLAPS;
  else runs.splice(after, 0, start, end);
  return RUN_ADDED;
}

function hashOf(src: number, dst: number, protocol: number, id: number): number {
  const h = Math.imul(src ^ (id << 16) ^ protocol, 0x9e3779b1) ^ Math.imul(dst + id, 0x85ebca6b);
  return (h ^ (h >>> 15)) & 0x3fffffff;
}

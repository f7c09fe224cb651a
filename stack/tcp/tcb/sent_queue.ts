/**
 * The retransmission queue: what has been sent and not yet acknowledged, as records over sequence
 * space. The bytes themselves stay in the send ring.
 *
 *      SND.UNA                                                          SND.NXT
 *         | head      |            |   SACKED   |            |   SACKED  | tail |
 *         | LOST      | LOST       |            | in flight  |           |      |
 *         | RETRANS   |            |            |            |           |      |
 *
 * One record is one transmission (up to a whole TSO segment); it is split when an acknowledgment or
 * a retransmission covers a part of it, at multiples of SMSS only, so that a peer's SACK blocks
 * cannot make more records than there are segments. Records are pooled per layer: none is allocated
 * per segment. Their number is bounded, or a peer with a tiny MSS could make the work for each of
 * its SACK blocks as long as it likes (CVE-2019-11477 and CVE-2019-11478).
 *
 * The queue keeps the sums from which RFC 6675's `pipe` follows:
 *
 *     pipe = (SND.NXT - SND.UNA) - sackedBytes - lostBytes + retransBytes
 *
 * @module
 */
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt } from "../base/seq.ts";
import type { AckSample } from "./ack_sample.ts";
import type { TxStamp } from "../base/delivery_rate.ts";
import { SentOrder } from "./sent_order.ts";

/** Beyond it nothing new is sent, and a block that would split a record is ignored. */
const RECORDS_MAX = 8192;

/** The receiver holds it (RFC 2018). */
export const SENT_SACKED = 1;
/** Deemed lost (RFC 6675 IsLost, or a timeout). */
export const SENT_LOST = 2;
/** A retransmission of it is in flight. */
export const SENT_RETRANS = 4;
/** Was retransmitted at some time: no RTT sample (Karn). */
export const SENT_EVER_RETRANS = 8;
export const SENT_SYN = 16;
export const SENT_FIN = 32;
/** PSH at its end. */
export const SENT_PUSH = 64;

export class SentSegment implements TxStamp {
  seq = 0;
  /** First sequence number after it. */
  end = 0;
  /** Time of the last transmission, and of the first. */
  sentUs = 0;
  firstSentUs = 0;
  /** Written when it is sent, for the delivery rate (delivery_rate.ts). */
  txDeliveredBytes = 0;
  txDeliveredUs = 0;
  txFirstSentUs = 0;
  isTxAppLimited = false;
  flags = 0;
  next: SentSegment | null = null;
  prev: SentSegment | null = null;
  /** Neighbours in the order of sending (sent_order.ts). */
  txNext: SentSegment | null = null;
  txPrev: SentSegment | null = null;

  /** Neither SACKed nor lost and not sent again. */
  get isInFlight(): boolean {
    const state = this.flags & (SENT_SACKED | SENT_LOST | SENT_RETRANS);
    return (state & SENT_SACKED) === 0 && state !== SENT_LOST;
  }
}

/** Free records, shared by all connections of a layer. */
export class SentPool {
  #free: SentSegment | null = null;

  take(): SentSegment {
    const segment = this.#free;
    if (segment === null) return new SentSegment();
    this.#free = segment.next;
    segment.next = null;
    return segment;
  }

  give(segment: SentSegment): void {
    segment.prev = null;
    segment.txNext = null;
    segment.txPrev = null;
    segment.next = this.#free;
    this.#free = segment;
  }
}

export class SentQueue {
  head: SentSegment | null = null;
  tail: SentSegment | null = null;
  /** Records in the queue. */
  count = 0;
  /** Those of them that are SACKed. */
  sackedCount = 0;
  sackedBytes = 0;
  lostBytes = 0;
  retransBytes = 0;
  /** Bytes deemed lost since the connection began, those of lost retransmissions again. */
  lostTotalBytes = 0;
  /** What is in flight, by the time of its last transmission. */
  readonly order = new SentOrder();
  /** No record before it waits for retransmission; null: search from the head. */
  #lostHint: SentSegment | null = null;
  readonly #pool: SentPool;

  constructor(pool: SentPool) {
    this.#pool = pool;
  }

  /** Too many records to send something new. */
  get isFull(): boolean {
    return this.count >= RECORDS_MAX;
  }

  /** Appends what has just been sent. */
  push(seq: number, lenBytes: number, flags: number, nowUs: number): SentSegment {
    const segment = this.#pool.take();
    segment.seq = seq;
    segment.end = (seq + lenBytes) | 0;
    segment.sentUs = nowUs;
    segment.firstSentUs = nowUs;
    segment.flags = flags;
    segment.prev = this.tail;
    if (this.tail === null) this.head = segment;
    else this.tail.next = segment;
    this.tail = segment;
    this.order.append(segment);
    this.count++;
    return segment;
  }

  /** Takes everything before `ack` off the queue and notes in `sample` what that tells. */
  acknowledge(ack: number, sample: AckSample): void {
    let segment = this.head;
    while (segment !== null && seqLeq(segment.end, ack)) {
      const next: SentSegment | null = segment.next;
      sample.onAcked(segment);
      this.#uncount(segment, seqDiff(segment.end, segment.seq));
      if (segment.isInFlight) this.order.remove(segment);
      if ((segment.flags & SENT_SACKED) !== 0) this.sackedCount--;
      if (this.#lostHint === segment) this.#lostHint = null;
      this.count--;
      this.#pool.give(segment);
      segment = next;
    }
    this.head = segment;
    if (segment === null) {
      this.tail = null;
      return;
    }
    segment.prev = null;
    if (seqLt(segment.seq, ack)) {
      sample.onPartlyAcked(segment, seqDiff(ack, segment.seq));
      this.#uncount(segment, seqDiff(ack, segment.seq));
      segment.seq = ack;
    }
  }

  /** Marks [left, right) as held by the receiver. `smss` is where records may be split. */
  applySack(left: number, right: number, smss: number, sample: AckSample): void {
    for (let s = this.head; s !== null && seqLt(s.seq, right); s = s.next) {
      if ((s.flags & SENT_SACKED) !== 0 || seqLeq(s.end, left)) continue;
      if (seqLt(s.seq, left)) {
        const skip = Math.ceil(seqDiff(left, s.seq) / smss) * smss;
        if (skip >= seqDiff(s.end, s.seq) || this.isFull) continue;
        this.split(s, skip);
        continue; // the loop's next record is the second part
      }
      if (seqGt(s.end, right)) {
        const keep = Math.floor(seqDiff(right, s.seq) / smss) * smss;
        if (keep === 0 || this.isFull) return;
        this.split(s, keep);
      }
      this.#markSacked(s, sample);
    }
  }

  #markSacked(segment: SentSegment, sample: AckSample): void {
    const lenBytes = seqDiff(segment.end, segment.seq);
    sample.onSacked(segment, lenBytes);
    if (segment.isInFlight) this.order.remove(segment);
    if ((segment.flags & SENT_LOST) !== 0) this.lostBytes -= lenBytes;
    if ((segment.flags & SENT_RETRANS) !== 0) this.retransBytes -= lenBytes;
    segment.flags = (segment.flags & ~(SENT_LOST | SENT_RETRANS)) | SENT_SACKED;
    this.sackedBytes += lenBytes;
    this.sackedCount++;
  }

  /** Deems a record lost, its retransmission (if any) too. */
  markLost(segment: SentSegment): void {
    if ((segment.flags & SENT_SACKED) !== 0) return;
    if (segment.isInFlight) this.order.remove(segment);
    const lenBytes = seqDiff(segment.end, segment.seq);
    if ((segment.flags & (SENT_LOST | SENT_RETRANS)) !== SENT_LOST) this.lostTotalBytes += lenBytes;
    if ((segment.flags & SENT_LOST) === 0) this.lostBytes += lenBytes;
    if ((segment.flags & SENT_RETRANS) !== 0) this.retransBytes -= lenBytes;
    segment.flags = (segment.flags & ~SENT_RETRANS) | SENT_LOST;
    if (this.#lostHint !== null && seqLt(segment.seq, this.#lostHint.seq)) this.#lostHint = segment;
  }

  /** After a retransmission timeout: everything that the receiver does not hold. */
  markAllLost(): void {
    for (let s = this.head; s !== null; s = s.next) this.markLost(s);
  }

  /** Forgets what the receiver said it holds: it went back on it (RFC 2018 section 8). */
  clearSacked(): void {
    for (let s = this.head; s !== null; s = s.next) {
      if ((s.flags & SENT_SACKED) === 0) continue;
      s.flags &= ~SENT_SACKED;
      this.order.prepend(s);
    }
    this.sackedBytes = 0;
    this.sackedCount = 0;
  }

  /** What was deemed lost was only late: it is in flight again. */
  unmarkLost(): void {
    for (let s = this.tail; s !== null; s = s.prev) {
      if ((s.flags & SENT_LOST) === 0) continue;
      const wasInFlight = s.isInFlight;
      s.flags &= ~SENT_LOST;
      if (!wasInFlight) this.order.prepend(s);
    }
    this.lostBytes = 0;
    this.#lostHint = null;
  }

  markRetransmitted(segment: SentSegment, nowUs: number): void {
    if ((segment.flags & SENT_RETRANS) === 0) {
      this.retransBytes += seqDiff(segment.end, segment.seq);
    }
    if (segment.isInFlight) this.order.remove(segment);
    segment.flags |= SENT_RETRANS | SENT_EVER_RETRANS;
    segment.sentUs = nowUs;
    this.order.append(segment);
  }

  /** The first record that is lost and not retransmitted since; null when there is none. */
  nextLost(): SentSegment | null {
    if (this.lostBytes === 0) return null;
    let segment = this.#lostHint ?? this.head;
    while (segment !== null && (segment.flags & (SENT_LOST | SENT_RETRANS)) !== SENT_LOST) {
      segment = segment.next;
    }
    this.#lostHint = segment ?? this.tail;
    return segment;
  }

  /** Cuts a record after its first `lenBytes`; the second part inherits the rest. */
  split(segment: SentSegment, lenBytes: number): void {
    const second = this.#pool.take();
    second.seq = (segment.seq + lenBytes) | 0;
    second.end = segment.end;
    second.sentUs = segment.sentUs;
    second.firstSentUs = segment.firstSentUs;
    second.txDeliveredBytes = segment.txDeliveredBytes;
    second.txDeliveredUs = segment.txDeliveredUs;
    second.txFirstSentUs = segment.txFirstSentUs;
    second.isTxAppLimited = segment.isTxAppLimited;
    second.flags = segment.flags & ~SENT_SYN;
    segment.end = second.seq;
    segment.flags &= ~(SENT_FIN | SENT_PUSH);
    second.prev = segment;
    second.next = segment.next;
    if (segment.next === null) this.tail = second;
    else segment.next.prev = second;
    segment.next = second;
    this.count++;
    if (second.isInFlight) this.order.insertAfter(segment, second);
    if ((second.flags & SENT_SACKED) !== 0) this.sackedCount++;
  }

  clear(): void {
    let segment = this.head;
    while (segment !== null) {
      const next: SentSegment | null = segment.next;
      this.#pool.give(segment);
      segment = next;
    }
    this.head = null;
    this.tail = null;
    this.#lostHint = null;
    this.order.clear();
    this.count = 0;
    this.sackedCount = 0;
    this.sackedBytes = 0;
    this.lostBytes = 0;
    this.retransBytes = 0;
  }

  /** True when `seq` is the first byte of a record that the receiver claims to hold. */
  isHeadSacked(sndUna: number): boolean {
    const head = this.head;
    return head !== null && (head.flags & SENT_SACKED) !== 0 && seqGeq(sndUna, head.seq);
  }

  #uncount(segment: SentSegment, lenBytes: number): void {
    if ((segment.flags & SENT_SACKED) !== 0) this.sackedBytes -= lenBytes;
    if ((segment.flags & SENT_LOST) !== 0) this.lostBytes -= lenBytes;
    if ((segment.flags & SENT_RETRANS) !== 0) this.retransBytes -= lenBytes;
  }
}

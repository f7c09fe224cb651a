/**
 * The records that are in flight (neither SACKed nor waiting to be sent again) in the order in
 * which they were last sent, oldest first: RACK (RFC 8985 6.2) looks at the oldest ones only. A
 * list through the records themselves.
 *
 * @module
 */
import type { SentSegment } from "./sent_queue.ts";

export class SentOrder {
  head: SentSegment | null = null;
  tail: SentSegment | null = null;

  /** It is sent now. */
  append(segment: SentSegment): void {
    segment.txPrev = this.tail;
    segment.txNext = null;
    if (this.tail === null) this.head = segment;
    else this.tail.txNext = segment;
    this.tail = segment;
  }

  /** It was sent before all others. */
  prepend(segment: SentSegment): void {
    segment.txPrev = null;
    segment.txNext = this.head;
    if (this.head === null) this.tail = segment;
    else this.head.txPrev = segment;
    this.head = segment;
  }

  /** `second` was sent together with `first`. */
  insertAfter(first: SentSegment, second: SentSegment): void {
    second.txPrev = first;
    second.txNext = first.txNext;
    if (first.txNext === null) this.tail = second;
    else first.txNext.txPrev = second;
    first.txNext = second;
  }

  remove(segment: SentSegment): void {
    if (segment.txPrev === null) this.head = segment.txNext;
    else segment.txPrev.txNext = segment.txNext;
    if (segment.txNext === null) this.tail = segment.txPrev;
    else segment.txNext.txPrev = segment.txPrev;
    segment.txNext = null;
    segment.txPrev = null;
  }

  clear(): void {
    this.head = null;
    this.tail = null;
  }
}

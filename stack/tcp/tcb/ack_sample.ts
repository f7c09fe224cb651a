/**
 * What one incoming acknowledgment told the sender: filled in by the retransmission queue, read by
 * RTT estimation, loss detection and congestion control. One object per layer, reused for each
 * segment.
 *
 * @module
 */
import { DeliveryRate } from "../base/delivery_rate.ts";
import type { Rack } from "./rack_state.ts";
import { SENT_EVER_RETRANS, SENT_LOST, SENT_SACKED, type SentSegment } from "./sent_queue.ts";
import { seqLt } from "../base/seq.ts";

/**
 * Sent again (Karn), or deemed lost: it may have arrived long ago, and what said so have been lost.
 */
const NO_SAMPLE = SENT_EVER_RETRANS | SENT_LOST;

export class AckSample {
  /** Bytes newly acknowledged cumulatively, SYN and FIN included. */
  ackedBytes = 0;
  /** Bytes newly reported by SACK blocks. */
  sackedBytes = 0;
  /** Bytes that are known to have arrived since the last acknowledgment, each counted once. */
  deliveredBytes = 0;
  /** In how many records, or parts of records, they arrived. */
  deliveredCount = 0;
  /** The most of them that was sent as one record. */
  longestBytes = 0;
  /** Sending times of what arrived and had been sent once only; -1: there is none (Karn). */
  oldestSentUs = -1;
  newestSentUs = -1;
  oldestSackedSentUs = -1;
  newestSackedSentUs = -1;
  /** A segment that had been retransmitted was acknowledged. */
  hasRetransmitted = false;
  /** Something was that had been sent once only; the lowest end of such a record. */
  hasOriginal = false;
  originalEnd = 0;
  /** The acknowledgment carried a D-SACK block (RFC 2883), and which. */
  hasDsack = false;
  dsackLeft = 0;
  dsackRight = 0;
  /** The timestamp that it echoes. */
  hasEcho = false;
  tsEcr = 0;
  /** RFC 5681 section 2. */
  isDuplicate = false;
  /** It brings neither data nor a window, whether or not anything is outstanding. */
  isPureAck = false;
  /** Round-trip time of what was sent first, microseconds, and of what was sent last; -1: none. */
  rttUs = -1;
  latestRttUs = -1;
  /** The connection's delivery rate; hears of all that arrives. */
  rate: DeliveryRate = new DeliveryRate();
  /** Loss detection; hears of all that arrives, too. null: not of what a handshake's ACK tells. */
  rack: Rack | null = null;

  /**
   * Begins the books for an acknowledgment of a connection with this rate and RACK state, with
   * `pipe` bytes in flight.
   */
  begin(rate: DeliveryRate, pipe: number, rack: Rack | null = null): void {
    rate.begin(pipe);
    this.rate = rate;
    this.rack = rack;
    this.ackedBytes = 0;
    this.sackedBytes = 0;
    this.deliveredBytes = 0;
    this.deliveredCount = 0;
    this.longestBytes = 0;
    this.oldestSentUs = -1;
    this.newestSentUs = -1;
    this.oldestSackedSentUs = -1;
    this.newestSackedSentUs = -1;
    this.hasRetransmitted = false;
    this.hasOriginal = false;
    this.hasDsack = false;
    this.hasEcho = false;
    this.isDuplicate = false;
    this.isPureAck = false;
    this.rttUs = -1;
    this.latestRttUs = -1;
  }

  /** The whole record is acknowledged. */
  onAcked(segment: SentSegment): void {
    const lenBytes = (segment.end - segment.seq) | 0;
    this.onPartlyAcked(segment, lenBytes);
    if ((segment.flags & (NO_SAMPLE | SENT_SACKED)) !== 0) return;
    if (this.oldestSentUs < 0) this.oldestSentUs = segment.sentUs;
    this.newestSentUs = segment.sentUs;
  }

  /** The first `lenBytes` of the record are acknowledged. */
  onPartlyAcked(segment: SentSegment, lenBytes: number): void {
    this.ackedBytes += lenBytes;
    if ((segment.flags & SENT_SACKED) === 0) {
      this.deliveredBytes += lenBytes;
      this.rate.onDelivered(segment, lenBytes);
      this.#onArrived(segment, (segment.seq + lenBytes) | 0);
    }
    if ((segment.flags & SENT_EVER_RETRANS) !== 0) this.hasRetransmitted = true;
  }

  onSacked(segment: SentSegment, lenBytes: number): void {
    this.sackedBytes += lenBytes;
    this.deliveredBytes += lenBytes;
    this.rate.onDelivered(segment, lenBytes);
    this.#onArrived(segment, segment.end);
    if ((segment.flags & NO_SAMPLE) !== 0) return;
    if (this.oldestSackedSentUs < 0) this.oldestSackedSentUs = segment.sentUs;
    if (segment.sentUs > this.newestSackedSentUs) this.newestSackedSentUs = segment.sentUs;
  }

  /** The record has arrived, up to `end`. */
  #onArrived(segment: SentSegment, end: number): void {
    this.deliveredCount++;
    this.rack?.onDelivered(segment, end);
    const lenBytes = (end - segment.seq) | 0;
    if (lenBytes > this.longestBytes) this.longestBytes = lenBytes;
    if ((segment.flags & SENT_EVER_RETRANS) !== 0) return;
    if (!this.hasOriginal || seqLt(end, this.originalEnd)) this.originalEnd = end;
    this.hasOriginal = true;
  }
}

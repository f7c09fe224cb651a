/**
 * Where the program's writes end, as far as it matters for what is still to be sent. The bytes in
 * the send ring do not tell.
 *
 *     written   |--- MSG_EOR ---|--- MSG_EOR ---|-- plain --|- MSG_MORE -|
 *     segments  |-------|-------|-------|-------|-------|----|
 *                            PSH             PSH           PSH    waits for more, or an ACK
 *
 * A segment does not reach over the end of a record (MSG_EOR); in front of others it goes however
 * small it is, like everything that is not the last (Linux tcp_write_xmit). Sequence numbers are
 * int32.
 *
 * @module
 */
import { seqDiff, seqGt, seqLeq, seqLt } from "../base/seq.ts";

/** Ends of records that are kept; beyond it, records are joined. */
const RECORDS_MAX = 1024;

export class WriteMarks {
  /**
   * The last write was not all (MSG_MORE): what does not fill a segment waits. Any acknowledgment
   * ends that, too (Linux: it is no state, but a property of the call that pushes).
   */
  hasMore = false;
  /** TCP_NODELAY was set: what was written before goes, corked or not (TCP_NAGLE_PUSH). */
  isPushForced = false;
  /** After the last byte that was written without MSG_MORE. */
  #push = 0;
  /** After the last byte of each record that is not sent yet, ascending. */
  #records: number[] | null = null; // most connections never have one

  /** A connection begins: nothing is written, the first byte will have this number. */
  begin(seq: number): void {
    this.#push = seq;
  }

  /** The program has written `lenBytes` more (0: it was all, or a record, before), up to `end`. */
  onWrite(lenBytes: number, end: number, hasMore: boolean, isRecordEnd: boolean): void {
    if (lenBytes > 0 || !hasMore) this.hasMore = hasMore;
    if (lenBytes > 0) this.isPushForced = false;
    if (!hasMore) this.#push = end;
    if (!isRecordEnd) return;
    const records = this.#records ??= [];
    if (records.length >= RECORDS_MAX) return;
    if (records.length === 0 || seqGt(end, records[records.length - 1])) records.push(end);
  }

  /** Everything written is to go: nothing more follows, and no cork holds it. */
  force(): void {
    this.hasMore = false;
    this.isPushForced = true;
  }

  /** How much of `unsent` bytes from `seq` on belongs to one record. */
  recordLen(seq: number, unsent: number): number {
    const records = this.#records;
    if (records === null) return unsent;
    while (records.length > 0 && seqLeq(records[0], seq)) records.shift();
    return records.length === 0 ? unsent : Math.min(unsent, seqDiff(records[0], seq));
  }

  /** The end of a write is in these bytes: the receiver need not wait for more (PSH). */
  isPush(seq: number, lenBytes: number): boolean {
    const first = this.#records?.[0];
    if (first !== undefined && first === ((seq + lenBytes) | 0)) return true;
    return seqLt(seq, this.#push) && seqDiff(this.#push, seq) <= lenBytes;
  }

  /** Everything before `una` is acknowledged. */
  onAck(una: number): void {
    this.hasMore = false;
    // Follows it, or comparisons would fail after 2^31 bytes
    if (seqLt(this.#push, una)) this.#push = una;
  }
}

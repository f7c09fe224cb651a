/**
 * A report of the latest version, IGMP's or that of listener discovery, cut into as many messages
 * as its records need (RFC 9776 4.2.16, RFC 3810 5.2.15).
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import { CHANGE_TO_EXCLUDE, MODE_IS_EXCLUDE } from "../wire/igmp.ts";

/** Longest packet, where the link's MTU is not less. */
export const REPORT_MAX_LEN = 1500;

/** What a protocol's reports are made of; addresses are `A`. Lengths in bytes. */
export interface ReportForm<A> {
  /** What goes before the records: left to be written by who sends the message. */
  readonly headLen: number;
  /** A record without sources, and one source. */
  readonly recordLen: number;
  readonly sourceLen: number;
  /** Writes sources `from` to `end` - 1 as one record. Returns its length. */
  readonly emitRecord: (
    dv: DataView,
    off: number,
    type: number,
    group: A,
    sources: readonly A[],
    from: number,
    end: number,
  ) => number;
}

/** Takes one record, of the protocol's own addresses. */
export type AddressRecordSink<A> = (type: number, group: A, sources: readonly A[]) => void;

/**
 * Writes the records that `fill` gives into messages of at most `maxLen` bytes, each of which
 * `send` gets: of `len` bytes at `off`, all but the head there. None when there are no records.
 */
export function cutReport<A>(
  memory: Memory,
  form: ReportForm<A>,
  maxLen: number,
  fill: (sink: AddressRecordSink<A>) => void,
  send: (off: number, len: number, records: number) => void,
): void {
  const { headLen, recordLen, sourceLen, emitRecord } = form;
  let [off, len, records] = [-1, 0, 0];
  const finish = () => {
    if (off >= 0) send(off, len, records);
    off = -1;
  };
  fill((type, group, sources) => {
    let from = 0;
    do {
      const left = (sources.length - from) * sourceLen;
      if (off >= 0 && len + recordLen + left > maxLen) finish();
      if (off < 0) {
        off = allocMessage(memory, maxLen);
        if (off < 0) return;
        [len, records] = [headLen, 0];
      }
      const room = Math.floor((maxLen - len - recordLen) / sourceLen);
      const end = Math.min(sources.length, from + room);
      len += emitRecord(memory.dv, off + len, type, group, sources, from, end);
      records++;
      // Those that are left out of an EXCLUDE list are heard for nothing, no more.
      from = type === MODE_IS_EXCLUDE || type === CHANGE_TO_EXCLUDE ? sources.length : end;
    } while (from < sources.length);
  });
  finish();
}

/** Room for a message that leaves with the next flush; -1: there is none. */
export function allocMessage(memory: Memory, len: number): number {
  const off = memory.alloc(len);
  if (off >= 0) memory.freeDeferred(off, len);
  return off;
}

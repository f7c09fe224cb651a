/**
 * Urgent data that arrives (RFC 9293 3.10.7.4, sixth step; RFC 6093; Linux tcp_check_urg). RCV.UP
 * is the sequence number behind the urgent octet, which stays in line: who reads is told where it
 * lies, and does with it what SO_OOBINLINE asks for.
 *
 *     taken by the program's side   in the receive buffer   RCV.NXT
 *     ─────────────────────────────┼───────────█───────────┼─────────
 *                                  │◄─ offset ─►           (beyond it: announced, not here yet)
 *
 * There is one urgent octet at a time. A pointer beyond it makes it ordinary data, unless it is the
 * very next to be read: then the reader, if the program has read all before it, is to skip it (as
 * Linux does, so that a program which does not care does not find it in line).
 *
 * @module
 */
import { seqDiff, seqGt, seqLeq } from "../base/seq.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** Takes note of SEG.UP. A pointer of 0 counts as 1: the octet at SEG.SEQ (Linux). */
export function noteUrgentPointer(tcb: Tcb, seg: Segment): void {
  const up = (seg.seq + Math.max(seg.urgent, 1)) | 0;
  // Nothing new about what has arrived
  if (seqLeq(up, tcb.rcvNxt)) return;
  if (tcb.isRcvUrgent && !seqGt(up, tcb.rcvUp)) return;
  const { rcvSkipBytes, rcvRing } = tcb;
  const isNext = urgentOffset(tcb) === rcvSkipBytes && rcvRing.usedBytes > rcvSkipBytes;
  if (isNext && !tcb.options.socket.oobInline) tcb.rcvSkipBytes++;
  tcb.rcvUp = up;
  tcb.isRcvUrgent = true;
}

/**
 * How many bytes lie before the urgent octet, of those that the program's side has not taken; as
 * many as there are or more: it has not arrived. -1: there is none.
 */
export function urgentOffset(tcb: Tcb): number {
  if (!tcb.isRcvUrgent) return -1;
  const end = (tcb.rcvNxt - (tcb.isFinReceived ? 1 : 0)) | 0;
  const next = (end - tcb.rcvRing.usedBytes) | 0;
  const offset = seqDiff((tcb.rcvUp - 1) | 0, next);
  if (offset < 0) tcb.isRcvUrgent = false;
  return Math.max(offset, -1);
}

/** The program's side has taken `n` bytes. */
export function passSkipped(tcb: Tcb, n: number): void {
  tcb.rcvSkipBytes = Math.max(0, tcb.rcvSkipBytes - n);
}

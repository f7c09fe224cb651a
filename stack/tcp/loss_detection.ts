/**
 * Deciding which segments are lost, from what the receiver has reported: IsLost() of RFC 6675
 * section 4. A segment is lost when three separate stretches above it have been SACKed, or more
 * than two full segments. Only this file knows the rule; it marks records in the retransmission
 * queue.
 *
 * @module
 */
import { SENT_LOST, SENT_SACKED } from "./sent_queue.ts";
import { seqDiff, seqGt, seqLeq } from "./seq.ts";
import type { Tcb } from "./tcb.ts";

const DUP_THRESH = 3;

/** Marks what the last SACK blocks prove lost. */
export function detectLosses(tcb: Tcb): void {
  const sent = tcb.sent;
  if (sent.sackedBytes === 0) return;
  let sackedAbove = 0;
  let stretches = 0;
  let wasSacked = false;
  let judgedUpTo = tcb.lostMark;
  // From the youngest down to what has been judged before.
  for (let s = sent.tail; s !== null && !seqLeq(s.end, tcb.lostMark); s = s.prev) {
    const isSacked = (s.flags & SENT_SACKED) !== 0;
    if (isSacked) {
      sackedAbove += seqDiff(s.end, s.seq);
      if (!wasSacked) stretches++;
    } else if (stretches >= DUP_THRESH || sackedAbove > (DUP_THRESH - 1) * tcb.smss) {
      if ((s.flags & SENT_LOST) === 0) sent.markLost(s);
      if (seqGt(s.end, judgedUpTo)) judgedUpTo = s.end;
    }
    wasSacked = isSacked;
  }
  tcb.lostMark = judgedUpTo;
}

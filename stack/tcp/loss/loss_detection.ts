/**
 * Deciding which segments are lost, from what the receiver has reported. With SACK that is RACK's
 * business (rack.ts); without, three duplicate acknowledgments condemn the first segment (RFC 5681
 * 3.2), and so does a partial acknowledgment in recovery (RFC 6582 3.2 (5)). Only marks records in
 * the retransmission queue; what follows is for recovery.ts.
 *
 * @module
 */
import type { AckSample } from "../tcb/ack_sample.ts";
import { detectLate, DUP_THRESH, markTimedOut } from "./rack.ts";
import { SENT_LOST } from "../tcb/sent_queue.ts";
import { seqDiff, seqGeq, seqGt } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { Recovery } from "../base/state.ts";

/**
 * An acknowledgment was entered into the books: marks what it proves lost. True when
 * retransmissions are known to be among it.
 */
export function detectLosses(tcb: Tcb, sample: AckSample, nowUs: number): boolean {
  if (tcb.hasSack) return detectLate(tcb, nowUs);
  countDuplicates(tcb, sample);
  return false;
}

/** The retransmission timer expired (RFC 5681 3.1): marks what it says is lost. */
export function detectLossesOnTimeout(tcb: Tcb, nowUs: number): void {
  const { sent } = tcb;
  if (sent.isHeadSacked(tcb.sndUna)) {
    tcb.layer.counters.tcp.sackReneging++;
    sent.clearSacked();
    sent.markAllLost();
  } else if (tcb.hasSack) {
    markTimedOut(tcb, nowUs);
  } else {
    sent.markAllLost();
  }
}

/** Without SACK: a duplicate acknowledgment says that one more segment has arrived. */
function countDuplicates(tcb: Tcb, sample: AckSample): void {
  const outstanding = seqDiff(tcb.sndNxt, tcb.sndUna);
  if (sample.ackedBytes > 0) {
    // All but the segment that filled the gap had been counted as arrived.
    const known = Math.max(0, tcb.dupAckedBytes - Math.max(0, sample.ackedBytes - tcb.smss));
    sample.deliveredBytes = Math.max(0, sample.deliveredBytes - (tcb.dupAckedBytes - known));
    tcb.dupAckedBytes = tcb.recovery === Recovery.FAST ? Math.min(known, outstanding) : 0;
    if (tcb.recovery === Recovery.OPEN) tcb.dupAcks = 0;
    else if (seqGt(tcb.recover, tcb.sndUna)) markHeadLost(tcb);
    return;
  }
  const isCounting = tcb.recovery === Recovery.OPEN || tcb.recovery === Recovery.FAST;
  if (!sample.isDuplicate || !isCounting) return;
  tcb.dupAcks++;
  const arrived = Math.min(tcb.smss, Math.max(0, outstanding - tcb.smss - tcb.dupAckedBytes));
  tcb.dupAckedBytes += arrived;
  sample.deliveredBytes += arrived;
  if (tcb.recovery !== Recovery.OPEN || tcb.dupAcks < DUP_THRESH) return;
  // RFC 6582 3.2 (2): not for what a timeout has sent again already.
  if (seqGeq(tcb.sndUna, (tcb.recover + 1) | 0)) markHeadLost(tcb);
}

/** Deems the first segment lost, unless that is known. */
function markHeadLost(tcb: Tcb): void {
  const head = tcb.sent.head;
  if (head === null || (head.flags & SENT_LOST) !== 0) return;
  if (seqDiff(head.end, head.seq) > tcb.smss) tcb.sent.split(head, tcb.smss);
  tcb.sent.markLost(head);
}

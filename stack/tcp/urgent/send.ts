/**
 * Urgent data on its way out (RFC 9293 3.8.5, RFC 6093). SND.UP is, as in Linux and everybody
 * else's code, the sequence number behind the last urgent octet, "one octet beyond":
 *
 *      SND.UNA             urgent octet
 *     ────┼───────────────────────█┼──────────────── SND.NXT
 *                                  SND.UP
 *
 * From the write until SND.UP is acknowledged the connection is in urgent mode: every segment that
 * begins before SND.UP says so, Nagle and corks hold nothing back, and a frame is one segment, for
 * a device that cuts one repeats its urgent pointer in every piece.
 *
 * @module
 */
import { seqDiff, seqGt, seqLeq } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** How far the field of the header reaches. */
const REACH_BYTES = 0xffff;

/** The last byte that has been written is urgent. One written before that is urgent no longer. */
export function markUrgent(tcb: Tcb): void {
  tcb.sndUp = tcb.sndEnd;
  tcb.isSndUrgent = true;
}

/** SND.UNA has advanced. */
export function endUrgentMode(tcb: Tcb): void {
  if (seqLeq(tcb.sndUp, tcb.sndUna)) tcb.isSndUrgent = false;
}

/**
 * SEG.UP of a segment that begins at `seq`, 0: it is sent without URG. What is out of reach is
 * told when it comes nearer, or, where nothing sent reaches as far, as the farthest there is.
 */
export function urgentPointer(tcb: Tcb, seq: number): number {
  if (!tcb.isSndUrgent) return 0;
  const ahead = seqDiff(tcb.sndUp, seq);
  if (ahead <= 0) return 0;
  if (ahead <= REACH_BYTES) return ahead;
  return seqGt((seq + REACH_BYTES) | 0, tcb.sndNxt) ? REACH_BYTES : 0;
}

/** Whether the window's probe at SND.UNA would carry an urgent pointer. */
export function isUrgentInReach(tcb: Tcb): boolean {
  return tcb.isSndUrgent && seqDiff(tcb.sndUp, tcb.sndUna) <= REACH_BYTES;
}

/**
 * SACK blocks that the peer sends (RFC 2018), D-SACK among them (RFC 2883). A peer may send
 * anything: each block is checked, and the work for a segment is bounded by its four blocks and the
 * number of records.
 *
 * @module
 */
import type { AckSample } from "../tcb/ack_sample.ts";
import { seqDiff, seqGeq, seqGt, seqLeq, seqLt } from "../base/seq.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** Enters the blocks of a segment into the retransmission queue. */
export function applySackBlocks(tcb: Tcb, seg: Segment, sample: AckSample): void {
  const { sackCount, sackLeft, sackRight } = seg.options;
  const counters = tcb.layer.counters.tcp;
  let first = 0;
  if (isDsack(seg)) {
    sample.hasDsack = true;
    sample.dsackLeft = sackLeft[0];
    sample.dsackRight = sackRight[0];
    tcb.dsackDups += Math.ceil(Math.max(1, seqDiff(sackRight[0], sackLeft[0])) / tcb.smss);
    counters.dsackRecv++;
    first = 1;
  }
  for (let i = first; i < sackCount; i++) {
    const left = sackLeft[i];
    const right = sackRight[i];
    if (!isPlausible(tcb, left, right)) {
      counters.sackDiscard++;
      continue;
    }
    if (seqLeq(right, seg.ack)) continue;
    tcb.sent.applySack(left, right, tcb.smss, sample);
  }
}

/** The first block lies below the ACK field, or inside the second: it reports a duplicate. */
function isDsack(seg: Segment): boolean {
  const { sackCount, sackLeft, sackRight } = seg.options;
  if (seqLt(sackLeft[0], seg.ack)) return seqLt(sackLeft[0], sackRight[0]);
  return sackCount > 1 && seqGeq(sackLeft[0], sackLeft[1]) && seqLeq(sackRight[0], sackRight[1]);
}

/** A block of what has been sent, and not longer than any window. */
function isPlausible(tcb: Tcb, left: number, right: number): boolean {
  return seqLt(left, right) && seqLeq(right, tcb.sndNxt) &&
    seqGt(left, (tcb.sndUna - tcb.maxSndWnd) | 0);
}

/**
 * SEGMENT ARRIVES, other states, steps two and four (RFC 9293 3.10.7.4): the RST bit, the
 * SYN bit; with the defences of RFC 5961 sections 3 and 4.
 *
 * @module
 */
import { EndCause } from "../base/end_cause.ts";
import { ECONNREFUSED, ECONNRESET, EPIPE } from "../../base/errno.ts";
import { answerSynAgain, sendChallengeAck } from "../output/challenge_ack.ts";
import { fastOpenResetOutOfOrder } from "../path/fast_open_black_hole.ts";
import { noteDsack } from "./payload.ts";
import { failConnection } from "../teardown/lifecycle.ts";
import type { Segment } from "../base/segment.ts";
import { State } from "../base/state.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** Second, check the RST bit: only the exact sequence number resets (RFC 5961 3.2). */
export function processReset(tcb: Tcb, seg: Segment): void {
  if (seg.seq !== tcb.rcvNxt) {
    fastOpenResetOutOfOrder(tcb, seg.nowUs);
    return sendChallengeAck(tcb, seg.nowUs);
  }
  failConnection(tcb, resetErrno(tcb.state), EndCause.RESET_RECEIVED);
}

function resetErrno(state: State): number {
  switch (state) {
    case State.SYN_SENT:
      return ECONNREFUSED;
    case State.CLOSE_WAIT:
      return EPIPE;
    default:
      return ECONNRESET;
  }
}

/**
 * Fourth, check the SYN bit: challenge ACK, whatever the sequence number (RFC 5961 4.2). Returns
 * true when the segment is to be processed on: the SYN-ACK of a simultaneous open, whose SYN we
 * have already.
 */
export function processSyn(tcb: Tcb, seg: Segment): boolean {
  const isCrossed = tcb.state === State.SYN_RECEIVED && seg.isAck && seg.seq === tcb.irs &&
    seg.ack === tcb.sndNxt;
  if (isCrossed) {
    // The peer's SYN for the second time (RFC 2883 4.1), which Linux acknowledges, too
    noteDsack(tcb, tcb.irs, tcb.rcvNxt);
    tcb.isAckDue = true;
    tcb.layer.markDirty(tcb);
    seg.dropSyn();
    return true;
  }
  if (tcb.fastOpenOf !== null && !seg.isAck && seg.seq === tcb.irs) {
    // The SYN of a fast open again: its SYN-ACK was lost
    answerSynAgain(tcb, seg.nowUs);
    return false;
  }
  tcb.layer.counters.tcp.synChallenge++;
  sendChallengeAck(tcb, seg.nowUs);
  return false;
}

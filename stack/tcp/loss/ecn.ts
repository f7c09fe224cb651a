/**
 * Explicit congestion notification (RFC 3168): a router marks (CE) what it would else have to drop,
 * the receiver echoes that (ECE) until the sender says that it has slowed down (CWR).
 *
 *     sender --- ECT(0), new data only ---> router --- CE ---> receiver
 *            <------------- ECE, on all segments, until CWR -------'
 *            --- CWR, with the next new data ------------------>
 *
 * @module
 */
import { ECN_CE, ECN_MASK } from "../../wire/ipv4.ts";
import { TCP_CWR, TCP_ECE } from "../../wire/tcp.ts";
import { seqGt } from "../base/seq.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { Recovery } from "../base/state.ts";

export const ECN_ECT0 = 2;
/** ACKs that are not delayed after a mark: the peer's window may be tiny (as Linux). */
const QUICK_ACKS = 2;

/** The flags of our SYN: "an ECN-setup SYN". A SYN again is without: some paths drop it (6.1.1). */
export function synEcnFlags(tcb: Tcb): number {
  const isFallback = tcb.backoff > 0 && tcb.layer.config.ecnFallback;
  return tcb.hasEcn && !isFallback ? TCP_ECE | TCP_CWR : 0;
}

/** What the peer's SYN or SYN-ACK says: both flags of a SYN, ECE alone of a SYN-ACK (6.1.1). */
export function agreesToEcn(seg: Segment): boolean {
  const flags = seg.flags & (TCP_ECE | TCP_CWR);
  return flags === (seg.isAck ? TCP_ECE : TCP_ECE | TCP_CWR);
}

/** New data of the peer: has a router marked it, and has the peer slowed down (6.1.3)? */
export function receiveEcn(tcb: Tcb, seg: Segment): void {
  if ((seg.flags & TCP_CWR) !== 0) {
    tcb.isEcnEchoing = false;
    tcb.isAckDue = true;
  }
  const codepoint = seg.tos & ECN_MASK;
  // "A TCP data receiver MUST ignore the CE codepoint on out-of-window packets" (6.1.5)
  if (!seqGt(seg.end, tcb.rcvNxt)) return;
  if (codepoint !== ECN_CE) {
    // Not marked as capable although others were: a retransmission, which wants a quick answer
    if (codepoint !== 0) tcb.isEctSeen = true;
    else if (tcb.isEctSeen) tcb.quickAcks = Math.max(tcb.quickAcks, QUICK_ACKS);
    return;
  }
  tcb.isEctSeen = true;
  if (tcb.isEcnEchoing) return;
  tcb.isEcnEchoing = true;
  tcb.quickAcks = Math.max(tcb.quickAcks, QUICK_ACKS);
  tcb.isPingPong = false;
}

/**
 * The peer echoes a mark: the window falls as for a loss, "not more than once every window of data"
 * (6.1.2), and a loss in the same window counts.
 */
export function onEcnEcho(tcb: Tcb): void {
  if (isReducing(tcb) || tcb.recovery !== Recovery.OPEN) return;
  // A D-SACK that comes now must not take this reduction back
  tcb.undo.isArmed = false;
  if (!tcb.congestion.ownsWindow) {
    tcb.ssthresh = tcb.congestion.onLoss(tcb, "ecn");
    tcb.cwnd = Math.max(Math.min(tcb.cwnd, tcb.ssthresh), tcb.smss);
  }
  noteReduction(tcb);
}

/** cwnd was reduced for whatever reason: the next new data says so (6.1.2). */
export function noteReduction(tcb: Tcb): void {
  if (!tcb.hasEcn) return;
  tcb.isCwrQueued = true;
  tcb.isEcnReducing = true;
  tcb.ecnRecover = tcb.sndNxt;
}

/**
 * Nothing that was sent after the last reduction is acknowledged yet, so that CWR has not reached
 * the peer: cwnd does not grow.
 */
export function isReducing(tcb: Tcb): boolean {
  if (!tcb.isEcnReducing) return false;
  tcb.isEcnReducing = !seqGt(tcb.sndUna, tcb.ecnRecover);
  return tcb.isEcnReducing;
}

/**
 * SEGMENT ARRIVES, synchronized states, step one (RFC 9293 3.10.7.4): the sequence number; with
 * PAWS (RFC 7323 section 5).
 *
 * @module
 */
import { DROP_TCP_SEQUENCE } from "../../base/drop_reason.ts";
import { sendOutOfWindowAck } from "../output/challenge_ack.ts";
import { seqGt, seqLeq, seqLt } from "../base/seq.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { processSyn } from "./rst_and_syn.ts";

/** TS.Recent is not to be trusted after 24 days without a segment (RFC 7323 5.5). */
const TS_RECENT_LIFE_US = 24 * 86400 * 1e6;

/**
 * First, check sequence number. As in Linux, what ends at or after the last acknowledgment that we
 * sent is accepted (its data is trimmed later): its ACK field is as good as any. A closed window
 * thus takes valid ACKs and RSTs, as the RFC asks.
 */
export function isSequenceAcceptable(tcb: Tcb, seg: Segment): boolean {
  if (isPawsReject(tcb, seg)) {
    tcb.layer.counters.tcp.pawsEstab++;
    noteDuplicate(tcb, seg);
    sendOutOfWindowAck(tcb, seg);
    return false;
  }
  const isBefore = seqLt(seg.end, tcb.lastAckSent);
  const isBeyond = seqGt(seg.seq, (tcb.rcvNxt + tcb.rcvWnd) | 0);
  if (isBefore || isBeyond) {
    if (isBeyond) tcb.layer.counters.tcp.beyondWindow++;
    else noteDuplicate(tcb, seg);
    if (seg.isRst) tcb.layer.counters.drop(DROP_TCP_SEQUENCE);
    else if (!seg.isSyn || processSyn(tcb, seg)) sendOutOfWindowAck(tcb, seg);
    return false;
  }
  updateTsRecent(tcb, seg);
  return true;
}

/**
 * RFC 7323 5.3 R1, resets exempt; but a timestamp that is behind by one tick passes, as in Linux.
 */
function isPawsReject(tcb: Tcb, seg: Segment): boolean {
  if (!tcb.hasTimestamps || !seg.options.hasTimestamps || seg.isRst) return false;
  if (((tcb.tsRecent - seg.options.tsVal) | 0) <= 1) return false;
  if (seg.nowUs - tcb.tsRecentAtUs > TS_RECENT_LIFE_US) return false;
  return !isDisorderedAck(tcb, seg);
}

/**
 * A bare duplicate ACK that was overtaken by others may be old without being of another
 * incarnation.
 */
function isDisorderedAck(tcb: Tcb, seg: Segment): boolean {
  return seg.len === 0 && seg.isAck && seg.seq === tcb.rcvNxt &&
    seg.ack === tcb.sndUna &&
    ((tcb.tsRecent - seg.options.tsVal) | 0) <= tcb.rtt.rtoUs / 1000;
}

/** RFC 7323 4.3 (2): only a segment that covers Last.ACK.sent sets TS.Recent. */
function updateTsRecent(tcb: Tcb, seg: Segment): void {
  if (!tcb.hasTimestamps || !seg.options.hasTimestamps) return;
  if (!seqLeq(seg.seq, tcb.lastAckSent)) return;
  if (((seg.options.tsVal - tcb.tsRecent) | 0) < 0) {
    if (seg.nowUs - tcb.tsRecentAtUs <= TS_RECENT_LIFE_US) return;
  }
  tcb.tsRecent = seg.options.tsVal;
  tcb.tsRecentAtUs = seg.nowUs;
}

/**
 * Old data again: the next ACK says so (D-SACK, RFC 2883 4.1), and the peer may be waiting for one.
 */
function noteDuplicate(tcb: Tcb, seg: Segment): void {
  if (seg.payloadLen === 0 || !tcb.hasSack || !seqLt(seg.seq, tcb.rcvNxt)) return;
  tcb.hasDsack = true;
  tcb.dsackLeft = seg.seq;
  tcb.dsackRight = seqLt(seg.end, tcb.rcvNxt) ? seg.end : tcb.rcvNxt;
  tcb.layer.counters.tcp.dsackOldSent++;
}

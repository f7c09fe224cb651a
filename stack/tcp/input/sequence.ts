/**
 * SEGMENT ARRIVES, other states, step one (RFC 9293 3.10.7.4): the sequence number; with PAWS (RFC
 * 7323 section 5). The RFC's table of acceptability (3.4, table 6):
 *
 *     SEG.LEN  RCV.WND  acceptable when
 *        0        0     SEG.SEQ = RCV.NXT
 *        0       >0     RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND
 *       >0        0     never
 *       >0       >0     RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND
 *                       or RCV.NXT =< SEG.SEQ+SEG.LEN-1 < RCV.NXT+RCV.WND
 *
 * We accept all of that and, as Linux's tcp_sequence, somewhat more, in one rule:
 *
 *     Last.ACK.sent =< SEG.SEQ+SEG.LEN  and  SEG.SEQ =< RCV.NXT+RCV.WND
 *
 * that is, also what ends between the last acknowledgment and RCV.NXT, what begins exactly at the
 * right edge, and what reaches across the whole window, a closed one included. The data of these is
 * trimmed (payload.ts), but their ACK field and RST are as good as any: "special allowance should
 * be made to accept valid ACKs, URGs, and RSTs" when the window is closed, and an ACK that was
 * overtaken still counts.
 *
 * @module
 */
import { seqGt, seqLeq, seqLt } from "../base/seq.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** TS.Recent is not to be trusted after 24 days without a segment (RFC 7323 5.5). */
const TS_RECENT_LIFE_US = 24 * 86400 * 1e6;

/** Why a segment is not acceptable. */
export enum SequenceFault {
  NONE = 0,
  /** PAWS (RFC 7323 5.3 R1): of an earlier time round the sequence space. */
  OLD_TIMESTAMP = 1,
  /** All of it lies before the window. */
  BEFORE = 2,
  /** It begins beyond the window. */
  BEYOND = 3,
}

/** First, check sequence number; nothing but looks. */
export function checkSequence(tcb: Tcb, seg: Segment): SequenceFault {
  if (isPawsReject(tcb, seg)) return SequenceFault.OLD_TIMESTAMP;
  if (seqLt(seg.end, tcb.lastAckSent)) return SequenceFault.BEFORE;
  if (seqGt(seg.seq, (tcb.rcvNxt + tcb.rcvWnd) | 0)) return SequenceFault.BEYOND;
  return SequenceFault.NONE;
}

/** Counts a segment that is not acceptable, and keeps what it tells of duplicates. */
export function noteFault(tcb: Tcb, seg: Segment, fault: SequenceFault): void {
  const counters = tcb.layer.counters.tcp;
  if (fault === SequenceFault.BEYOND) {
    counters.beyondWindow++;
    return;
  }
  if (fault === SequenceFault.OLD_TIMESTAMP) counters.pawsEstab++;
  noteDuplicate(tcb, seg);
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
export function updateTsRecent(tcb: Tcb, seg: Segment): void {
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

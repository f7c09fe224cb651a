/**
 * SEGMENT ARRIVES, other states, steps six to eight (RFC 9293 3.10.7.4): URG, text, FIN; and
 * when to acknowledge what came (RFC 9293 3.8.6.3, RFC 5681 4.2, Linux's quick ACKs).
 *
 * @module
 */
import { GROW_SHARE, isWithin } from "../../base/memory_share.ts";
import { EndCause } from "../base/end_cause.ts";
import { EVENT_READABLE } from "../../base/events.ts";
import { TCP_PSH } from "../../wire/tcp.ts";
import { receiveEcn } from "../loss/ecn.ts";
import { emitAck } from "../output/emit.ts";
import { timestampNow } from "../base/timestamp.ts";
import { enterTimeWait, failConnection, setState } from "../teardown/lifecycle.ts";
import { advertisedMss } from "../path/mss.ts";
import {
  autotuneReceiveBuffer,
  measureReceiverRtt,
  scalingRatio,
} from "../receive/receive_window.ts";
import { replyReset } from "../output/reset.ts";
import { noteUrgentPointer } from "../urgent/receive.ts";
import { seqDiff, seqGt, seqLt, seqMax, seqMin } from "../base/seq.ts";
import type { Segment } from "../base/segment.ts";
import { canReceiveData, State } from "../base/state.ts";
import { Assembler, NO_GAPS } from "../tcb/assembler.ts";
import { dropOutOfOrder } from "../tcb/memory_pressure.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { nextState, StateEvent } from "../base/state_table.ts";

/** What is out of order may take so many times the receive buffer. */
const CHARGE_FACTOR = 2;

/** Sixth to eighth step: what a segment brings besides its acknowledgment. */
export function processUrgentDataAndFin(tcb: Tcb, seg: Segment): void {
  if (seg.isUrg) noteUrgentPointer(tcb, seg);
  if (seg.len > 0 && !processPayload(tcb, seg)) return;
  // Also of a FIN that had come before the data in front of it
  if (tcb.isFinReceived) processFin(tcb, seg.nowUs);
}

/**
 * Seventh, process the segment text (and note the FIN behind it). False: the segment is done with.
 * Trims the segment to the window: what remains begins at RCV.NXT or beyond it.
 */
function processPayload(tcb: Tcb, seg: Segment): boolean {
  if (!canReceiveData(tcb.state)) {
    // "This should not occur, since a FIN has been received": a FIN again is acknowledged again
    if (seg.len > 0) tcb.isAckDue = true;
    tcb.layer.markDirty(tcb);
    return true;
  }
  if (isDataForNobody(tcb, seg)) {
    tcb.layer.counters.tcp.abortOnData++;
    replyReset(tcb.layer, tcb, seg);
    failConnection(tcb, 0, EndCause.DATA_FOR_NOBODY);
    return false;
  }
  if (seg.payloadLen > 0) {
    tcb.dataSegsIn += seg.gsoSegs;
    measureSegments(tcb, seg);
    if (tcb.hasEcn) receiveEcn(tcb, seg);
  }
  if (!trimToWindow(tcb, seg)) {
    emitAck(tcb, seg.nowUs);
    return false;
  }
  if (seg.seq === tcb.rcvNxt) takeInOrder(tcb, seg);
  else takeOutOfOrder(tcb, seg);
  return true;
}

/** The program has closed: nobody will read it, and the peer should know (RFC 1122 4.2.2.13). */
function isDataForNobody(tcb: Tcb, seg: Segment): boolean {
  return tcb.isOrphan && seqGt((seg.seq + seg.payloadLen) | 0, tcb.rcvNxt);
}

/** What the sizes and times of the peer's segments tell. */
function measureSegments(tcb: Tcb, seg: Segment): void {
  if (seg.gsoSize > tcb.rcvMss) {
    tcb.rcvScalingRatio = scalingRatio(seg.payloadLen);
    tcb.rcvMss = Math.min(seg.gsoSize, advertisedMss(tcb.route!, tcb.options.maxSeg));
  }
  measureReceiverRtt(tcb, seg, timestampNow(tcb.tsOffset, seg.nowUs));
  // After a pause the peer starts slowly: help it with quick ACKs (Linux tcp_incr_quickack)
  if (seg.nowUs - tcb.lastDataReceivedUs > tcb.rtt.rtoUs) {
    tcb.quickAcks = tcb.layer.config.quickAckSegments;
  }
  tcb.lastDataReceivedUs = seg.nowUs;
}

/** Cuts off what is old and what is beyond the window. False: nothing is left. */
function trimToWindow(tcb: Tcb, seg: Segment): boolean {
  const old = seqDiff(tcb.rcvNxt, seg.seq);
  if (old > 0) {
    noteDsack(tcb, seg.seq, seqLt(seg.end, tcb.rcvNxt) ? seg.end : tcb.rcvNxt);
    tcb.isAckDue = true;
    tcb.perSegmentAcks = tcb.layer.config.quickAckSegments;
    if (old >= seg.len) return false;
    seg.trimFront(Math.min(old, seg.payloadLen));
  }
  const edge = (tcb.rcvNxt + tcb.rcvWnd) | 0;
  const beyond = seqDiff((seg.seq + seg.payloadLen) | 0, edge);
  if (beyond > 0) {
    if (tcb.rcvWnd === 0) tcb.layer.counters.tcp.zeroWindowDrop++;
    else tcb.layer.counters.tcp.beyondWindow++;
    seg.trimBack(Math.min(beyond, seg.payloadLen));
    tcb.isAckDue = true;
  }
  return seg.len > 0;
}

/**
 * RFC 2883 4.2: a segment that repeats a part of what lies beyond the gaps. The first such part is
 * reported (as by Linux), unless there is one below RCV.NXT.
 */
function noteOverlap(tcb: Tcb, { seq, end }: Segment): void {
  const { assembler } = tcb;
  const i = assembler.firstOverlap(seq, end);
  if (i < 0 || tcb.hasDsack || !tcb.hasSack) return;
  noteDsack(tcb, seqMax(seq, assembler.left[i]), seqMin(end, assembler.right[i]));
  tcb.layer.counters.tcp.dsackOfoSent++;
}

/** Data again: the next ACK says so. */
export function noteDsack(tcb: Tcb, left: number, right: number): void {
  if (!tcb.hasSack) return;
  tcb.hasDsack = true;
  tcb.dsackLeft = left;
  tcb.dsackRight = right;
}

/** The next expected data: into the ring, with what was waiting behind it. */
function takeInOrder(tcb: Tcb, seg: Segment): void {
  if (tcb.perSegmentAcks > 0) acknowledgeEach(tcb, seg.nowUs);
  if (tcb.isFinPending) trimToFin(tcb, seg);
  if (seg.payloadLen > 0 && !borrowPayload(tcb, seg) && !storePayload(tcb, seg)) return;
  if (seg.isFin) notePendingFin(tcb, seg);
  const hadGaps = tcb.assembler.count > 0;
  if (hadGaps) noteOverlap(tcb, seg);
  const next = hadGaps ? joinOutOfOrder(tcb, seg.end) : seg.end;
  const isFin = tcb.isFinPending && seqGt(next, tcb.rcvFinSeq);
  if (isFin) {
    tcb.isFinReceived = true;
    tcb.isFinPending = false;
  }
  const dataBytes = seqDiff(next, tcb.rcvNxt) - (isFin ? 1 : 0);
  tcb.rcvNxt = next;
  if (dataBytes > 0) deliver(tcb, dataBytes, seg.nowUs);
  // "An immediate ACK when the segment fills in all or part of a gap" (RFC 5681 4.2)
  if (hadGaps || isFin) tcb.isAckDue = true;
  scheduleAck(tcb, seg);
}

/** Nothing comes after a FIN: what lies beyond it is no data (Linux tcp_fin purges it too). */
function trimToFin(tcb: Tcb, seg: Segment): void {
  const beyond = seqDiff((seg.seq + seg.payloadLen) | 0, tcb.rcvFinSeq);
  if (beyond > 0) seg.trimBack(Math.min(beyond, seg.payloadLen));
}

/**
 * All up to `end` is in order: so is what has arrived behind it, as far as there is no gap, and a
 * FIN that came with it. Returns the next sequence number expected. What there is no memory for has
 * to come again.
 */
function joinOutOfOrder(tcb: Tcb, end: number): number {
  const { assembler, rcvRing } = tcb;
  const next = assembler.advance(end);
  const isFin = tcb.isFinPending && seqGt(next, tcb.rcvFinSeq);
  const dataEnd = isFin ? tcb.rcvFinSeq : next;
  const from = seqMin(end, dataEnd);
  const joinedEnd = tcb.isRcvShutdown ? dataEnd : rcvRing.join(from, dataEnd);
  const isShort = joinedEnd !== dataEnd;
  if (isShort) noteNoMemory(tcb);
  if (isShort || isFin) {
    assembler.clear();
    rcvRing.dropOutOfOrder();
  }
  if (isShort) return joinedEnd;
  return isFin ? (tcb.rcvFinSeq + 1) | 0 : next;
}

function deliver(tcb: Tcb, dataBytes: number, nowUs: number): void {
  tcb.bytesReceived += dataBytes;
  if (tcb.isRcvShutdown) autotuneReceiveBuffer(tcb, dataBytes, nowUs);
  else tcb.layer.raise(tcb, EVENT_READABLE);
}

/** Data beyond a gap: kept, and reported at once (RFC 5681 4.2: "an immediate duplicate ACK"). */
function takeOutOfOrder(tcb: Tcb, seg: Segment): void {
  if (tcb.assembler === NO_GAPS) tcb.assembler = new Assembler();
  const { assembler, layer: { config, counters } } = tcb;
  const { seq, end } = seg;
  tcb.perSegmentAcks = config.quickAckSegments;
  noteOverlap(tcb, seg);
  if (assembler.find(seq, end) >= 0) {
    // Nothing of it is new
  } else if (
    assembler.hasRoom(seq, end, config.assemblerIntervalMax) && storeOutOfOrder(tcb, seg)
  ) {
    assembler.insert(seq, end);
    if (seg.isFin) notePendingFin(tcb, seg);
    counters.tcp.ofoQueue++;
    tcb.rcvOutOfOrder += seg.gsoSegs;
  } else {
    counters.tcp.ofoDrop++;
  }
  emitAck(tcb, seg.nowUs);
}

/** Leaves the data in the device's memory for the program to take; false: it has to be copied. */
function borrowPayload(tcb: Tcb, seg: Segment): boolean {
  const { layer, rcvRing } = tcb;
  if (!layer.areFramesStable || !seg.isFrame || tcb.assembler.count > 0 || tcb.isRcvShutdown) {
    return false;
  }
  const wasBorrowed = rcvRing.isBorrowed;
  if (!rcvRing.borrow(seg.payloadOff, seg.payloadLen)) return false;
  if (!wasBorrowed) layer.noteBorrower(tcb);
  return true;
}

/**
 * Copies data in order, as much as there is memory for; the rest is cut off the segment. False:
 * none.
 */
function storePayload(tcb: Tcb, seg: Segment): boolean {
  if (tcb.isRcvShutdown) return true;
  const { rcvRing } = tcb;
  const { payloadOff, payloadLen } = seg;
  let taken = rcvRing.append(payloadOff, payloadLen);
  if (taken === payloadLen) return true;
  noteNoMemory(tcb);
  if (tcb.assembler.count > 0) {
    dropOutOfOrder(tcb);
    taken += rcvRing.append(payloadOff + taken, payloadLen - taken);
  }
  seg.trimBack(payloadLen - taken);
  return taken > 0;
}

/** Keeps data beyond a gap, if there is plenty of memory. */
function storeOutOfOrder(tcb: Tcb, seg: Segment): boolean {
  const { rcvRing, layer: { memory, pressure } } = tcb;
  const { seq, payloadOff, payloadLen } = seg;
  if (tcb.isRcvShutdown || payloadLen === 0) return true;
  if (!isWithin(memory, GROW_SHARE, payloadLen)) {
    pressure.note();
    return false;
  }
  return rcvRing.addOutOfOrder(seq, payloadOff, payloadLen, CHARGE_FACTOR * tcb.rcvBufBytes);
}

function noteNoMemory(tcb: Tcb): void {
  tcb.layer.counters.tcp.rcvQDrop++;
  tcb.layer.pressure.note();
}

/** Of several FINs, which an honest peer does not send, the first in the sequence ends the data. */
function notePendingFin(tcb: Tcb, seg: Segment): void {
  const finSeq = (seg.seq + seg.payloadLen) | 0;
  if (tcb.isFinPending && !seqLt(finSeq, tcb.rcvFinSeq)) return;
  tcb.isFinPending = true;
  tcb.rcvFinSeq = finSeq;
}

/**
 * New data is to be acknowledged: at once when more than one full segment waits for it, while the
 * connection is young, or when something is wrong; else in a moment, in the hope of data to travel
 * with. "At once" is the next flush: segments that arrive together are acknowledged together.
 * Not so after a loss, when the peer's window is small, and acknowledgments are lost, too: if that
 * of a whole flight were, the peer would have to wait for its timer.
 */
function scheduleAck(tcb: Tcb, seg: Segment): void {
  const unacked = seqDiff(tcb.rcvNxt, tcb.lastAckSent);
  const isQuick = tcb.quickAcks > 0 && !tcb.isPingPong;
  if (unacked > tcb.rcvMss || isQuick || tcb.assembler.count > 0) tcb.isAckDue = true;
  if (tcb.isAckDue) return tcb.layer.markDirty(tcb);
  if (tcb.delayedAckAtUs === Infinity) {
    const { options, layer } = tcb;
    tcb.delayedAckAtUs = seg.nowUs + Math.min(layer.config.delayedAckUs, options.delackMaxUs);
  }
  // The end of what the peer's program has written: more may not come before it is acknowledged
  if (seg.gsoSize < tcb.rcvMss || (seg.flags & TCP_PSH) !== 0) tcb.isAckDueOnRead = true;
}

/**
 * The segment before this one gets its ACK, this one will with the next or with the flush: what the
 * program has read by then counts for the window.
 */
function acknowledgeEach(tcb: Tcb, nowUs: number): void {
  tcb.perSegmentAcks--;
  if (tcb.isAckDue && tcb.rcvNxt !== tcb.lastAckSent) emitAck(tcb, nowUs);
  tcb.isAckDue = true;
}

/** Eighth, check the FIN bit: all data before it has been received. */
function processFin(tcb: Tcb, nowUs: number): void {
  const next = nextState(tcb.state, StateEvent.FIN);
  // CLOSE-WAIT, CLOSING, LAST-ACK: "remain"
  if (next === tcb.state) return;
  if (next === State.TIME_WAIT) {
    emitAck(tcb, nowUs);
    enterTimeWait(tcb, nowUs);
    return;
  }
  setState(tcb, next);
  tcb.layer.raise(tcb, EVENT_READABLE);
}

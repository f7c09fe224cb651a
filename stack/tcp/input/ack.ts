/**
 * SEGMENT ARRIVES, other states, step five: the ACK field (RFC 9293 3.10.7.4). Everything
 * that an acknowledgment does to the sender hangs on this file: the retransmission queue, RTT, loss
 * recovery, cwnd, the send window, the send buffer.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { TCP_ECE } from "../../wire/tcp.ts";
import type { AckSample } from "../tcb/ack_sample.ts";
import { sendChallengeAck } from "../output/challenge_ack.ts";
import { noteReduction, onEcnEcho } from "../loss/ecn.ts";
import { timestampNow } from "../base/timestamp.ts";
import {
  deleteTcb,
  enterTimeWait,
  establish,
  limitFinWait2,
  setState,
} from "../teardown/lifecycle.ts";
import { checkMtuProbe, noteArrival } from "../path/mtu_probing.ts";
import { hasUnsent, updatePacing } from "../output/output.ts";
import { updateTsRecent } from "./sequence.ts";
import { Limit } from "../tcb/limit_clock.ts";
import { onAckForRecovery } from "../loss/recovery.ts";
import { replyReset } from "../output/reset.ts";
import { applySackBlocks } from "../loss/sack.ts";
import { autotuneSendBuffer, tellWriter } from "../output/send_buffer.ts";
import { endUrgentMode } from "../urgent/send.ts";
import { seqDiff, seqGt, seqLeq, seqLt } from "../base/seq.ts";
import type { Segment } from "../base/segment.ts";
import { Recovery, RetransmitTimer, State } from "../base/state.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { armRetransmitTimer, stopRetransmitTimer } from "../tcb/deadlines.ts";
import { scheduleProbe } from "../loss/tlp.ts";
import { nextState, StateEvent } from "../base/state_table.ts";

/** Fifth, check the ACK field. False: the segment is done with. */
export function processAck(tcb: Tcb, seg: Segment): boolean {
  if (tcb.state === State.SYN_RECEIVED && !establishByAck(tcb, seg)) return false;
  if (!isAckAcceptable(tcb, seg)) return false;
  // RFC 7323 4.3 does so in the first step; but one bad segment must not shut out all good ones
  // (Linux tcp_ack)
  updateTsRecent(tcb, seg);
  tcb.lastAckReceivedUs = seg.nowUs;
  tcb.probes = 0;
  tcb.keepProbes = 0;
  tcb.softError = 0;
  takeAck(tcb, seg);
  return ackOfFin(tcb, seg.nowUs);
}

/** SYN-RECEIVED: "If SND.UNA < SEG.ACK =< SND.NXT then enter ESTABLISHED", else reset. */
function establishByAck(tcb: Tcb, seg: Segment): boolean {
  if (!seqGt(seg.ack, tcb.sndUna) || seqGt(seg.ack, tcb.sndNxt)) {
    replyReset(tcb.layer, tcb, seg);
    return false;
  }
  tcb.sndWnd = seg.window << tcb.sndWindShift;
  tcb.maxSndWnd = Math.max(tcb.maxSndWnd, tcb.sndWnd);
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  const sample = tcb.layer.sample;
  sample.begin(tcb.rate, tcb.pipe);
  tcb.sent.acknowledge((tcb.iss + 1) | 0, sample);
  tcb.sndUna = (tcb.iss + 1) | 0;
  tcb.deliveredSegs++;
  stopRetransmitTimer(tcb);
  // Data that has followed the SYN-ACK already (Fast Open)
  if (tcb.sent.count > 0) armRetransmitTimer(tcb, seg.nowUs);
  sampleRtt(tcb, seg, sample);
  establish(tcb, seg.nowUs);
  return tcb.state !== State.CLOSED;
}

/**
 * RFC 5961 5.2: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT, else a challenge ACK. ("If the ACK
 * acks something not yet sent then send an ACK, drop the segment.")
 */
function isAckAcceptable(tcb: Tcb, seg: Segment): boolean {
  if (seqGt(seg.ack, tcb.sndNxt) || seqLt(seg.ack, (tcb.sndUna - tcb.maxSndWnd) | 0)) {
    sendChallengeAck(tcb, seg.nowUs);
    return false;
  }
  return true;
}

function takeAck(tcb: Tcb, seg: Segment): void {
  if (isWindowOnly(tcb, seg)) {
    updateSendWindow(tcb, seg);
    // The persist timer may have been stopped: the output arms it again where it is needed
    if (hasUnsent(tcb)) tcb.layer.markDirty(tcb);
    return;
  }
  tcb.writes.onAck(tcb.sndUna);
  const sample = tcb.layer.sample;
  sample.begin(tcb.rate, tcb.pipe, tcb.rack);
  tcb.rack.begin(tcb.sndUna, tcb.sent.sackedBytes > 0, tcb.rtt.minRttUs, seg.nowUs);
  sample.hasEcho = tcb.hasTimestamps && seg.options.hasTimestamps && seg.options.tsEcr !== 0;
  sample.tsEcr = seg.options.tsEcr;
  const lostBefore = tcb.sent.lostTotalBytes;
  // Before SND.UNA advances, by which it tells whether the window is a newer one; so does Linux
  // (tcp_ack_update_window)
  const isWindowUpdate = updateSendWindow(tcb, seg);
  if (tcb.hasSack && seg.options.sackCount > 0) applySackBlocks(tcb, seg, sample);
  if (seqGt(seg.ack, tcb.sndUna)) advanceUna(tcb, seg, sample);
  else if (seg.ack === tcb.sndUna) {
    // RFC 5681 section 2: duplicate acknowledgment
    sample.isPureAck = seg.len === 0 && !isWindowUpdate;
    sample.isDuplicate = tcb.sent.count > 0 && sample.isPureAck;
  }
  tcb.rack.end();
  sampleRtt(tcb, seg, sample);
  noteArrival(tcb, sample.longestBytes, seg.nowUs);
  const recoveryBefore = tcb.recovery;
  if (tcb.hasEcn && (seg.flags & TCP_ECE) !== 0) onEcnEcho(tcb);
  onAckForRecovery(tcb, sample, seg.nowUs);
  if (tcb.recovery === Recovery.FAST && recoveryBefore === Recovery.OPEN) noteReduction(tcb);
  if (tcb.mtuProbing.probeLen !== 0) checkMtuProbe(tcb, seg.nowUs);
  countDelivered(tcb, sample);
  const lostBytes = tcb.sent.lostTotalBytes - lostBefore;
  tcb.rate.finish(sample.latestRttUs, tcb.rtt.minRttUs, lostBytes, seg.nowUs);
  if (tcb.congestion.ownsWindow) tcb.congestion.onDelivery(tcb, tcb.rate, seg.nowUs);
  updatePacing(tcb);
  updateRetransmitTimer(tcb, sample, seg.nowUs);
  if (sample.ackedBytes > 0) releaseSendBuffer(tcb);
  noteProgress(tcb, seg.nowUs);
  if (tcb.sent.lostBytes > 0 || hasUnsent(tcb)) tcb.layer.markDirty(tcb);
}

/**
 * TCP_INFO: a record may be many segments, and a segment much less than SMSS. Without SACK what a
 * duplicate told of is not counted again when it is acknowledged, whatever has become of the
 * recovery meanwhile.
 */
function countDelivered(tcb: Tcb, sample: AckSample): void {
  const { hasSack, sent, smss } = tcb;
  let { deliveredBytes, deliveredCount } = sample;
  if (!hasSack && sample.ackedBytes > 0) {
    const known = Math.min(tcb.dupToldSegs, Math.ceil(sample.ackedBytes / smss) - 1);
    tcb.dupToldSegs = sent.count === 0 ? 0 : tcb.dupToldSegs - known;
    deliveredBytes = sample.ackedBytes - known * smss;
    deliveredCount -= known;
  } else if (!hasSack && deliveredBytes > 0) tcb.dupToldSegs++;
  tcb.deliveredSegs += Math.max(Math.ceil(deliveredBytes / smss), deliveredCount);
}

/** What the sender waited for, room in its buffer or the network, may be over (TCP_INFO). */
function noteProgress(tcb: Tcb, nowUs: number): void {
  const { limits } = tcb;
  if (tcb.sent.count === 0 && !hasUnsent(tcb)) limits?.set(Limit.IDLE, nowUs);
  else if (!tcb.isSndBlocked && limits?.limit === Limit.BUFFER) limits.set(Limit.NETWORK, nowUs);
}

/**
 * Nothing is in flight, and the segment acknowledges nothing: it can only change the window (Linux
 * tcp_ack goes to no_queue, too). It is what every segment of a peer that alone sends looks like.
 */
function isWindowOnly(tcb: Tcb, seg: Segment): boolean {
  return tcb.sndUna === tcb.sndNxt && seg.ack === tcb.sndUna && seg.options.sackCount === 0 &&
    (seg.flags & TCP_ECE) === 0 &&
    tcb.recovery === Recovery.OPEN && !tcb.tlp.isOut;
}

/**
 * "If SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK), set SND.WND <- SEG.WND"; and
 * whenever SND.UNA advances (Linux tcp_may_update_window), or the old window would count from the
 * new SND.UNA and reach beyond what was ever offered. True when the window changed.
 */
function updateSendWindow(tcb: Tcb, seg: Segment): boolean {
  if (seqLt(seg.ack, tcb.sndUna)) return false;
  const isNewer = seqGt(seg.ack, tcb.sndUna) || seqLt(tcb.sndWl1, seg.seq) ||
    (tcb.sndWl1 === seg.seq && seqLeq(tcb.sndWl2, seg.ack));
  if (!isNewer) return false;
  const window = seg.window << tcb.sndWindShift;
  const hasChanged = window !== tcb.sndWnd;
  tcb.sndWnd = window;
  if (window > tcb.maxSndWnd) tcb.maxSndWnd = window;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
  if (window > 0 && tcb.retransmitTimer === RetransmitTimer.PERSIST) {
    tell(tcb, LogEvent.TCP_PEER_WINDOW_OPEN, window);
    stopRetransmitTimer(tcb);
    tcb.backoff = 0;
  }
  return hasChanged;
}

/** "If SND.UNA < SEG.ACK =< SND.NXT, then set SND.UNA <- SEG.ACK." */
function advanceUna(tcb: Tcb, seg: Segment, sample: AckSample): void {
  tcb.sent.acknowledge(seg.ack, sample);
  tcb.sndUna = seg.ack;
  tcb.unaAdvancedUs = seg.nowUs;
  tcb.bytesAcked += sample.ackedBytes;
  if (tcb.backoff > 0) endBackOff(tcb);
  // Follows SND.UNA, or comparisons would fail after 2^31 bytes
  if (seqLt(tcb.sndSml, seg.ack)) tcb.sndSml = seg.ack;
  if (seqLt(tcb.pmtuSeq, seg.ack)) tcb.pmtuSeq = seg.ack;
  if (tcb.isSndUrgent) endUrgentMode(tcb);
  tcb.layer.network.confirm(tcb.route!, seg.nowUs);
}

/**
 * There is progress. Without timestamps the RTO stays backed off until the next valid sample
 * (Karn's algorithm, RFC 6298 section 5): the round trip may have become longer than the RTO, and
 * every sample would be ambiguous. With them it cannot hide, and the RTO is the estimate's again.
 */
function endBackOff(tcb: Tcb): void {
  tcb.backoff = 0;
  if (tcb.hasTimestamps) tcb.rtt.rtoUs = tcb.rtt.baseRtoUs(tcb.rtt.rtoUs);
}

/**
 * RTT from the sending time, when all that is acknowledged was sent once (Karn; what waited behind
 * a hole was not acknowledged when it arrived), else from the timestamp that comes back (RFC 7323
 * 4.1), which is good to a millisecond. Not with a D-SACK: the segment had arrived before, and the
 * timestamp is that of the first copy, whose ACK was lost.
 *
 * An acknowledgment of several segments waited for the last of them: its round trip is the path's,
 * and the one that the minimum and congestion control are to know (Linux ca_rtt_us). The RTO has to
 * allow for the first's.
 */
export function sampleRtt(tcb: Tcb, seg: Segment, sample: AckSample): void {
  const { nowUs, options } = seg;
  if (sample.oldestSentUs >= 0 && !sample.hasRetransmitted) {
    sample.rttUs = nowUs - sample.oldestSentUs;
    sample.latestRttUs = nowUs - Math.max(sample.newestSentUs, sample.newestSackedSentUs);
  } else if (sample.oldestSackedSentUs >= 0) {
    sample.rttUs = nowUs - sample.oldestSackedSentUs;
    sample.latestRttUs = nowUs - sample.newestSackedSentUs;
  } else if (canUseEcho(tcb, seg, sample)) {
    const ms = (timestampNow(tcb.tsOffset, nowUs) - options.tsEcr) | 0;
    if (ms < 0 || ms * 1000 > tcb.rtt.rtoMaxUs) return;
    sample.rttUs = Math.max(1, ms) * 1000;
    sample.latestRttUs = sample.rttUs;
  } else {
    return;
  }
  tcb.rtt.sample(sample.rttUs, nowUs, sample.latestRttUs);
}

function canUseEcho(tcb: Tcb, seg: Segment, sample: AckSample): boolean {
  return sample.ackedBytes > 0 && !sample.hasDsack && tcb.hasTimestamps && seg.options.tsEcr !== 0;
}

/** RFC 6298 (5.2), (5.3): off when nothing is in flight, started anew when there was progress. */
function updateRetransmitTimer(tcb: Tcb, sample: AckSample, nowUs: number): void {
  if (tcb.retransmitTimer !== RetransmitTimer.RTO) return;
  if (tcb.sent.count === 0) stopRetransmitTimer(tcb);
  else if (sample.ackedBytes > 0) armRetransmitTimer(tcb, nowUs);
  if (sample.ackedBytes + sample.sackedBytes > 0) scheduleProbe(tcb, nowUs);
}

/** Acknowledged bytes leave the send ring; the program hears of space that it was waiting for. */
export function releaseSendBuffer(tcb: Tcb): void {
  const ring = tcb.sndRing;
  const lenBytes = Math.min(seqDiff(tcb.sndUna, tcb.sndRingSeq), ring.usedBytes);
  if (lenBytes > 0) {
    ring.consume(lenBytes);
    tcb.sndRingSeq = (tcb.sndRingSeq + lenBytes) | 0;
    if (ring.usedBytes === 0) ring.releaseEmpty(true);
  }
  autotuneSendBuffer(tcb);
  tellWriter(tcb);
}

/** What follows for the state "if our FIN is now acknowledged". False: the connection is over. */
function ackOfFin(tcb: Tcb, nowUs: number): boolean {
  if (!tcb.isFinSent || tcb.sndUna !== tcb.sndNxt) return true;
  const next = nextState(tcb.state, StateEvent.FIN_ACKED);
  if (next === tcb.state) return true;
  if (next === State.FIN_WAIT_2) {
    setState(tcb, next);
    return !tcb.isOrphan || limitFinWait2(tcb, nowUs);
  }
  if (next === State.TIME_WAIT) enterTimeWait(tcb, nowUs);
  else deleteTcb(tcb);
  return false;
}

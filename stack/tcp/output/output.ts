/**
 * What to send, and when: the sender's half of RFC 9293 3.8. Runs once a flush for every connection
 * that has something to send.
 *
 *   1. what loss recovery wants again        (nextLost, within cwnd)
 *   2. new data, as far as three limits allow: the peer's window, cwnd, and good manners (Nagle,
 *      silly window avoidance, TCP_CORK); then the FIN
 *   3. an acknowledgment, if none of these has carried it
 *
 * One frame carries up to what the route can segment (TSO), so the limits are applied to frames,
 * and the part of a frame beyond the last full segment is subject to Nagle.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { TCP_CWR, TCP_FIN, TCP_PSH } from "../../wire/tcp.ts";
import { ECN_ECT0 } from "../loss/ecn.ts";
import { emitAck, emitSegment } from "./emit.ts";
import { framePayload } from "./frame_size.ts";
import { emitSyn, sendDeferredSyn } from "./syn.ts";
import { currentMss } from "../path/mss.ts";
import { mtuProbeLen, onMtuProbeSent } from "../path/mtu_probing.ts";
import { refreshRoute } from "../path/route.ts";
import { notsentLowat, tellWriter } from "./send_buffer.ts";
import { NO_LOWAT } from "../base/config.ts";
import { SENT_FIN, SENT_PUSH, SENT_SYN, type SentSegment } from "../tcb/sent_queue.ts";
import { seqDiff, seqGt } from "../base/seq.ts";
import { Recovery, RetransmitTimer, State } from "../base/state.ts";
import { fitWindow } from "./retransmit_window.ts";
import { isUrgentInReach } from "../urgent/send.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { armPersistTimer, armRetransmitTimer, rearmTimer } from "../tcb/deadlines.ts";
import { onProbeSent, scheduleProbe } from "../loss/tlp.ts";
import { Frto } from "../tcb/records.ts";
import { Limit, LimitClock } from "../tcb/limit_clock.ts";

/** Data sent within this time of data received makes a connection interactive. */
const PING_PONG_US = 40_000;
/** A frame waits when it would be less than this part of the window (Linux tcp_tso_win_divisor). */
const TSO_WINDOW_DIVISOR = 3;
/** It waits only while others leave: within this time of the last one. */
const TSO_DEFER_US = 1_000;

/** Sends what may be sent now: for the flush, and before a reset. */
export function tcpOutput(tcb: Tcb, nowUs: number): void {
  tcb.paceAtUs = Infinity;
  if (tcb.state === State.CLOSED || tcb.state === State.LISTEN) return;
  if (!refreshRoute(tcb)) {
    // What was sent has its timer; what was not is tried again by the persist timer
    if (tcb.sent.count === 0 && hasUnsent(tcb)) armPersistTimer(tcb, nowUs);
    rearmTimer(tcb);
    return;
  }
  if (tcb.isConnectDeferred) return sendDeferredSyn(tcb, nowUs);
  if (tcb.tlp.isDue) sendLossProbe(tcb, nowUs);
  if (tcb.undo.frto === Frto.SEND_NEW) sendNewFirst(tcb, nowUs);
  if (tcb.sent.lostBytes > 0 && tcb.undo.frto !== Frto.WAIT) retransmitLost(tcb, nowUs);
  if (hasUnsent(tcb) && isSynchronized(tcb)) sendNew(tcb, nowUs);
  if (tcb.isAckDue) emitAck(tcb, nowUs);
  if (!hasUnsent(tcb)) noteAppLimited(tcb);
  const limit = limitOf(tcb);
  if (limit !== Limit.IDLE) tcb.limits ??= new LimitClock();
  tcb.limits?.set(limit, nowUs);
  rearmTimer(tcb);
}

/** What the sender waits for after an output. */
function limitOf(tcb: Tcb): Limit {
  if (hasUnsent(tcb)) return tcb.isWndLimited ? Limit.WINDOW : Limit.NETWORK;
  if (tcb.sent.count === 0) return Limit.IDLE;
  const isCwndLimited = tcb.windowUse.mayGrow(tcb.cwnd, tcb.cwnd < tcb.ssthresh);
  return tcb.isSndBlocked && !isCwndLimited ? Limit.BUFFER : Limit.NETWORK;
}

/**
 * The program, not the network, sets the pace: what is measured now says nothing about the path.
 */
function noteAppLimited(tcb: Tcb): void {
  const { sent } = tcb;
  if (tcb.pipe < tcb.cwnd && sent.lostBytes <= sent.retransBytes) tcb.rate.markAppLimited(tcb.pipe);
}

/** The algorithm's rate, cwnd or SRTT has changed. */
export function updatePacing(tcb: Tcb): void {
  const { congestion, pacer, rtt, ssthresh, smss } = tcb;
  // In recovery cwnd may be less for a while (Linux tcp_update_pacing_rate: packets_out)
  const window = Math.max(tcb.cwnd, seqDiff(tcb.sndNxt, tcb.sndUna));
  pacer.update(congestion.pacingRate, window, ssthresh, rtt.srttUs, rtt.minRttUs, smss);
}

/** False: the next frame has to wait for its time (pacing.ts). */
function isPaceDue(tcb: Tcb, nowUs: number): boolean {
  if (tcb.pacer.isDue(nowUs)) return true;
  tcb.paceAtUs = tcb.pacer.nextSendUs;
  return false;
}

/** The handshake is done: data may be sent. */
function isSynchronized({ state, fastOpenOf }: Tcb): boolean {
  return fastOpenOf !== null || state !== State.SYN_SENT && state !== State.SYN_RECEIVED;
}

/** Data or a FIN that has not been sent yet. */
export function hasUnsent(tcb: Tcb): boolean {
  return seqGt(tcb.sndEnd, tcb.sndNxt) || (tcb.isFinQueued && !tcb.isFinSent);
}

/** Sends again what is deemed lost, oldest first, as far as cwnd allows. */
function retransmitLost(tcb: Tcb, nowUs: number): void {
  for (;;) {
    const segment = tcb.sent.nextLost();
    if (segment === null) return;
    const lenBytes = fitWindow(tcb, segment);
    if (lenBytes === 0) return;
    const room = tcb.cwnd - tcb.pipe;
    // A SYN goes in any case: the data that it took along may be all that cwnd allows
    const isSyn = (segment.flags & SENT_SYN) !== 0;
    if (!isSyn && (room < Math.min(lenBytes, tcb.smss) || !isPaceDue(tcb, nowUs))) return;
    retransmit(tcb, segment, room, nowUs);
  }
}

/** F-RTO (RFC 5682 2.1 step 2b): new data tells whether the rest was lost at all. */
function sendNewFirst(tcb: Tcb, nowUs: number): void {
  if (hasUnsent(tcb)) sendNew(tcb, nowUs);
  tcb.undo.frto = seqGt(tcb.sndNxt, tcb.recover) ? Frto.WAIT : Frto.OFF;
}

/** TLP_send_probe() (RFC 8985 7.3): a new segment, whatever cwnd says, or else the last one. */
function sendLossProbe(tcb: Tcb, nowUs: number): void {
  const { sent, smss } = tcb;
  tcb.tlp.isDue = false;
  if (sent.count === 0 || tcb.recovery !== Recovery.OPEN) return;
  const payloadLen = Math.min(unsentRecord(tcb), smss);
  if (payloadLen > 0 && seqDiff((tcb.sndUna + tcb.sndWnd) | 0, tcb.sndNxt) >= payloadLen) {
    sendData(tcb, payloadLen, false, nowUs);
    onProbeSent(tcb, false);
    return;
  }
  const last = sent.tail!;
  if ((last.flags & SENT_SYN) !== 0 || !last.isInFlight) return;
  const lenBytes = seqDiff(last.end, last.seq);
  if (lenBytes > smss) sent.split(last, lenBytes - (lenBytes % smss || smss));
  retransmit(tcb, sent.tail!, smss, nowUs);
  onProbeSent(tcb, true);
}

/** Sends one record again, at most about `maxBytes` of it (but one segment in any case). */
export function retransmit(tcb: Tcb, segment: SentSegment, maxBytes: number, nowUs: number): void {
  const smss = tcb.smss;
  const frameMax = Math.max(smss, Math.min(framePayload(tcb), maxBytes - (maxBytes % smss)));
  if (seqDiff(segment.end, segment.seq) > frameMax && (segment.flags & SENT_SYN) === 0) {
    tcb.sent.split(segment, frameMax);
  }
  const counters = tcb.layer.counters.tcp;
  const segs = Math.ceil(seqDiff(segment.end, segment.seq) / smss);
  if ((segment.flags & SENT_SYN) !== 0) {
    emitSyn(tcb, tcb.state === State.SYN_RECEIVED, nowUs);
    counters.synRetrans++;
  } else {
    const isFin = (segment.flags & SENT_FIN) !== 0;
    const payloadLen = seqDiff(segment.end, segment.seq) - (isFin ? 1 : 0);
    const isPush = (segment.flags & SENT_PUSH) !== 0 && payloadLen > 0;
    emitSegment(
      tcb,
      segment.seq,
      payloadLen,
      (isFin ? TCP_FIN : 0) | (isPush ? TCP_PSH : 0),
      nowUs,
    );
    tcb.bytesRetransmitted += payloadLen;
    if (tcb.recovery === Recovery.FAST) counters.fastRetrans += segs;
    else counters.slowStartRetrans += segs;
  }
  tcb.sent.markRetransmitted(segment, nowUs);
  tcb.rate.onSent(segment, false, nowUs);
  tcb.pacer.onSent(seqDiff(segment.end, segment.seq), nowUs);
  tcb.totalRetransmits += segs;
  tcb.undo.onRetransmit(segs, nowUs);
  tell(
    tcb,
    LogEvent.TCP_RETRANSMIT,
    seqDiff(segment.seq, tcb.iss),
    seqDiff(segment.end, segment.seq),
    tcb.totalRetransmits,
  );
  counters.retransSegs += segs;
  tcb.lastSentUs = nowUs;
  tcb.prrOut += seqDiff(segment.end, segment.seq);
  // The timer is the oldest segment's (RFC 6298 (5.3) counts from what is acknowledged next)
  if (segment === tcb.sent.head || tcb.retransmitTimer !== RetransmitTimer.RTO) {
    armRetransmitTimer(tcb, nowUs);
  }
}

/** Sends new data and the FIN. */
function sendNew(tcb: Tcb, nowUs: number): void {
  const idleUs = nowUs - tcb.lastSentUs;
  const isIdle = tcb.sndNxt === tcb.sndUna && tcb.lastDataSentUs !== 0;
  if (isIdle && idleUs > 0) tcb.congestion.onIdle(tcb, idleUs);
  tcb.isCwndLimited = false;
  tcb.isWndLimited = false;
  const first = tcb.sndNxt;
  if (tcb.isProbeDue) sendProbe(tcb, nowUs);
  if (tcb.mtuProbing.nextAtUs <= nowUs) sendMtuProbe(tcb, nowUs);
  const frameMax = framePayload(tcb);
  while (!tcb.sent.isFull && isPaceDue(tcb, nowUs)) {
    const unsent = seqDiff(tcb.sndEnd, tcb.sndNxt);
    const wndRoom = seqDiff((tcb.sndUna + tcb.sndWnd) | 0, tcb.sndNxt);
    // CWR is for one segment, not for all that a device cuts a frame into
    const maxPayload = tcb.isCwrQueued ? tcb.smss : frameMax;
    const payloadLen = unsent > 0 ? sendableLen(tcb, unsent, wndRoom, maxPayload, nowUs) : 0;
    const isFin = tcb.isFinQueued && payloadLen === unsent && wndRoom > payloadLen;
    if (payloadLen === 0 && !isFin) {
      tcb.isWndLimited = !tcb.isCwndLimited && wndRoom < Math.min(unsent, tcb.smss);
      break;
    }
    sendData(tcb, payloadLen, isFin, nowUs);
    if (isFin) break;
  }
  const isLimited = tcb.isCwndLimited || tcb.pipe + tcb.smss > tcb.cwnd;
  if (isLimited || tcb.sndNxt !== first) tcb.windowUse.note(isLimited, tcb.sndUna, tcb.sndNxt);
  if (tcb.sent.count === 0 && hasUnsent(tcb)) armPersistTimer(tcb, nowUs);
  if (tcb.isSndBlocked && notsentLowat(tcb) !== NO_LOWAT) tellWriter(tcb);
}

/** One segment that is larger than the others: does it pass (mtu_probing.ts)? */
function sendMtuProbe(tcb: Tcb, nowUs: number): void {
  const wndRoom = seqDiff((tcb.sndUna + tcb.sndWnd) | 0, tcb.sndNxt);
  const payloadLen = mtuProbeLen(tcb, unsentRecord(tcb), wndRoom, nowUs);
  if (payloadLen === 0 || !isPaceDue(tcb, nowUs)) return;
  onMtuProbeSent(tcb, tcb.sndNxt, payloadLen);
  sendData(tcb, payloadLen, false, nowUs);
}

/**
 * The persist timer expired (RFC 9293 3.8.6.1, 3.8.6.2.1 (4)): sends what the window takes, however
 * little, or asks for the window with a segment that the peer must answer. Like Linux, the question
 * is an old sequence number, not a byte beyond the window.
 */
function sendProbe(tcb: Tcb, nowUs: number): void {
  tcb.isProbeDue = false;
  const unsent = seqDiff(tcb.sndEnd, tcb.sndNxt);
  const wndRoom = seqDiff((tcb.sndUna + tcb.sndWnd) | 0, tcb.sndNxt);
  tcb.layer.counters.tcp.winProbe++;
  if (unsent > 0 && wndRoom > 0) {
    const payloadLen = Math.min(unsentRecord(tcb), wndRoom, tcb.smss);
    const isFin = tcb.isFinQueued && payloadLen === unsent && wndRoom > payloadLen;
    sendData(tcb, payloadLen, isFin, nowUs, true);
  } else {
    // An old segment tells nothing urgent: the one that tells goes first (Linux tcp_write_wakeup)
    if (isUrgentInReach(tcb)) emitSegment(tcb, tcb.sndUna, 0, 0, nowUs);
    emitSegment(tcb, (tcb.sndUna - 1) | 0, 0, 0, nowUs);
  }
}

/** What is to be sent next, up to the end of a record. */
function unsentRecord(tcb: Tcb): number {
  return tcb.writes.recordLen(tcb.sndNxt, seqDiff(tcb.sndEnd, tcb.sndNxt));
}

/** How much data the next frame takes: 0 when it has to wait. */
function sendableLen(
  tcb: Tcb,
  unsent: number,
  wndRoom: number,
  frameMax: number,
  nowUs: number,
): number {
  const mss = currentMss(tcb);
  // An octet of SYN is no segment of the window's (Linux: packets_out is without a SYN-ACK)
  const pipe = tcb.pipe - (tcb.state === State.SYN_RECEIVED ? 1 : 0);
  const cwndRoom = pipe <= 0 ? Math.max(tcb.cwnd, tcb.smss) : tcb.cwnd - pipe;
  const record = tcb.writes.recordLen(tcb.sndNxt, unsent);
  const segmentLen = Math.min(record, mss);
  if (cwndRoom < segmentLen || isCountLimited(tcb, segmentLen)) {
    tcb.isCwndLimited = true;
    return 0;
  }
  const limit = Math.min(cwndRoom, wndRoom);
  if (isWorthWaiting(tcb, record, limit, frameMax, nowUs)) {
    if (cwndRoom <= wndRoom) tcb.isCwndLimited = true;
    return 0;
  }
  const len = Math.min(record, limit, frameMax);
  const tail = len % mss;
  if (tail === 0) return Math.max(len, 0);
  // The end of a record that others follow will not grow
  if (len === record) return record < unsent || maySendSmall(tcb) ? len : len - tail;
  if (len > mss) return len - tail;
  // Less than a segment, and not all there is: the window is small (RFC 9293 3.8.6.2.1 (3)).
  return len >= tcb.maxSndWnd >> 1 && maySendSmall(tcb) ? len : 0;
}

/**
 * cwnd counts bytes; a flood of tiny segments is held to the number of segments that it stands for.
 */
function isCountLimited(tcb: Tcb, segmentLen: number): boolean {
  return segmentLen < tcb.smss && tcb.sent.count * tcb.smss >= tcb.cwnd && tcb.sent.count > 1;
}

/**
 * There is more to send than a limit allows, and an acknowledgment that will raise it is near: wait
 * for it and send one large frame instead of a small one now. It is near when the oldest segment
 * has been out for half a round trip; and where nothing has left for a while, what comes in waits
 * for nobody (Linux tcp_tso_should_defer).
 */
function isWorthWaiting(
  tcb: Tcb,
  unsent: number,
  limit: number,
  frameMax: number,
  nowUs: number,
): boolean {
  if (unsent <= limit || limit >= frameMax || frameMax <= tcb.smss) return false;
  const oldest = tcb.sent.head;
  if (tcb.recovery !== Recovery.OPEN || tcb.pipe <= 0 || oldest === null) return false;
  if (nowUs - tcb.lastSentUs >= TSO_DEFER_US) return false;
  if (nowUs - oldest.sentUs < tcb.rtt.srttUs / 2) return false;
  // Duplicate ACKs do not raise it, but let new data out (RFC 3042)
  if (tcb.dupAcks > 0 || tcb.sent.sackedBytes > 0) return false;
  return limit < Math.min(tcb.sndWnd, tcb.cwnd) / TSO_WINDOW_DIVISOR;
}

/**
 * A segment smaller than SMSS may go: always with TCP_NODELAY, in urgent mode, or when the program
 * is done; never while corked, but for what was written before TCP_NODELAY was set; else when no
 * other small one is unacknowledged (Nagle, RFC 9293 3.7.4, in Minshall's form).
 */
function maySendSmall(tcb: Tcb): boolean {
  if (tcb.isFinQueued || tcb.writes.isPushForced || tcb.isSndUrgent) return true;
  if (tcb.options.cork || tcb.writes.hasMore) return false;
  if (tcb.options.noDelay) return true;
  return !(seqGt(tcb.sndSml, tcb.sndUna) && !seqGt(tcb.sndSml, tcb.sndNxt));
}

function sendData(
  tcb: Tcb,
  payloadLen: number,
  isFin: boolean,
  nowUs: number,
  isPushForced = false,
): void {
  const seq = tcb.sndNxt;
  const isPush = isPushForced || tcb.writes.isPush(seq, payloadLen);
  const lenBytes = payloadLen + (isFin ? 1 : 0);
  const marks = (isFin ? SENT_FIN : 0) | (isPush ? SENT_PUSH : 0);
  // In the books first: what does not leave counts as lost on the way.
  const isFlightEmpty = tcb.sent.count === 0;
  const segment = tcb.sent.push(seq, lenBytes, marks, nowUs);
  tcb.rate.onSent(segment, isFlightEmpty, nowUs);
  tcb.pacer.onSent(lenBytes, nowUs);
  tcb.sndNxt = (seq + lenBytes) | 0;
  const mss = currentMss(tcb);
  if (payloadLen % mss !== 0) tcb.sndSml = tcb.sndNxt;
  if (isFin) tcb.isFinSent = true;
  let flags = (isFin ? TCP_FIN : 0) | (isPush ? TCP_PSH : 0);
  const isCapable = tcb.hasEcn && payloadLen > 0;
  if (isCapable && tcb.isCwrQueued) {
    tcb.isCwrQueued = false;
    flags |= TCP_CWR;
  }
  emitSegment(tcb, seq, payloadLen, flags, nowUs, isCapable ? ECN_ECT0 : 0);
  if (payloadLen > 0) {
    const segs = Math.ceil(payloadLen / mss);
    tcb.bytesSent += payloadLen;
    tcb.dataSegsOut += segs;
    tcb.layer.counters.tcp.origDataSent += segs;
    tcb.lastDataSentUs = nowUs;
    if (nowUs - tcb.lastDataReceivedUs < PING_PONG_US) tcb.isPingPong = true;
  }
  tcb.lastSentUs = nowUs;
  tcb.prrOut += lenBytes;
  if (tcb.retransmitTimer !== RetransmitTimer.RTO) armRetransmitTimer(tcb, nowUs);
  scheduleProbe(tcb, nowUs);
}

/**
 * The program writes again after a pause: RFC 5681 4.1, RFC 7661 in Linux's form: half the window
 * for every RTO of silence, down to the start's. Not where data has waited for the peer's window
 * meanwhile: that was no rest of the program's, and there is no burst to be feared (Linux
 * tcp_slow_start_after_idle_check).
 */
export function restartAfterIdle(tcb: Tcb, nowUs: number): void {
  const idleUs = nowUs - tcb.lastSentUs;
  const isIdle = tcb.sent.count === 0 && tcb.lastDataSentUs !== 0 && idleUs > tcb.rtt.rtoUs;
  if (!isIdle || tcb.congestion.ownsWindow) return;
  const restart = Math.min(tcb.layer.config.initialCwndSegments * tcb.smss, tcb.cwnd);
  tcb.ssthresh = Math.max(tcb.ssthresh, (tcb.cwnd >> 1) + (tcb.cwnd >> 2));
  let cwnd = tcb.cwnd;
  for (let t = idleUs - tcb.rtt.rtoUs; t > 0 && cwnd > restart; t -= tcb.rtt.rtoUs) cwnd >>= 1;
  tcb.cwnd = Math.max(cwnd, restart);
}

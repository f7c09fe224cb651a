/**
 * SEGMENT ARRIVES in state SYN-SENT (RFC 9293 3.10.7.3): ACK, RST, security, SYN, in this order.
 * Deviations, all of them Linux's:
 *
 *   - A SYN-ACK that echoes a timestamp which we have not sent is reset (RFC 7323 3.2).
 *   - A SYN without ACK leads to SYN-RECEIVED, but its data and URG are dropped instead of "queued
 *     for processing after the ESTABLISHED state has been reached": the peer sends them again.
 *   - A reset of the attempt is ECONNREFUSED for the program, not "connection reset".
 *
 * @module
 */
import { EndCause } from "../base/end_cause.ts";
import { DROP_TCP_FLAGS } from "../../base/drop_reason.ts";
import { ECONNREFUSED } from "../../base/errno.ts";
import { agreesToEcn } from "../loss/ecn.ts";
import { hasUnsent } from "../output/output.ts";
import { emitSyn } from "../output/syn.ts";
import { timestampNow } from "../base/timestamp.ts";
import { establish, failConnection, setState } from "../teardown/lifecycle.ts";
import { releaseSendBuffer, sampleRtt } from "./ack.ts";
import { processUrgentDataAndFin } from "./payload.ts";
import { retransmitSynData } from "../loss/recovery.ts";
import { replyReset } from "../output/reset.ts";
import { SENT_EVER_RETRANS } from "../tcb/sent_queue.ts";
import { seqGt, seqLeq } from "../base/seq.ts";
import { type KnownServer, NO_COOKIE } from "../secrets/fast_open_cookies.ts";
import type { Segment } from "../base/segment.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { armRetransmitTimer, stopRetransmitTimer } from "../tcb/deadlines.ts";
import { nextState, StateEvent } from "../base/state_table.ts";

const UNKNOWN_SERVER: KnownServer = { cookie: NO_COOKIE, mss: 0 };

export function synSentInput(tcb: Tcb, seg: Segment): void {
  if (tcb.isConnectDeferred) return replyReset(tcb.layer, tcb, seg);
  // First, check the ACK bit
  if (seg.isAck) {
    if (seqLeq(seg.ack, tcb.iss) || seqGt(seg.ack, tcb.sndNxt)) {
      return replyReset(tcb.layer, tcb, seg);
    }
    if (!isEchoPlausible(tcb, seg)) {
      // RFC 7323 3.2; Linux resets too
      tcb.layer.counters.tcp.pawsActive++;
      return replyReset(tcb.layer, tcb, seg);
    }
  }
  // Second, check the RST bit: it needs an acceptable ACK
  if (seg.isRst) {
    if (seg.isAck) failConnection(tcb, ECONNREFUSED, EndCause.REFUSED);
    else tcb.layer.counters.drop(DROP_TCP_FLAGS);
    return;
  }
  // Third, check security: no compartments here
  // Fourth, check the SYN bit; fifth: "if neither of the SYN or RST bits is set, then drop the
  // segment"
  if (!seg.isSyn) return tcb.layer.counters.drop(DROP_TCP_FLAGS);
  takeSyn(tcb, seg);
  if (seg.isAck) synAcknowledged(tcb, seg);
  else simultaneousOpen(tcb, seg);
}

/** The timestamp echoed is one that we have sent. */
function isEchoPlausible(tcb: Tcb, seg: Segment): boolean {
  const { options } = seg;
  if (!tcb.hasTimestamps || !options.hasTimestamps || options.tsEcr === 0) return true;
  const now = timestampNow(tcb.tsOffset, seg.nowUs);
  const head = tcb.sent.head;
  const first = timestampNow(tcb.tsOffset, head === null ? seg.nowUs : head.firstSentUs);
  return ((options.tsEcr - first) | 0) >= 0 && ((now - options.tsEcr) | 0) >= 0;
}

/** What the peer's SYN says of itself and of the options. */
function takeSyn(tcb: Tcb, seg: Segment): void {
  const { options } = seg;
  const rcvWnd = tcb.rcvWnd;
  tcb.irs = seg.seq;
  tcb.rcvNxt = (seg.seq + 1) | 0;
  tcb.rcvAdv = (tcb.rcvNxt + rcvWnd) | 0;
  tcb.rcvUp = tcb.rcvNxt;
  tcb.lastAckSent = tcb.rcvNxt;
  if (options.mss !== 0) tcb.peerMss = options.mss;
  tcb.hasWindowScale = tcb.hasWindowScale && options.windowScale >= 0;
  tcb.sndWindShift = tcb.hasWindowScale ? options.windowScale : 0;
  if (!tcb.hasWindowScale) tcb.rcvWindShift = 0;
  tcb.hasSack = tcb.hasSack && options.sackPermitted;
  tcb.hasEcn = tcb.hasEcn && agreesToEcn(seg);
  tcb.hasTimestamps = tcb.hasTimestamps && options.hasTimestamps;
  if (tcb.hasTimestamps) {
    tcb.tsRecent = options.tsVal;
    tcb.tsRecentAtUs = seg.nowUs;
  }
  // SND.WND before SND.UNA, which only a SYN-ACK advances. "The window in the SYN segments is never
  // scaled" (RFC 7323 2.2)
  tcb.sndWnd = seg.window;
  tcb.maxSndWnd = seg.window;
  tcb.sndWl1 = seg.seq;
  tcb.sndWl2 = seg.ack;
}

/** "If SND.UNA > ISS (our SYN has been ACKed), change the connection state to ESTABLISHED". */
function synAcknowledged(tcb: Tcb, seg: Segment): void {
  const sample = tcb.layer.sample;
  const hasRtt = isAnswerToLastSyn(tcb, seg);
  sample.begin(tcb.rate, tcb.pipe);
  tcb.sent.acknowledge(seg.ack, sample);
  tcb.sndUna = seg.ack;
  tcb.recover = tcb.iss;
  tcb.deliveredSegs = 1; // with what went along
  fastOpenAnswered(tcb, seg);
  stopRetransmitTimer(tcb);
  if (hasRtt) sampleRtt(tcb, seg, sample);
  // The SYN's data is still out, and may have no route for a while
  if (tcb.sent.count > 0) armRetransmitTimer(tcb, seg.nowUs);
  tcb.isAckDue = true;
  // The ACK travels with data: so may the next (Linux tcp_rcv_synsent_state_process)
  if (hasUnsent(tcb)) tcb.lastDataReceivedUs = seg.nowUs;
  establish(tcb, seg.nowUs);
  // Data that went with the SYN
  if (sample.ackedBytes > 0) releaseSendBuffer(tcb);
  // "If there are other controls or text in the segment, then continue processing at the sixth
  // step"
  seg.dropSyn();
  if (seg.len > 0 || seg.isUrg) processUrgentDataAndFin(tcb, seg);
}

/**
 * Else our SYN was sent again, and it is not that one which is answered: perhaps the first answer
 * was lost and the peer's timer has brought this one, so that it tells no round trip (Karn).
 */
function isAnswerToLastSyn(tcb: Tcb, seg: Segment): boolean {
  const head = tcb.sent.head;
  if (head === null || (head.flags & SENT_EVER_RETRANS) === 0) return true;
  return ((seg.options.tsEcr - timestampNow(tcb.tsOffset, head.sentUs)) | 0) >= 0;
}

/** Our SYN and the peer's have crossed: "enter SYN-RECEIVED, form a SYN,ACK segment". */
function simultaneousOpen(tcb: Tcb, seg: Segment): void {
  setState(tcb, nextState(tcb.state, StateEvent.SYN));
  // An ACK may now be for either of our two: no RTT sample
  if (tcb.sent.head !== null) tcb.sent.head.flags |= SENT_EVER_RETRANS;
  emitSyn(tcb, true, seg.nowUs);
}

/**
 * What the server has said of cookies. Who gives none when asked may know the option in the form
 * that it had as an experiment: that is tried next, once (Linux tcp_rcv_fastopen_synack).
 */
function keepCookie(tcb: Tcb, { options }: Segment): void {
  const { layer, remote, peerMss: mss } = tcb;
  const known = layer.cookieCache.get(remote) ?? UNKNOWN_SERVER;
  const off = options.fastOpenCookieOff;
  if (options.fastOpenCookieLen > 0) {
    const cookie = layer.memory.u8.slice(off, off + options.fastOpenCookieLen);
    const isExperimental = options.isFastOpenExperimental;
    layer.cookieCache.set(remote, { ...known, cookie, mss, isExperimental });
    return;
  }
  const isRefused = off < 0 && known.cookie.length === 0 && tcb.totalRetransmits === 0;
  layer.cookieCache.set(remote, {
    cookie: known.cookie,
    mss,
    isExperimental: isRefused
      ? !known.isExperimentTried && !known.isExperimental
      : known.isExperimental,
    isExperimentTried: known.isExperimentTried || isRefused && known.isExperimental,
  });
}

/** A cookie that was not asked for is none (Linux tcp_rcv_fastopen_synack). */
function keepMss({ layer, remote, peerMss: mss }: Tcb): void {
  layer.cookieCache.set(remote, { ...layer.cookieCache.get(remote) ?? UNKNOWN_SERVER, mss });
}

/** Fast Open: keeps the cookie and the MSS, and sees what became of the data of our SYN. */
function fastOpenAnswered(tcb: Tcb, seg: Segment): void {
  const { layer } = tcb;
  if (tcb.fastOpenAsked) keepCookie(tcb, seg);
  else if (tcb.synDataLen > 0) keepMss(tcb);
  if (tcb.synDataLen === 0) return;
  if (tcb.sent.count === 0) {
    layer.counters.tcp.fastOpenActive++;
    tcb.isSynDataAcked = true;
  } else {
    layer.counters.tcp.fastOpenActiveFail++;
    retransmitSynData(tcb);
  }
  tcb.synDataLen = 0;
}

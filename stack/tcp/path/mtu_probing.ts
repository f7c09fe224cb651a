/**
 * Path MTU black holes: a router drops what is too large, and the ICMP error that would say so does
 * not arrive (RFC 4821, RFC 8899 4.2). In the manner of Linux's tcp_mtu_probing = 1: after some
 * back-offs segments become small, and the largest size that passes is searched for again, by
 * single larger segments between the others (RFC 4821 7.3, 7.6).
 *
 *      tcp_base_mss        probe = middle          what the path MTU allows
 *          |------------------|------------------------|
 *      `mssLimit`       passed: the new `mssLimit`;  lost: the new upper end
 *
 * On a path that loses much, some back-offs in a row are mere chance. If such segments have passed
 * before, they are therefore small on trial only: until something is acknowledged. Their size is to
 * blame when that was something small, time and again, and nothing of full size came through in
 * between.
 *
 * @module
 */
import { unlimitedSmss, updateSmss } from "./mss.ts";
import { seqDiff, seqGeq, seqGt } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { Recovery } from "../base/state.ts";

/** Back-offs in a row before the size of the segments is suspected (tcp_retries1). */
const RETRIES_1 = 3;
/** tcp_base_mss, tcp_mtu_probe_floor */
const BASE_MSS = 1024;
const FLOOR_MSS = 48;
/** The search is over when no more than this can be gained (tcp_probe_threshold). */
const SEARCH_THRESHOLD = 8;
/** Segments that have to follow a probe, so that its loss is noticed without a timeout. */
const FOLLOWERS = 3;
/** Trials in a row that find fault with a size which has passed before. */
const DOUBTS_MAX = 4;

/** The retransmission timer is about to send the head of the queue again. */
export function onTimeoutOfSize(tcb: Tcb, nowUs: number): void {
  const { config } = tcb.layer;
  const { mtuProbing } = tcb;
  failProbe(tcb, nowUs);
  const head = tcb.sent.head;
  if (!config.mtuProbing || tcb.backoff < RETRIES_1 || head === null) return;
  const isLimited = mtuProbing.mssLimit !== Infinity;
  const limit = isLimited ? Math.max(mtuProbing.mssLimit >> 1, FLOOR_MSS) : BASE_MSS;
  // A segment that is not larger was not lost for its size
  if (tcb.smss <= limit || seqDiff(head.end, head.seq) <= limit) return;
  if (mtuProbing.isTrial || mtuProbing.passedLen > limit) {
    // Perhaps there is no path at all: no hurry
    if (tcb.backoff % RETRIES_1 !== 0) return;
    if (!mtuProbing.isTrial) mtuProbing.limitBefore = mtuProbing.mssLimit;
  } else {
    beginSearch(tcb, nowUs);
  }
  mtuProbing.mssLimit = limit;
  updateSmss(tcb);
  // They are small enough in the retransmission queue only after they are split: see `retransmit`
  tcb.pmtuSeq = tcb.sndUna;
}

/** The next search begins when the interval is over. */
function beginSearch(tcb: Tcb, nowUs: number): void {
  tcb.mtuProbing.high = 0;
  tcb.mtuProbing.nextAtUs = nowUs + tcb.layer.config.mtuProbeIntervalUs;
}

/** Something has arrived: `longestBytes` is the most of it that was sent as one record. */
export function noteArrival(tcb: Tcb, longestBytes: number, nowUs: number): void {
  const { mtuProbing } = tcb;
  if (mtuProbing.isTrial) {
    if (longestBytes > 0) endTrial(tcb, longestBytes, nowUs);
  } else if (longestBytes >= tcb.smss) {
    mtuProbing.doubts = 0;
    if (tcb.smss > mtuProbing.passedLen) mtuProbing.passedLen = tcb.smss;
  }
}

function endTrial(tcb: Tcb, longestBytes: number, nowUs: number): void {
  const { mtuProbing } = tcb;
  const { limitBefore } = mtuProbing;
  mtuProbing.limitBefore = 0;
  mtuProbing.doubts = longestBytes > mtuProbing.mssLimit ? 0 : mtuProbing.doubts + 1;
  if (mtuProbing.doubts < DOUBTS_MAX) {
    mtuProbing.mssLimit = limitBefore;
    updateSmss(tcb);
    return;
  }
  mtuProbing.doubts = 0;
  mtuProbing.passedLen = mtuProbing.mssLimit;
  beginSearch(tcb, nowUs);
}

/** How much data a probe that may be sent now has; 0: no probe. */
export function mtuProbeLen(tcb: Tcb, unsent: number, wndRoom: number, nowUs: number): number {
  const { mtuProbing } = tcb;
  if (mtuProbing.nextAtUs > nowUs || mtuProbing.probeLen !== 0) return 0;
  const full = unlimitedSmss(tcb);
  const high = mtuProbing.high === 0 ? full : Math.min(mtuProbing.high, full);
  if (high - tcb.smss < SEARCH_THRESHOLD) {
    endSearch(tcb, full, nowUs);
    return 0;
  }
  // Whether all that the path MTU allows passes again is asked first
  const len = mtuProbing.high === 0 ? high : (tcb.smss + high + 1) >> 1;
  const wanted = len + FOLLOWERS * tcb.smss;
  const isPossible = tcb.recovery === Recovery.OPEN && tcb.sent.lostBytes === 0 &&
    unsent >= wanted && wndRoom >= wanted && tcb.cwnd - tcb.pipe >= wanted;
  return isPossible ? len : 0;
}

export function onMtuProbeSent(tcb: Tcb, seq: number, len: number): void {
  tcb.mtuProbing.probeSeq = seq;
  tcb.mtuProbing.probeLen = len;
}

/** An acknowledgment was worked in: did the probe pass, or is it lost? */
export function checkMtuProbe(tcb: Tcb, nowUs: number): void {
  const { mtuProbing } = tcb;
  const { probeLen, probeSeq } = mtuProbing;
  if (probeLen === 0) return;
  if (seqGeq(tcb.sndUna, (probeSeq + probeLen) | 0)) {
    mtuProbing.probeLen = 0;
    mtuProbing.mssLimit = probeLen;
    tcb.layer.counters.tcp.mtupSuccess++;
    updateSmss(tcb);
  } else if (tcb.recovery !== Recovery.OPEN && !seqGt(tcb.sndUna, probeSeq)) {
    failProbe(tcb, nowUs);
  }
}

/** The probe is lost, which is no sign of congestion (RFC 4821 7.6.2). */
function failProbe(tcb: Tcb, nowUs: number): void {
  const { mtuProbing } = tcb;
  if (mtuProbing.probeLen === 0) return;
  mtuProbing.high = mtuProbing.probeLen - 1;
  mtuProbing.probeLen = 0;
  tcb.layer.counters.tcp.mtupFail++;
  if (tcb.recovery !== Recovery.FAST || tcb.congestion.ownsWindow) return;
  tcb.congestion.onUndo(tcb, nowUs);
  tcb.undo.isArmed = false;
  tcb.recovery = Recovery.RESIZE;
}

function endSearch(tcb: Tcb, full: number, nowUs: number): void {
  const { mtuProbing } = tcb;
  if (tcb.smss >= full) {
    mtuProbing.mssLimit = Infinity;
    mtuProbing.nextAtUs = Infinity;
    return;
  }
  beginSearch(tcb, nowUs);
}

/**
 * Loss recovery: what the sender does about losses.
 *
 *     OPEN ---- a segment is deemed lost ----> FAST ---- `recover` acknowledged ----> OPEN
 *       \                                        |  \---- it was a mistake: undone --->
 *        `------ retransmission timeout -----> LOSS ---- the same two ways ----------> OPEN
 *                                                 `---- a retransmission is lost ---> FAST
 *
 * RESIZE is like LOSS where segments were lost for their size, or for being early: nothing is
 * reduced, nothing undone.
 *
 * With SACK RACK-TLP (RFC 8985) says what is lost, and `pipe` (RFC 6675) governs what to send;
 * without it is NewReno, RFC 6582, duplicate acknowledgments standing for bytes that have left the
 * network. The window falls by proportional rate reduction (RFC 9937). Retransmissions themselves
 * are sent by `output.ts` (whatever is marked lost).
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import type { AckSample } from "../tcb/ack_sample.ts";
import { isReducing } from "./ecn.ts";
import { detectLosses, detectLossesOnTimeout } from "./loss_detection.ts";
import { detectLate, DUP_THRESH, isDsackOurs } from "./rack.ts";
import { seqDiff, seqGeq, seqGt, seqLeq } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { Recovery } from "../base/state.ts";
import { detectLossByProbe } from "./tlp.ts";
import {
  countDsack,
  isUndoneByDsack,
  isUndoneByEcho,
  isUndoneByFrto,
  undoRecovery,
} from "./undo.ts";
import { Frto } from "../tcb/records.ts";

/** An acceptable acknowledgment was entered into the books: finds losses, adjusts cwnd. */
export function onAckForRecovery(tcb: Tcb, sample: AckSample, nowUs: number): void {
  const lostBefore = tcb.sent.lostTotalBytes;
  if (sample.hasDsack) takeDsack(tcb, sample);
  if (detectLossByProbe(tcb, sample)) reduceForProbe(tcb, nowUs);
  switch (tcb.recovery) {
    case Recovery.FAST:
      inFastRecovery(tcb, sample, nowUs);
      break;
    case Recovery.LOSS:
      inLossRecovery(tcb, sample, nowUs);
      break;
    case Recovery.RESIZE:
      if (seqGeq(tcb.sndUna, tcb.recover)) leaveRecovery(tcb, nowUs);
      break;
    default:
      if (isUndoneByDsack(tcb)) undo(tcb, "dsackUndo", nowUs);
  }
  const hasBooks = tcb.sent.count > 0 || sample.ackedBytes > 0;
  const isRetransLost = hasBooks && detectLosses(tcb, sample, nowUs);
  if (isResending(tcb) && isRetransLost) enterFastRecovery(tcb);
  if (tcb.recovery === Recovery.OPEN) {
    if (tcb.sent.lostBytes > 0) enterFastRecovery(tcb);
    // Follows SND.UNA, so that the comparison with it holds however long nothing is lost.
    else if (seqGt(tcb.sndUna, tcb.recover)) tcb.recover = (tcb.sndUna - 1) | 0;
  }
  // An algorithm that owns the window is told of the delivery when it is complete
  if (tcb.congestion.ownsWindow) return;
  if (tcb.recovery === Recovery.FAST) {
    const isLossNew = tcb.sent.lostTotalBytes > lostBefore;
    reduceProportionally(tcb, sample.deliveredBytes, sample.ackedBytes > 0, isLossNew);
  } else if (sample.ackedBytes > 0 || isProgressInAnyOrder(tcb, sample)) {
    growWindow(tcb, sample, nowUs);
  }
}

/**
 * The path is known to reorder: what arrives out of order tells of no loss, and in slow start
 * counts when it is SACKed, as it will not when it is acknowledged (Linux tcp_may_raise_cwnd).
 */
function isProgressInAnyOrder({ rack, smss, cwnd, ssthresh }: Tcb, sample: AckSample): boolean {
  return sample.sackedBytes > 0 && rack.reorderBytes > DUP_THRESH * smss && cwnd < ssthresh;
}

/** What was lost is sent again as cwnd allows, not by proportional rate reduction. */
function isResending({ recovery }: Tcb): boolean {
  return recovery === Recovery.LOSS || recovery === Recovery.RESIZE;
}

/** The reordering timer of RACK expired. */
export function detectOverdue(tcb: Tcb, nowUs: number): void {
  const isRetransLost = detectLate(tcb, nowUs);
  const isNews = tcb.recovery === Recovery.OPEN || isResending(tcb) && isRetransLost;
  if (tcb.sent.lostBytes === 0 || !isNews) return;
  enterFastRecovery(tcb);
  if (!tcb.congestion.ownsWindow) reduceProportionally(tcb, 0, false, true);
}

function takeDsack(tcb: Tcb, sample: AckSample): void {
  if (!isDsackOurs(tcb, sample)) return;
  countDsack(tcb, sample);
  const isOfProbe = tcb.tlp.isOut && sample.dsackRight === tcb.tlp.endSeq;
  if (!isOfProbe) tcb.rack.onDsack(tcb.sndUna, tcb.sndNxt);
}

/** RFC 8985 7.4.2: the probe itself mended a loss: one reduction, no recovery (Linux: CWR). */
function reduceForProbe(tcb: Tcb, nowUs: number): void {
  tcb.layer.counters.tcp.lossProbeRecovery++;
  tcb.undo.isArmed = false;
  tcb.ssthresh = tcb.congestion.onLoss(tcb);
  if (!tcb.congestion.ownsWindow) tcb.cwnd = Math.max(tcb.ssthresh, tcb.smss);
  tcb.congestion.onRecovered(tcb, nowUs);
}

function inFastRecovery(tcb: Tcb, sample: AckSample, nowUs: number): void {
  const isLate = isUndoneByEcho(tcb, sample);
  if (seqGeq(tcb.sndUna, tcb.recover)) {
    if (isLate || isUndoneByDsack(tcb)) undo(tcb, "fullUndo", nowUs);
    else leaveRecovery(tcb, nowUs);
  } else if (isLate) {
    // The first hole was only late: so are the others, unless they were sent again by now
    tcb.rack.isReorderingSeen = true;
    if (tcb.sent.retransBytes === 0) undo(tcb, "partialUndo", nowUs);
  } else if (isUndoneByDsack(tcb)) {
    undo(tcb, "dsackUndo", nowUs);
  }
}

/** RFC 5682 3.1, and 2.1 without SACK: was the timeout spurious? */
function inLossRecovery(tcb: Tcb, sample: AckSample, nowUs: number): void {
  const state = tcb.undo;
  const hasProgress = sample.ackedBytes > 0;
  if (isUndoneByFrto(tcb, sample)) {
    tcb.layer.counters.tcp.spuriousRtos++;
    return undo(tcb, "lossUndo", nowUs);
  }
  if (hasProgress && (isUndoneByEcho(tcb, sample) || isUndoneByDsack(tcb))) {
    return undo(tcb, "lossUndo", nowUs);
  }
  if (seqGeq(tcb.sndUna, tcb.recover)) return leaveRecovery(tcb, nowUs);
  if (state.frto === Frto.WAIT) {
    // Step 3a, or an acknowledgment that says nothing new: the loss was real
    if (hasProgress || sample.sackedBytes > 0 || sample.isDuplicate) state.frto = Frto.OFF;
  } else if (state.frto === Frto.ON && hasProgress) {
    tcb.recover = tcb.sndNxt;
    state.frto = Frto.SEND_NEW;
  }
}

function undo(
  tcb: Tcb,
  counter: "fullUndo" | "partialUndo" | "dsackUndo" | "lossUndo",
  nowUs: number,
): void {
  tcb.layer.counters.tcp[counter]++;
  tcb.sent.unmarkLost();
  undoRecovery(tcb, nowUs);
  tell(tcb, LogEvent.TCP_RECOVERY_UNDONE, tcb.cwnd);
}

/**
 * cwnd grows only while it is what limits the sender (congestion/window_use.ts). In slow start it
 * grows by what was not known to have arrived: the flight has shrunk by SACKed bytes before, and
 * they would let out a burst. (Linux tcp_cong_control counts so in congestion avoidance, too: with
 * losses every acknowledgment that ends a recovery then counts for one segment, and at 5% a
 * connection is 7% slower.)
 */
function growWindow(tcb: Tcb, sample: AckSample, nowUs: number): void {
  if (tcb.recovery === Recovery.OPEN && isReducing(tcb)) return;
  const isSlowStart = tcb.cwnd < tcb.ssthresh;
  if (isResending(tcb) || tcb.windowUse.mayGrow(tcb.cwnd, isSlowStart)) {
    const lenBytes = isSlowStart ? sample.deliveredBytes : sample.ackedBytes;
    tcb.congestion.onAck(tcb, lenBytes, sample.latestRttUs, nowUs);
  } else tcb.congestion.onAppLimited(tcb, nowUs);
}

function enterFastRecovery(tcb: Tcb): void {
  const counters = tcb.layer.counters.tcp;
  if (tcb.hasSack) counters.sackRecovery++;
  else counters.renoRecovery++;
  tcb.recovery = Recovery.FAST;
  tcb.recover = tcb.sndNxt;
  tcb.tlp.isOut = false;
  tcb.probeAtUs = Infinity;
  tcb.undo.arm(tcb.sndUna, Math.ceil(tcb.sent.retransBytes / tcb.smss));
  tcb.ssthresh = tcb.congestion.onLoss(tcb);
  tcb.prrDelivered = 0;
  tcb.prrOut = 0;
  tcb.recoverFlight = Math.max(1, seqDiff(tcb.sndNxt, tcb.sndUna));
  tell(tcb, LogEvent.TCP_RECOVERY, tcb.sent.lostBytes, tcb.recoverFlight, tcb.ssthresh);
}

/**
 * RFC 9937 6.1, 6.2: in proportion to what is delivered down to ssthresh, and below it as much as
 * is delivered; a segment more, as in slow start, where SND.UNA has moved (`isAdvance`) and nothing
 * more was found lost (`isLossNew`): the recovery goes well.
 */
function reduceProportionally(
  tcb: Tcb,
  delivered: number,
  isAdvance: boolean,
  isLossNew: boolean,
): void {
  const pipe = tcb.pipe;
  tcb.prrDelivered += delivered;
  let sendBytes: number;
  if (pipe > tcb.ssthresh) {
    const share = (tcb.prrDelivered * tcb.ssthresh) / tcb.recoverFlight;
    // Up to whole segments, as Linux counts
    sendBytes = Math.ceil(share / tcb.smss) * tcb.smss - tcb.prrOut;
  } else {
    let limit = Math.max(tcb.prrDelivered - tcb.prrOut, delivered);
    if (isAdvance && !isLossNew) limit += tcb.smss;
    sendBytes = Math.min(tcb.ssthresh - pipe, limit);
  }
  // The first retransmission goes in any case (RFC 6675 section 5 (4.3)); without SACK so does the
  // one for each partial acknowledgment (RFC 6582 3.2 (5)).
  const isPartial = !tcb.hasSack && isAdvance;
  if (tcb.prrOut === 0 || isPartial) sendBytes = Math.max(sendBytes, tcb.smss);
  tcb.cwnd = Math.max(pipe + Math.max(sendBytes, 0), tcb.smss);
}

function leaveRecovery(tcb: Tcb, nowUs: number): void {
  if (tcb.recovery === Recovery.FAST && !tcb.congestion.ownsWindow) {
    tcb.cwnd = Math.max(tcb.ssthresh, tcb.smss);
  }
  tcb.recovery = Recovery.OPEN;
  tcb.undo.frto = Frto.OFF;
  tcb.dupAcks = 0;
  tcb.dupAckedBytes = 0;
  tcb.rack.onRecovered();
  tcb.congestion.onRecovered(tcb, nowUs);
  tell(tcb, LogEvent.TCP_RECOVERED, tcb.cwnd);
}

/**
 * The retransmission timer expired (RFC 5681 3.1, RFC 8985 6.3). The window is reduced once for
 * each window of data: not again when a retransmission is lost, in fast recovery neither (Linux
 * tcp_enter_loss).
 */
export function enterLossRecovery(tcb: Tcb, nowUs: number): void {
  const wasOpen = tcb.recovery === Recovery.OPEN || tcb.recovery === Recovery.RESIZE;
  if (wasOpen) {
    tcb.ssthresh = tcb.congestion.onLoss(tcb);
    tcb.undo.arm(tcb.sndUna, Math.ceil(tcb.sent.retransBytes / tcb.smss));
  }
  tcb.undo.frto = wasOpen || tcb.backoff > 0 ? Frto.ON : Frto.OFF;
  tcb.recovery = Recovery.LOSS;
  tcb.recover = tcb.sndNxt;
  tcb.tlp.isOut = false;
  tcb.reorderAtUs = Infinity;
  tcb.probeAtUs = Infinity;
  tcb.dupAcks = 0;
  tcb.dupAckedBytes = 0;
  detectLossesOnTimeout(tcb, nowUs);
  tcb.cwnd = tcb.pipe + tcb.smss;
  tcb.congestion.onTimeout(tcb, nowUs);
}

/**
 * The path MTU fell: what was sent in larger segments did not pass. That is no sign of congestion,
 * and cwnd stays (Linux tcp_simple_retransmit).
 */
export function retransmitTooLarge(tcb: Tcb): void {
  for (let s = tcb.sent.head; s !== null && seqLeq(s.end, tcb.pmtuSeq); s = s.next) {
    if (seqDiff(s.end, s.seq) > tcb.smss) tcb.sent.markLost(s);
  }
  tcb.pmtuSeq = tcb.sndUna;
  if (tcb.sent.lostBytes > 0 && tcb.recovery === Recovery.OPEN) beginResending(tcb);
}

/**
 * The SYN has arrived, the data that went with it has not: the peer does not take it (RFC 7413
 * 4.2.2), which is no sign of congestion either (Linux tcp_rcv_fastopen_synack).
 */
export function retransmitSynData(tcb: Tcb): void {
  tcb.sent.markAllLost();
  beginResending(tcb);
}

function beginResending(tcb: Tcb): void {
  // A D-SACK that comes now must not end this
  tcb.undo.isArmed = false;
  tcb.recovery = Recovery.RESIZE;
  tcb.recover = tcb.sndNxt;
}

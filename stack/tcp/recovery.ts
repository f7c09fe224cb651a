/**
 * Loss recovery: what the sender does about losses.
 *
 *     OPEN ---- a segment is deemed lost ----> FAST ---- `recover` acknowledged ----> OPEN
 *       \                                        |
 *        `------ retransmission timeout -----> LOSS ---- `recover` acknowledged ----> OPEN
 *
 * With SACK: RFC 6675, what to send being governed by `pipe`; without: NewReno, RFC 6582, duplicate
 * acknowledgments standing for bytes that have left the network. The window falls by proportional
 * rate reduction (RFC 6937). Retransmissions themselves are sent by `output.ts` (whatever is marked
 * lost).
 *
 * @module
 */
import type { AckSample } from "./ack_sample.ts";
import { detectLosses } from "./loss_detection.ts";
import { SENT_LOST } from "./sent_queue.ts";
import { seqDiff, seqGeq, seqGt, seqLeq } from "./seq.ts";
import { Recovery, type Tcb } from "./tcb.ts";

const DUP_THRESH = 3;

/** An acceptable acknowledgment was entered into the books: finds losses, adjusts cwnd. */
export function onAckForRecovery(tcb: Tcb, sample: AckSample, nowUs: number): void {
  if (tcb.hasSack) detectLosses(tcb);
  else countDuplicates(tcb, sample);
  if (tcb.recovery === Recovery.OPEN) {
    if (tcb.sent.lostBytes > 0) enterFastRecovery(tcb, nowUs);
    // Follows SND.UNA, so that the comparison with it holds however long nothing is lost.
    else if (seqGt(tcb.sndUna, tcb.recover)) tcb.recover = (tcb.sndUna - 1) | 0;
  } else if (seqGeq(tcb.sndUna, tcb.recover)) {
    leaveRecovery(tcb, nowUs);
  } else if (!tcb.hasSack && sample.ackedBytes > 0) {
    onPartialAck(tcb);
  }
  // An algorithm that owns the window is told of the delivery when it is complete
  if (tcb.congestion.ownsWindow) return;
  if (tcb.recovery === Recovery.FAST) reduceProportionally(tcb, sample);
  else if (sample.ackedBytes > 0) growWindow(tcb, sample, nowUs);
}

/**
 * cwnd grows only while it is what limits the sender (RFC 7661 4.1, as Linux tcp_is_cwnd_limited).
 */
function growWindow(tcb: Tcb, sample: AckSample, nowUs: number): void {
  const isSlowStart = tcb.cwnd < tcb.ssthresh;
  const isLimited = tcb.recovery === Recovery.LOSS || tcb.isCwndLimited ||
    (isSlowStart && tcb.cwnd < 2 * sample.priorPipe);
  if (isLimited) tcb.congestion.onAck(tcb, sample.ackedBytes, sample.rttUs, nowUs);
  else tcb.congestion.onAppLimited(tcb, nowUs);
}

function enterFastRecovery(tcb: Tcb, nowUs: number): void {
  const counters = tcb.layer.counters.tcp;
  if (tcb.hasSack) counters.sackRecovery++;
  else counters.renoRecovery++;
  tcb.recovery = Recovery.FAST;
  tcb.recover = tcb.sndNxt;
  tcb.ssthresh = tcb.congestion.onLoss(tcb, nowUs);
  tcb.prrDelivered = 0;
  tcb.prrOut = 0;
  tcb.recoverFlight = Math.max(1, seqDiff(tcb.sndNxt, tcb.sndUna));
}

/** RFC 6937 section 3, with the slow start reduction bound. */
function reduceProportionally(tcb: Tcb, sample: AckSample): void {
  const delivered = sample.deliveredBytes;
  const pipe = tcb.pipe;
  tcb.prrDelivered += delivered;
  let sendBytes: number;
  if (pipe > tcb.ssthresh) {
    sendBytes = Math.ceil((tcb.prrDelivered * tcb.ssthresh) / tcb.recoverFlight) - tcb.prrOut;
  } else {
    const limit = Math.max(tcb.prrDelivered - tcb.prrOut, delivered) + tcb.smss;
    sendBytes = Math.min(tcb.ssthresh - pipe, limit);
  }
  // The first retransmission goes in any case (RFC 6675 section 5 (4.3)); without SACK so does the
  // one for each partial acknowledgment (RFC 6582 3.2 (5)).
  const isPartial = !tcb.hasSack && sample.ackedBytes > 0;
  if (tcb.prrOut === 0 || isPartial) sendBytes = Math.max(sendBytes, tcb.smss);
  tcb.cwnd = Math.max(pipe + Math.max(sendBytes, 0), tcb.smss);
}

function leaveRecovery(tcb: Tcb, nowUs: number): void {
  if (tcb.recovery === Recovery.FAST && !tcb.congestion.ownsWindow) {
    tcb.cwnd = Math.max(tcb.ssthresh, tcb.smss);
  }
  tcb.recovery = Recovery.OPEN;
  tcb.dupAcks = 0;
  tcb.dupAckedBytes = 0;
  tcb.congestion.onRecovered(tcb, nowUs);
}

/**
 * Without SACK: a duplicate acknowledgment says that one more segment has arrived (RFC 5681 3.2).
 */
function countDuplicates(tcb: Tcb, sample: AckSample): void {
  const outstanding = seqDiff(tcb.sndNxt, tcb.sndUna);
  if (sample.ackedBytes > 0) {
    // All but the segment that filled the gap had been counted as arrived.
    const known = Math.max(0, tcb.dupAckedBytes - Math.max(0, sample.ackedBytes - tcb.smss));
    sample.deliveredBytes = Math.max(0, sample.deliveredBytes - (tcb.dupAckedBytes - known));
    tcb.dupAckedBytes = tcb.recovery === Recovery.FAST ? Math.min(known, outstanding) : 0;
    if (tcb.recovery === Recovery.OPEN) tcb.dupAcks = 0;
    return;
  }
  if (!sample.isDuplicate || tcb.recovery === Recovery.LOSS) return;
  tcb.dupAcks++;
  const arrived = Math.min(tcb.smss, Math.max(0, outstanding - tcb.smss - tcb.dupAckedBytes));
  tcb.dupAckedBytes += arrived;
  sample.deliveredBytes += arrived;
  if (tcb.recovery !== Recovery.OPEN || tcb.dupAcks < DUP_THRESH) return;
  // RFC 6582 3.2 (2): not for what a timeout has sent again already.
  if (seqGt(tcb.sndUna, tcb.recover)) markHeadLost(tcb);
}

/** RFC 6582 3.2 (5): the next hole is lost too. */
function onPartialAck(tcb: Tcb): void {
  markHeadLost(tcb);
}

/** Deems the first segment lost, unless that is known. */
function markHeadLost(tcb: Tcb): void {
  const head = tcb.sent.head;
  if (head === null || (head.flags & SENT_LOST) !== 0) return;
  if (seqDiff(head.end, head.seq) > tcb.smss) tcb.sent.split(head, tcb.smss);
  tcb.sent.markLost(head);
}

/** The retransmission timer expired (RFC 5681 3.1, RFC 6675 5.1): everything not SACKed is lost. */
export function enterLossRecovery(tcb: Tcb, nowUs: number): void {
  const sent = tcb.sent;
  if (sent.isHeadSacked(tcb.sndUna)) {
    tcb.layer.counters.tcp.sackReneging++;
    sent.clearSacked();
  }
  // Reduced once for each window of data, not again when a retransmission is lost.
  if (tcb.recovery !== Recovery.LOSS) tcb.ssthresh = tcb.congestion.onLoss(tcb, nowUs);
  tcb.recovery = Recovery.LOSS;
  tcb.recover = tcb.sndNxt;
  tcb.cwnd = tcb.smss;
  tcb.dupAcks = 0;
  tcb.dupAckedBytes = 0;
  tcb.congestion.onTimeout(tcb, nowUs);
  sent.markAllLost();
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
  if (tcb.sent.lostBytes === 0 || tcb.recovery !== Recovery.OPEN) return;
  tcb.recovery = Recovery.LOSS;
  tcb.recover = tcb.sndNxt;
}

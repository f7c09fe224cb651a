/**
 * Tail loss probe (RFC 8985 section 7): when the last segments of a flight are lost, nothing comes
 * after them that would be SACKed. So after about two round trips of silence one segment is sent,
 * a new one or else the last one again; what comes back lets RACK find the loss, without a timeout.
 *
 *     data data data --- PTO ---> probe ---> SACK of the probe: fast recovery
 *                                       `--> ACK beyond the probe: a loss was mended by it (cwnd)
 *                                       `--> D-SACK: nothing was lost
 *                                       `--> silence: RTO
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import type { AckSample } from "../tcb/ack_sample.ts";
import { seqGt, seqLt } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { Recovery, RetransmitTimer } from "../base/state.ts";

/** A receiver may hold the ACK of a single segment back so long (Linux: the minimum of the RTO). */
const MAX_ACK_DELAY_US = 200_000;
/** Rounding of the peer's timers (Linux TCP_TIMEOUT_MIN). */
const SLACK_US = 2_000;
/** PTO without an RTT sample. */
const PTO_INIT_US = 1_000_000;

/** TLP_calc_PTO() (7.2): arms the probe timer, if there is something to be probed. */
export function scheduleProbe(tcb: Tcb, nowUs: number): void {
  const { sent, rtt, tlp } = tcb;
  tcb.probeAtUs = Infinity;
  if (!tcb.hasSack || sent.count === 0 || sent.sackedBytes > 0 || tlp.isOut) return;
  if (tcb.recovery !== Recovery.OPEN || sent.lostBytes > 0) return;
  if (tcb.retransmitTimer !== RetransmitTimer.RTO || tcb.backoff > 0) return;
  let ptoUs = PTO_INIT_US;
  if (rtt.srttUs >= 0) {
    const isSingle = ((tcb.sndNxt - tcb.sndUna) | 0) <= tcb.smss;
    ptoUs = 2 * rtt.srttUs + (isSingle ? MAX_ACK_DELAY_US : SLACK_US);
  }
  tcb.probeAtUs = Math.min(nowUs + ptoUs, tcb.retransmitAtUs);
}

/** The probe was sent; it is not probed itself (7.2): what follows is the timeout. */
export function onProbeSent(tcb: Tcb, isRetrans: boolean): void {
  const { tlp } = tcb;
  tcb.probeAtUs = Infinity;
  tlp.isOut = true;
  tlp.isRetrans = isRetrans;
  tlp.endSeq = tcb.sndNxt;
  tcb.layer.counters.tcp.lossProbes++;
  tell(tcb, LogEvent.TCP_LOSS_PROBE, (tcb.sndNxt - tcb.sndUna) | 0);
}

/**
 * TLP_process_ack() (7.4.2). True: the probe has mended a loss, which congestion control has to
 * hear of.
 */
export function detectLossByProbe(tcb: Tcb, sample: AckSample): boolean {
  const { tlp } = tcb;
  if (!tlp.isOut || seqLt(tcb.sndUna, tlp.endSeq)) return false;
  if (!tlp.isRetrans || (sample.hasDsack && sample.dsackRight === tlp.endSeq)) {
    tlp.isOut = false;
  } else if (seqGt(tcb.sndUna, tlp.endSeq)) {
    tlp.isOut = false;
    return tcb.recovery === Recovery.OPEN;
  } else if (sample.ackedBytes === 0 && sample.sackedBytes === 0 && sample.isPureAck) {
    // Both copies have arrived, and the D-SACK was lost, or the peer sends none
    tlp.isOut = false;
  }
  return false;
}

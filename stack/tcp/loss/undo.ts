/**
 * Finding out that a recovery was a mistake, and what follows from it: the window that it took is
 * given back.
 *
 *     D-SACK (RFC 3708)   everything that was sent again had arrived before
 *     Eifel (RFC 3522)    the acknowledgment echoes a timestamp from before the retransmission
 *     F-RTO (RFC 5682)    after a timeout, something is acknowledged that was sent once only
 *
 * As Linux's tcp_try_undo_*: D-SACKs may come after the recovery is over, until the next one.
 *
 * @module
 */
import type { AckSample } from "../tcb/ack_sample.ts";
import { timestampNow } from "../base/timestamp.ts";
import { isDsackOurs } from "./rack.ts";
import { seqGt, seqLeq } from "../base/seq.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { Recovery } from "../base/state.ts";
import { Frto } from "../tcb/records.ts";

/** Counts what a D-SACK block tells of the retransmissions. */
export function countDsack(tcb: Tcb, sample: AckSample): void {
  const { undo } = tcb;
  if (!isDsackOurs(tcb, sample) || !undo.isArmed || undo.retransSegs <= 0) return;
  if (!seqGt(sample.dsackRight, undo.marker)) return;
  const segments = Math.ceil(((sample.dsackRight - sample.dsackLeft) | 0) / tcb.smss);
  undo.retransSegs = Math.max(0, undo.retransSegs - segments);
}

/** Every retransmission was for nothing. */
export function isUndoneByDsack(tcb: Tcb): boolean {
  return tcb.undo.isArmed && tcb.undo.retransSegs === 0;
}

/** The acknowledgment is that of the first copies, which were only late. */
export function isUndoneByEcho(tcb: Tcb, sample: AckSample): boolean {
  const { firstRetransUs, isArmed } = tcb.undo;
  if (!isArmed || sample.ackedBytes === 0) return false;
  if (firstRetransUs < 0) return true;
  if (!sample.hasEcho) return false;
  return ((sample.tsEcr - timestampNow(tcb.tsOffset, firstRetransUs)) | 0) < 0;
}

/** Step 3b: what was sent before the timeout, and not again, has arrived. */
export function isUndoneByFrto(tcb: Tcb, sample: AckSample): boolean {
  if (tcb.undo.frto === Frto.OFF || !tcb.undo.isArmed || !sample.hasOriginal) return false;
  // Without SACK it may have waited behind what was sent again
  if (!tcb.hasSack && sample.hasRetransmitted) return false;
  return seqLeq(sample.originalEnd, tcb.recover);
}

/** Gives back what the recovery took, and ends it. */
export function undoRecovery(tcb: Tcb, nowUs: number): void {
  const { undo } = tcb;
  undo.isArmed = false;
  undo.frto = Frto.OFF;
  tcb.congestion.onUndo(tcb, nowUs);
  tcb.recovery = Recovery.OPEN;
  tcb.dupAcks = 0;
  tcb.dupAckedBytes = 0;
}

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
import { timestampNow } from "../output/emit.ts";
import { isDsackOurs } from "./rack.ts";
import { seqGt, seqLeq } from "../base/seq.ts";
import { Recovery, type Tcb } from "../tcb/tcb.ts";

/** What F-RTO is doing (RFC 5682 2.1, 3.1). */
export enum Frto {
  OFF = 0,
  /** The first segment was sent again; the next acknowledgment decides what to do. */
  ON = 1,
  /** Step 2b: the next output tries new data before it sends anything else again. */
  SEND_NEW = 2,
  /** New data is out: the next acknowledgment tells. */
  WAIT = 3,
}

export class Undo {
  /** There is a reduction that may be undone. */
  isArmed = false;
  /** SND.UNA at its time. */
  marker = 0;
  /** Segments sent again whose first copy is not known to have arrived; -1: none was sent yet. */
  retransSegs = -1;
  /** When the first of them was sent; -1: none. */
  firstRetransUs = -1;
  frto = Frto.OFF;

  /** A recovery begins; `retransSegs` segments that were sent again before are still in flight. */
  arm(sndUna: number, retransSegs: number): void {
    this.isArmed = true;
    this.marker = sndUna;
    this.retransSegs = retransSegs > 0 ? retransSegs : -1;
    if (retransSegs === 0) this.firstRetransUs = -1;
  }

  onRetransmit(segments: number, nowUs: number): void {
    if (this.firstRetransUs < 0) this.firstRetransUs = nowUs;
    this.retransSegs = Math.max(this.retransSegs, 0) + segments;
  }
}

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

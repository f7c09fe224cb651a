/**
 * What the mechanisms of a connection remember, each a record in the Tcb; the functions that work
 * on it are where the mechanism is: loss/tlp.ts, loss/undo.ts, path/mtu_probing.ts.
 *
 * @module
 */

/** Tail loss probe (RFC 8985 section 7). */
export class TailLossProbe {
  /** A probe is out; TLP.end_seq: SND.NXT after it. */
  isOut = false;
  endSeq = 0;
  /** TLP.is_retrans: it was no new data. */
  isRetrans = false;
  /** The probe timer expired: the next output sends the probe. */
  isDue = false;
}

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

/** The search for a black hole (RFC 4821). */
export class MtuProbing {
  /** Most data of a segment; Infinity: nothing is wrong. */
  mssLimit = Infinity;
  /** When to look for a larger size; Infinity: not at all. */
  nextAtUs = Infinity;
  /** No larger size has passed since the search began; 0: all may. */
  high = 0;
  /** Data of the largest segments that have passed; 0: none have. */
  passedLen = 0;
  /** `mssLimit` is on trial, and was this before; 0: it is not on trial. */
  limitBefore = 0;
  /** Trials since a segment of full size has passed. */
  doubts = 0;
  /** Data of the probe that is in flight (0: none), and its sequence number. */
  probeLen = 0;
  probeSeq = 0;

  get isTrial(): boolean {
    return this.limitBefore !== 0;
  }
}

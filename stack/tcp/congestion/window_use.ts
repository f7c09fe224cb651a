/**
 * Is the congestion window what limits the sender? Only then may it grow: a window that nobody
 * fills says nothing about the path (RFC 7661 4.1, RFC 9438 4.2).
 *
 * The answer holds for a window of data, not for the moment: while a flight drains, and nothing is
 * left to send, each of its acknowledgments is still that of a window that was full.
 *
 *     sent  |1 2 3 4 5 6 7 8 9 10|        the window is full: limited, up to `end`
 *     ACKs     +2  +2  +2  +2  +2 |end    the flight has been less ever since; the window grows
 *
 * As Linux's tcp_cwnd_validate and tcp_is_cwnd_limited. Sizes are bytes.
 *
 * @module
 */
import { seqGeq } from "../base/seq.ts";

export class WindowUse {
  /** The window was full at some time in this window of data. */
  isLimited = false;
  /** The most that was in flight in it, unless it was full. */
  maxFlight = 0;
  /** It ends when this sequence number is acknowledged. */
  #end = 0;

  /** Something was sent, or the window keeps it back (`isLimited`). */
  note(isLimited: boolean, sndUna: number, sndNxt: number): void {
    const flight = (sndNxt - sndUna) | 0;
    const isNews = isLimited || (!this.isLimited && flight > this.maxFlight);
    if (!isNews && !seqGeq(sndUna, this.#end)) return;
    this.isLimited = isLimited;
    this.maxFlight = flight;
    this.#end = sndNxt;
  }

  /** `cwnd` may grow: in slow start up to twice the flight that it has let out, full or not. */
  mayGrow(cwnd: number, isSlowStart: boolean): boolean {
    return this.isLimited || (isSlowStart && cwnd < 2 * this.maxFlight);
  }
}

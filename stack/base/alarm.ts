/**
 * When the first of many things is due that wait for nothing but time. Whoever begins to wait says
 * so here, or says that something has changed; so in a turn in which nothing is due nobody has to
 * be asked (stack/network_timers.ts). It may ring too early, never too late.
 *
 * @module
 */

/** To be found out by asking everybody. */
export const UNKNOWN = -1;

export class Alarm {
  /** Microseconds of the stack's clock; Infinity: nothing is due, UNKNOWN. */
  atUs = UNKNOWN;

  /** Something is due at `atUs`. */
  by(atUs: number): void {
    if (atUs < this.atUs) this.atUs = atUs;
  }

  /** Something may be due at once, or at another time than before. */
  stir(): void {
    this.atUs = UNKNOWN;
  }
}

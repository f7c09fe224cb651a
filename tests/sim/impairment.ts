/**
 * What a bad path does to frames: loss models and a CoDel-like marker, all seeded.
 *
 * @module
 */
import type { Prng } from "../support/prng.ts";

export type Loss =
  | { readonly kind: "none" }
  /** Every frame independently. */
  | { readonly kind: "bernoulli"; readonly rate: number }
  /** Two states (Gilbert-Elliott): chances to change state, then chances to lose in each. */
  | {
    readonly kind: "gilbert";
    readonly goodToBad: number;
    readonly badToGood: number;
    readonly lossGood: number;
    readonly lossBad: number;
  }
  /** Exactly these frames, counted from 0. */
  | { readonly kind: "frames"; readonly indexes: readonly number[] };

const IDLE_US = 100_000;

export class LossProcess {
  #isBad = false;
  #index = 0;
  #lastUs = 0;

  constructor(readonly model: Loss, readonly prng: Prng) {}

  /** Decides about the next frame. */
  drops(nowUs: number): boolean {
    const m = this.model;
    const index = this.#index++;
    switch (m.kind) {
      case "none":
        return false;
      case "bernoulli":
        return this.prng.chance(m.rate);
      case "frames":
        return m.indexes.includes(index);
      case "gilbert":
        // Bursts are short in time, too: a path that was idle is good again.
        if (nowUs - this.#lastUs > IDLE_US) this.#isBad = false;
        this.#lastUs = nowUs;
        if (this.prng.chance(this.#isBad ? m.badToGood : m.goodToBad)) this.#isBad = !this.#isBad;
        return this.prng.chance(this.#isBad ? m.lossBad : m.lossGood);
    }
  }
}

const CODEL_TARGET_US = 5_000;
const CODEL_INTERVAL_US = 100_000;

/**
 * RFC 8289's control law on the time a frame will spend in the queue. A FIFO's sojourn time is
 * known on entry, so the verdict falls there.
 */
export class CodelMarker {
  #firstAboveUs = 0;
  #isMarking = false;
  #nextUs = 0;
  #count = 0;

  /** True: mark this frame (or drop it when it cannot be marked). */
  decides(sojournUs: number, nowUs: number): boolean {
    if (sojournUs < CODEL_TARGET_US) {
      this.#firstAboveUs = 0;
      this.#isMarking = false;
      return false;
    }
    if (this.#firstAboveUs === 0) this.#firstAboveUs = nowUs + CODEL_INTERVAL_US;
    if (!this.#isMarking) {
      if (nowUs < this.#firstAboveUs) return false;
      this.#isMarking = true;
      const isRecent = nowUs - this.#nextUs < 16 * CODEL_INTERVAL_US;
      this.#count = this.#count > 2 && isRecent ? this.#count - 2 : 1;
      this.#nextUs = nowUs + CODEL_INTERVAL_US / Math.sqrt(this.#count);
      return true;
    }
    if (nowUs < this.#nextUs) return false;
    this.#count++;
    this.#nextUs += CODEL_INTERVAL_US / Math.sqrt(this.#count);
    return true;
  }
}

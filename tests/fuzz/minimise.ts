/**
 * Cuts a failing session down: leaves out steps for as long as the same thing goes wrong (delta
 * debugging, Zeller and Hildebrandt 2002).
 *
 * @module
 */
import { replay } from "./session.ts";
import type { Setting } from "./setting.ts";
import type { FrameStep, Step } from "./steps.ts";

export interface Limits {
  /** Replays at most, and milliseconds. */
  readonly replays: number;
  readonly ms: number;
}

export const MINIMISER_LIMITS: Limits = { replays: 4000, ms: 60_000 };

export class Minimiser {
  #replays = 0;
  readonly #deadlineMs: number;

  constructor(readonly setting: Setting, readonly kind: string, readonly limits: Limits) {
    this.#deadlineMs = performance.now() + limits.ms;
  }

  /**
   * The smallest sequence found that fails in the same way; `steps` itself if it does not on
   * replay.
   */
  run(steps: readonly Step[]): Step[] {
    let kept = [...steps];
    if (!this.#fails(kept)) return kept;
    kept = this.#dropPieces(kept);
    kept = this.#dropSteps(kept);
    return kept.map((step, i) => this.#simplify(kept, step, i));
  }

  #fails(steps: readonly Step[]): boolean {
    this.#replays++;
    return replay(this.setting, steps, true)?.kind === this.kind;
  }

  get #isOver(): boolean {
    return this.#replays >= this.limits.replays || performance.now() > this.#deadlineMs;
  }

  /** Leaves out ever smaller pieces. */
  #dropPieces(steps: Step[]): Step[] {
    let kept = steps;
    for (let size = kept.length >> 1; size >= 1; size >>= 1) {
      for (let at = kept.length - size; at > -size && !this.#isOver; at -= size) {
        const from = Math.max(0, at);
        const without = [...kept.slice(0, from), ...kept.slice(at + size)];
        if (this.#fails(without)) kept = without;
      }
    }
    return kept;
  }

  /** One by one, until none can go. */
  #dropSteps(steps: Step[]): Step[] {
    let kept = steps;
    for (let before = -1; before !== kept.length && !this.#isOver;) {
      before = kept.length;
      for (let i = kept.length - 1; i >= 0 && !this.#isOver; i--) {
        const without = kept.filter((_, k) => k !== i);
        if (this.#fails(without)) kept = without;
      }
    }
    return kept;
  }

  /**
   * No batches, no offload metadata, where the fault does not need them. Changes `all` in place.
   */
  #simplify(all: Step[], step: Step, i: number): Step {
    if (step.op !== "frame" || this.#isOver) return step;
    let simple: FrameStep = step;
    for (const plain of [{ isHeld: false }, { csum: 0, gsoType: 0, gsoSize: 0 }]) {
      const tried = { ...simple, ...plain };
      all[i] = tried;
      if (this.#fails(all)) simple = tried;
      else all[i] = simple;
    }
    return simple;
  }
}

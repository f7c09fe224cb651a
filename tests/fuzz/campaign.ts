/**
 * Session after session until the frames are used up. The same seed and number of frames give the
 * same campaign; each kind of failure is cut down once.
 *
 * @module
 */
import type { Failure } from "./failure.ts";
import { type Limits, Minimiser } from "./minimise.ts";
import { Novelty } from "./novelty.ts";
import { type Reproducer, reproducerOf } from "./reproducer.ts";
import { type Outcome, runSession } from "./session.ts";

const SESSION_FRAMES = 2500;
/** Every so many sessions one goes on for long. */
const LONG_EVERY = 25;
const LONG_FRAMES = 30_000;

export interface Totals {
  seed: number;
  frames: number;
  framesOut: number;
  steps: number;
  sessions: number;
  virtualSeconds: number;
  /** By the wall clock, other processes and garbage collections included. */
  slowestMs: number;
  /** Beyond the limit at first. One that is so again, three times, is a failure. */
  slowFrames: number;
  /** Ways through the stack (novelty.ts), and segments kept because they found one. */
  ways: number;
  recipes: number;
}

export interface Found {
  readonly kind: string;
  readonly session: number;
  readonly step: number;
  readonly message: string;
  readonly reproducer: Reproducer;
}

export interface CampaignEvents {
  /** A session is over; also the one that failed. */
  onSession(totals: Totals): void;
  /** For the first failure of a kind, cut down. */
  onFound(found: Found): void;
}

export class Campaign {
  readonly totals: Totals;
  /** Failures by kind. */
  readonly kinds = new Map<string, number>();
  readonly #novelty = new Novelty();

  constructor(seed: number, readonly limits: Limits, readonly events: CampaignEvents) {
    this.totals = {
      seed,
      frames: 0,
      framesOut: 0,
      steps: 0,
      sessions: 0,
      virtualSeconds: 0,
      slowestMs: 0,
      slowFrames: 0,
      ways: 0,
      recipes: 0,
    };
  }

  run(frames: number): void {
    const { totals } = this;
    while (totals.frames < frames) {
      const index = totals.sessions++;
      const seed = (Math.imul(totals.seed, 0x9e3779b1) + Math.imul(index, 0x85ebca6b)) | 0;
      const isLong = index % LONG_EVERY === LONG_EVERY - 1;
      const most = isLong ? LONG_FRAMES : SESSION_FRAMES;
      const outcome = runSession(seed, Math.min(most, frames - totals.frames), this.#novelty);
      this.#add(outcome);
      if (outcome.failure !== null) this.#onFailure(outcome.failure, outcome, index);
      this.events.onSession(totals);
    }
  }

  #add(outcome: Outcome): void {
    const { totals } = this;
    totals.frames += Math.max(1, outcome.frames);
    totals.framesOut += outcome.framesOut;
    totals.steps += outcome.steps;
    totals.virtualSeconds += outcome.virtualUs / 1e6;
    totals.slowestMs = Math.max(totals.slowestMs, outcome.slowestMs);
    totals.slowFrames += outcome.slowFrames;
    totals.ways = this.#novelty.count;
    totals.recipes = this.#novelty.recipeCount;
  }

  #onFailure(failure: Failure, outcome: Outcome, session: number): void {
    const { kind, message } = failure;
    const before = this.kinds.get(kind) ?? 0;
    this.kinds.set(kind, before + 1);
    if (before > 0) return;
    const { setting, trace } = outcome;
    const steps = new Minimiser(setting, kind, this.limits).run(trace);
    const reproducer = reproducerOf(failure, setting, steps);
    this.events.onFound({ kind, session, step: trace.length, message, reproducer });
  }
}

/**
 * A session: a world from its beginning to its end, a few thousand frames long. What fails is given
 * back with the steps that led there.
 *
 * @module
 */
import { asFailure, type Failure } from "./failure.ts";
import { Generator } from "./generator.ts";
import type { Novelty } from "./novelty.ts";
import { drawSetting, type Setting } from "./setting.ts";
import type { Step } from "./steps.ts";
import { FRAME_LIMIT_MS } from "./stopwatch.ts";
import { World } from "./world.ts";

const BUFFER_BYTES = 8 << 20;
/** A frame that was slow is timed again this often; slow each time, it is the stack's fault. */
const RETRIALS = 3;

const buffers = new Map<number, ArrayBuffer>();

/** One buffer for all sessions of a size, full of rubbish. */
function bufferOf(bytes: number): ArrayBuffer {
  const size = Math.min(bytes, BUFFER_BYTES);
  let buffer = buffers.get(size);
  if (buffer === undefined) buffers.set(size, buffer = new ArrayBuffer(size));
  new Uint8Array(buffer).fill(0xa5);
  return buffer;
}

export interface Outcome {
  frames: number;
  framesOut: number;
  steps: number;
  slowestMs: number;
  /** Frames that took too long at first. */
  slowFrames: number;
  virtualUs: number;
  /** null: nothing was wrong. */
  failure: Failure | null;
  /** What had been done, with a failure. */
  setting: Setting;
  trace: Step[];
}

/** A session of `frames` frames made from `seed`. */
export function runSession(seed: number, frames: number, novelty: Novelty): Outcome {
  const setting = drawSetting(seed);
  const world = new World(setting, bufferOf(setting.memoryBytes), { isStrict: false });
  const generator = new Generator(world, seed ^ 0x5bd1e995, novelty);
  novelty.attach(world.stack);
  const trace: Step[] = [];
  let failure: Failure | null = null;
  try {
    while (world.framesIn < frames) {
      const step = generator.next();
      trace.push(step);
      world.run(step);
      const isNew = novelty.observe(generator.context);
      if (isNew && step.op === "frame" && generator.context !== 0) {
        novelty.keep(step.bytes, generator.rcvNxt, generator.sndUna);
      }
    }
    world.finish();
  } catch (error) {
    failure = asFailure(error);
  }
  const startUs = setting.startUs;
  const outcome: Outcome = {
    frames: world.framesIn,
    framesOut: world.framesOut,
    steps: world.steps,
    slowestMs: world.stopwatch.slowestMs,
    slowFrames: world.slowSteps.length,
    virtualUs: world.nowUs - startUs,
    failure,
    setting,
    trace,
  };
  if (failure === null && world.slowSteps.length > 0) checkSlowness(outcome, world.slowSteps);
  return outcome;
}

/**
 * Runs the steps again, in the same world. With `isStrict` every connection is checked after every
 * step.
 */
export function replay(
  setting: Setting,
  steps: readonly Step[],
  isStrict: boolean,
): Failure | null {
  return replayIn(setting, steps, isStrict).failure;
}

function replayIn(setting: Setting, steps: readonly Step[], isStrict: boolean) {
  let world: World | null = null;
  let failure: Failure | null = null;
  try {
    world = new World(setting, bufferOf(setting.memoryBytes), { isStrict });
    for (const step of steps) world.run(step);
    world.finish();
  } catch (error) {
    failure = asFailure(error);
  }
  return { world, failure };
}

/** Was it the stack, or a garbage collection, or another process? */
function checkSlowness(outcome: Outcome, suspects: readonly number[]): void {
  let left = suspects;
  for (let n = 0; n < RETRIALS && left.length > 0; n++) {
    const again = replayIn(outcome.setting, outcome.trace, false).world?.slowSteps ?? [];
    left = left.filter((step) => again.includes(step));
  }
  if (left.length === 0) return;
  outcome.trace = outcome.trace.slice(0, left[0] + 1);
  outcome.failure = asFailure(new Error(`slow: a frame takes more than ${FRAME_LIMIT_MS} ms`));
}

/**
 * Times the stack's work for each frame, without the time that the tests themselves take meanwhile.
 * A frame that took too long by the wall clock may have waited for other processes: the processor
 * time since a moment before tells. It is read seldom, as reading it takes longer than a frame.
 *
 * @module
 */
/** A frame may keep the stack busy for this long. */
export const FRAME_LIMIT_MS = 10;
/** Frames between two looks at the processor time. */
const READ_EVERY = 64;

function processorMs(): number {
  const { user, system } = globalThis.process.cpuUsage();
  return (user + system) / 1000;
}

export class Stopwatch {
  /** By the wall clock. */
  slowestMs = 0;
  #frames = 0;
  #startMs = 0;
  #pausedAtMs = 0;
  #otherMs = 0;
  #processorMs = 0;

  /** A frame is about to come in. */
  start(): void {
    if (this.#frames++ % READ_EVERY === 0) this.#processorMs = processorMs();
    this.#otherMs = 0;
    this.#startMs = performance.now();
  }

  /** What follows, until `resume`, is not the stack's doing. */
  pause(): void {
    this.#pausedAtMs = performance.now();
  }

  resume(): void {
    this.#otherMs += performance.now() - this.#pausedAtMs;
  }

  /** It has been dealt with. True: it took too long, as far as one can tell. */
  stop(): boolean {
    const tookMs = performance.now() - this.#startMs - this.#otherMs;
    if (tookMs > this.slowestMs) this.slowestMs = tookMs;
    return tookMs > FRAME_LIMIT_MS && processorMs() - this.#processorMs > FRAME_LIMIT_MS;
  }
}

/**
 * What keeps a micro bench honest.
 *
 * @module
 */
const KEPT = new Int32Array(1);
const WARM_UP_CALLS = 20_000;

/** Takes a result, so that the compiler cannot find out that nobody wants it and drop the work. */
export function keep(n: number): void {
  KEPT[0] += n;
}

/** Throws when the bench has not done what it says: its figure would be a lie. */
export function mustBe(actual: number, expected: number, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`);
}

/**
 * Calls `fn` until the compiler has done its best: a bench of much code would measure that else.
 */
export function warmed(fn: () => void): () => void {
  for (let i = 0; i < WARM_UP_CALLS; i++) fn();
  return fn;
}

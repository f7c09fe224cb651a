/**
 * Reproducible randomness for tests.
 *
 * @module
 */

/** A source of uniform uint32, as int32, like the one that the stack is given (xorshift32). */
export function randomSource(seed: number): () => number {
  let x = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x;
  };
}

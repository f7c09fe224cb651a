/**
 * Where the micro benches leave their results, so that the compiler cannot find out that nobody wants
 * them and drop the work.
 *
 * @module
 */
const KEPT = new Int32Array(1);

export function keep(n: number): void {
  KEPT[0] += n;
}

/** The bench has not done what it says: its figure would be a lie. */
export function mustBe(actual: number, expected: number, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`);
}

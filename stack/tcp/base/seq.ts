/**
 * TCP sequence arithmetic (RFC 9293 3.4), modulo 2^32, on int32: a sequence number is always stored
 * as `x | 0`, and one is before another when it is less than 2^31 behind it.
 *
 * @module
 */

/** a < b */
export function seqLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** a <= b */
export function seqLeq(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

/** a > b */
export function seqGt(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** a >= b */
export function seqGeq(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

/** a - b as a signed distance, -2^31..2^31-1 */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** The later of the two. */
export function seqMax(a: number, b: number): number {
  return ((a - b) | 0) >= 0 ? a : b;
}

/** The earlier of the two. */
export function seqMin(a: number, b: number): number {
  return ((a - b) | 0) <= 0 ? a : b;
}

/** lo <= x < lo + lenBytes: the window test of RFC 9293 3.10.7.4. `lenBytes` < 2^31. */
export function seqInWindow(x: number, lo: number, lenBytes: number): boolean {
  return ((x - lo) >>> 0) < lenBytes;
}

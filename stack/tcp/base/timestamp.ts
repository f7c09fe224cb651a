/**
 * Our timestamp clock (RFC 7323 5.4, 7.1).
 *
 * @module
 */

/** TSval at `nowUs`: milliseconds, from a secret offset. int32. */
export function timestampNow(tsOffset: number, nowUs: number): number {
  return (Math.floor(nowUs / 1000) + tsOffset) | 0;
}

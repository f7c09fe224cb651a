/**
 * Which parts of a datagram are there: runs of bytes, [start, end) pairs in order, merged when they
 * touch.
 *
 * @module
 */

/** Separate runs that one datagram may be in: more is an attack on our time. */
const MAX_RUNS = 128;

export const RUN_ADDED = 0;
export const RUN_REPEATED = 1;
export const RUN_OVERLAPS = 2;

/** Enters [start, end) into sorted, merged runs. */
export function addRun(runs: number[], start: number, end: number): number {
  const last = runs.length - 1;
  // The usual case: in order.
  if (last > 0 && start === runs[last]) {
    runs[last] = end;
    return RUN_ADDED;
  }
  let i = 0;
  while (i < runs.length && runs[i + 1] < start) i += 2;
  // Run i is the first that ends at or after `start`.
  if (i < runs.length && runs[i] <= start && end <= runs[i + 1]) return RUN_REPEATED;
  const touchesBefore = i < runs.length && runs[i + 1] === start;
  const after = touchesBefore ? i + 2 : i;
  if (after < runs.length && runs[after] < end) return RUN_OVERLAPS;
  const touchesAfter = after < runs.length && runs[after] === end;
  if (touchesBefore && touchesAfter) runs.splice(i + 1, 2);
  else if (touchesBefore) runs[i + 1] = end;
  else if (touchesAfter) runs[after] = start;
  else if (runs.length >= 2 * MAX_RUNS) return RUN_OVERLAPS;
  else runs.splice(after, 0, start, end);
  return RUN_ADDED;
}

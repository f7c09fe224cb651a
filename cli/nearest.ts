/**
 * The name that a person probably meant.
 *
 * @module
 */

/** Characters to insert, delete or replace to make `b` of `a` (Levenshtein). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/** That of `candidates` that differs least from `name`, by at most `limit`; null: none. */
export function nearest(name: string, candidates: Iterable<string>, limit = 2): string | null {
  let best: string | null = null;
  let least = limit + 1;
  for (const candidate of candidates) {
    // A name in the other case is the same name to a person.
    const distance = Math.min(
      editDistance(name, candidate),
      editDistance(name.toUpperCase(), candidate.toUpperCase()) + 1,
    );
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/**
 * The name that a person probably meant.
 *
 * @module
 */

/**
 * Characters to insert, delete, replace, or swap with their neighbour to make `b` of `a` (Damerau
 * and Levenshtein, as optimal string alignment).
 */
export function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, rows[i - 1][j] + 1, row[j - 1] + 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
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

/**
 * The filter of one group on one interface: what is wanted by all the sockets there together (RFC
 * 9776 3.2).
 *
 *     a socket is in EXCLUDE mode   EXCLUDE what each of those excludes and no INCLUDE one lists
 *     none is                       INCLUDE what any of them lists
 *
 * Sockets are counted for each source, so that a change costs as much as it is long.
 *
 * @module
 */
import type { SourceFilter } from "../base/group_membership.ts";

export class GroupFilter {
  #excluders = 0;
  /** Source → number of sockets that list it, by their mode. */
  readonly #included = new Map<number, number>();
  readonly #excluded = new Map<number, number>();

  /** A socket's filter is now another; null: it is no member. */
  replace(before: SourceFilter | null, after: SourceFilter | null): void {
    if (before !== null) this.#count(before, -1);
    if (after !== null) this.#count(after, 1);
  }

  get isInclude(): boolean {
    return this.#excluders === 0;
  }

  /** Nobody is heard: INCLUDE {}. */
  get isEmpty(): boolean {
    return this.#excluders === 0 && this.#included.size === 0;
  }

  hears(source: number): boolean {
    if (this.#included.has(source)) return true;
    return this.#excluders > 0 && (this.#excluded.get(source) ?? 0) < this.#excluders;
  }

  /** The sources of the filter: heard ones in INCLUDE mode, the others in EXCLUDE mode. */
  sources(): number[] {
    if (this.isInclude) return [...this.#included.keys()];
    return [...this.#excluded.keys()].filter((source) => !this.hears(source));
  }

  #count({ isInclude, sources }: SourceFilter, step: 1 | -1): void {
    if (!isInclude) this.#excluders += step;
    const counts = isInclude ? this.#included : this.#excluded;
    for (const source of sources) {
      const count = (counts.get(source) ?? 0) + step;
      if (count === 0) counts.delete(source);
      else counts.set(source, count);
    }
  }
}

/**
 * One group on one interface as a host knows it: its filter, what of a change of it is still to be
 * reported (RFC 9776 5.1), and the answer to a query that waits (5.2).
 *
 *     the mode has changed      the next [robustness] reports say TO_IN or TO_EX, with all sources
 *     sources have changed      each is named by as many reports, ALLOW or BLOCK by what it is then
 *
 * @module
 */
import type { SourceFilter } from "../base/group_membership.ts";
import { TimerNode } from "../storage/mod.ts";
import {
  ALLOW_NEW_SOURCES,
  BLOCK_OLD_SOURCES,
  CHANGE_TO_EXCLUDE,
  CHANGE_TO_INCLUDE,
  MODE_IS_EXCLUDE,
  MODE_IS_INCLUDE,
} from "../wire/igmp.ts";
import { GroupFilter } from "./group_filter.ts";

/** Takes one record of a report. */
export type RecordSink = (type: number, group: number, sources: readonly number[]) => void;

/** Sources that a waiting answer remembers; asked about more, it tells all (RFC 9776 9.1). */
export const ASKED_SOURCES_MAX = 256;

/** Its timer is that of the answer; in the old versions also of a report that is due again. */
export class GroupState extends TimerNode {
  readonly filter = new GroupFilter();
  /** Reports left that tell the mode. */
  #modeReports = 0;
  /** Source → reports left that name it. */
  readonly #changes = new Map<number, number>();
  /** The sources that the waiting answer is about; null: it is about the group. */
  #asked: Set<number> | null = null;
  /** The link has been told of a member; the last to tell it were we (RFC 2236 3). */
  isReported = false;
  isReporter = false;
  /** Versions 1 and 2: unasked reports left. */
  repeats = 0;

  constructor(readonly group: number) {
    super();
  }

  /** There is something to tell, or a member. */
  get isNeeded(): boolean {
    return !this.filter.isEmpty || this.hasChanges;
  }

  get hasChanges(): boolean {
    return this.#modeReports > 0 || this.#changes.size > 0;
  }

  /** A socket's filter has changed. Remembers the difference for `robustness` reports. */
  change(before: SourceFilter | null, after: SourceFilter | null, robustness: number): void {
    const { filter } = this;
    const wasInclude = filter.isInclude;
    const old = filter.sources();
    filter.replace(before, after);
    if (filter.isInclude !== wasInclude) {
      this.#modeReports = robustness;
      this.#changes.clear();
      return;
    }
    const now = filter.sources();
    if (old.length === 0 && now.length === 0) return;
    const [was, is] = [new Set(old), new Set(now)];
    for (const source of old) if (!is.has(source)) this.#changes.set(source, robustness);
    for (const source of now) if (!was.has(source)) this.#changes.set(source, robustness);
  }

  /** Gives `sink` what is to be reported of changes, once. */
  reportChanges(sink: RecordSink): void {
    const { filter, group } = this;
    if (this.#modeReports > 0) {
      sink(filter.isInclude ? CHANGE_TO_INCLUDE : CHANGE_TO_EXCLUDE, group, filter.sources());
      this.#modeReports--;
    } else {
      const all = [...this.#changes.keys()];
      const allowed = all.filter((source) => filter.hears(source));
      const blocked = all.filter((source) => !filter.hears(source));
      if (allowed.length > 0) sink(ALLOW_NEW_SOURCES, group, allowed);
      if (blocked.length > 0) sink(BLOCK_OLD_SOURCES, group, blocked);
    }
    for (const [source, left] of this.#changes) {
      if (left > 1) this.#changes.set(source, left - 1);
      else this.#changes.delete(source);
    }
  }

  forgetChanges(): void {
    this.#modeReports = 0;
    this.#changes.clear();
  }

  /** RFC 9776 5.2, rules 4 and 5, but for the time. `sources`: those asked about, [] for all. */
  ask(sources: readonly number[]): void {
    const isWaiting = this.heapIndex >= 0;
    if (sources.length === 0 || (isWaiting && this.#asked === null)) {
      this.#asked = null;
      return;
    }
    if (!isWaiting) this.#asked = new Set();
    const asked = this.#asked!;
    for (const source of sources) asked.add(source);
    if (asked.size > ASKED_SOURCES_MAX) this.#asked = null;
  }

  /** The answer that was waiting. */
  answer(sink: RecordSink): void {
    const asked = this.#asked;
    this.#asked = null;
    if (asked === null) return this.tell(sink);
    const heard = [...asked].filter((source) => this.filter.hears(source));
    if (heard.length > 0) sink(MODE_IS_INCLUDE, this.group, heard);
  }

  /** What the filter is. */
  tell(sink: RecordSink): void {
    const { filter, group } = this;
    if (filter.isEmpty) return;
    sink(filter.isInclude ? MODE_IS_INCLUDE : MODE_IS_EXCLUDE, group, filter.sources());
  }
}

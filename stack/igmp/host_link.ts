/**
 * A host's half of IGMP, or of listener discovery (mld_layer.ts), on one interface: it reports what
 * its sockets want when that changes, and when it is asked, in the version of the querier there.
 *
 *     version 3      RFC 9776 5     a change: at once, again within a second, [robustness] times
 *     versions 1, 2  RFC 2236 3     a join: at once, again within ten seconds; a leave: once
 *
 * A change takes effect with the next `poll`, so that what many sockets do at once is one report.
 * What has been told once and waits for its repetition is not told again before that because of
 * other groups.
 *
 * Linux answers queries without the Router Alert option too, whatever RFC 9776 9.1 says: there are
 * such queriers. So do we.
 *
 * @module
 */
import type { IgmpCounters } from "../base/counters.ts";
import type { SourceFilter } from "../base/group_membership.ts";
import { TimerHeap } from "../storage/mod.ts";
import type { IgmpHeader } from "../wire/igmp.ts";
import type { IgmpConfig } from "./config.ts";
import { GroupState, type RecordSink } from "./group_state.ts";
import { Querier } from "./querier.ts";

/** Groups left whose last reports wait; beyond that the oldest is left to the querier's timer. */
const GONE_MAX = 1024;

/** Writes the messages: sender.ts for IGMP, mld_sender.ts for IPv6. */
export interface ReportSender {
  /** A report in an old version: 1 or 2. */
  report(ifIndex: number, version: number, group: number, nowUs: number): void;
  leave(ifIndex: number, group: number, nowUs: number): void;
  /** The records that `fill` gives, in the latest version. */
  reportV3(ifIndex: number, nowUs: number, fill: (sink: RecordSink) => void): void;
}

export interface HostLinkDeps {
  readonly sender: ReportSender;
  readonly counters: IgmpCounters;
  /** Uniform random int32. */
  readonly random: () => number;
  readonly config: IgmpConfig;
}

export class HostLink {
  readonly querier: Querier;
  readonly #groups = new Map<number, GroupState>();
  /** Changed since the last poll. */
  readonly #fresh = new Set<GroupState>();
  /** To be told again; and those of them that have no member any more, oldest first. */
  readonly #pending = new Set<GroupState>();
  readonly #gone = new Set<GroupState>();
  readonly #timers = new TimerHeap<GroupState>();
  /** When changes are reported again, and when a general query is answered. */
  #repeatAtUs = Infinity;
  #generalAtUs = Infinity;
  #version: number;

  constructor(readonly ifIndex: number, readonly deps: HostLinkDeps) {
    this.querier = new Querier(deps.config);
    this.#version = this.querier.version(0);
  }

  /** Every change has been told once. */
  get isQuiet(): boolean {
    return this.#fresh.size === 0;
  }

  /** A socket's filter for `group` is another; null: it is no member. */
  change(group: number, before: SourceFilter | null, after: SourceFilter | null): void {
    let state = this.#groups.get(group);
    if (state === undefined) {
      state = new GroupState(group);
      this.#groups.set(group, state);
    }
    state.change(before, after, this.querier.robustness);
    this.#gone.delete(state);
    this.#fresh.add(state);
  }

  /** `sources`: those that the query names. */
  query(query: IgmpHeader, sources: readonly number[], nowUs: number): void {
    if (this.querier.hear(query, nowUs)) this.#switchVersion(nowUs);
    const maxUs = this.querier.maxDelayUs(query, nowUs);
    // Version 1 knows no query about a group.
    const group = this.#version === 1 ? 0 : query.group;
    if (this.#version < 3) {
      for (const state of this.#groups.values()) {
        if (group === 0 || state.group === group) this.#arm(state, nowUs + this.#delayUs(maxUs));
      }
      return;
    }
    const atUs = nowUs + this.#delayUs(maxUs);
    if (group === 0) {
      if (query.sourceCount === 0) this.#generalAtUs = Math.min(this.#generalAtUs, atUs);
      return;
    }
    const state = this.#groups.get(group);
    if (state === undefined || this.#generalAtUs <= atUs) return;
    state.ask(sources);
    this.#arm(state, atUs);
  }

  /** Another host has reported `group` in an old version: ours is not needed (RFC 2236 3). */
  heardReport(group: number): void {
    const state = this.#groups.get(group);
    if (this.#version === 3 || state === undefined) return;
    if (state.heapIndex >= 0) this.deps.counters.suppressed++;
    this.#timers.cancel(state);
    state.repeats = 0;
    state.isReporter = false;
  }

  pollAtUs(): number {
    if (this.#fresh.size > 0) return 0;
    return Math.min(this.#repeatAtUs, this.#generalAtUs, this.#timers.nextAtUs());
  }

  poll(nowUs: number): void {
    if (this.pollAtUs() > nowUs) return;
    if (this.querier.version(nowUs) !== this.#version) this.#switchVersion(nowUs);
    if (this.#version === 3) this.#pollV3(nowUs);
    else this.#pollOld(nowUs);
  }

  // ---- version 3

  #pollV3(nowUs: number): void {
    if (this.#fresh.size > 0) this.#report(nowUs, (sink) => this.#tellFresh(sink));
    if (this.#repeatAtUs <= nowUs) {
      this.#repeatAtUs = Infinity;
      this.#report(nowUs, (sink) => this.#tellAgain(sink));
    }
    if (this.#pending.size > 0 && this.#repeatAtUs === Infinity) {
      this.#repeatAtUs = nowUs + this.#delayUs(this.querier.reportIntervalUs(nowUs));
    }
    if (this.#generalAtUs <= nowUs) {
      this.#generalAtUs = Infinity;
      this.#report(nowUs, (sink) => {
        for (const state of this.#groups.values()) state.tell(sink);
      });
    }
    if (this.#timers.nextAtUs() <= nowUs) {
      this.#report(nowUs, (sink) => {
        for (let s = this.#timers.popDue(nowUs); s !== null; s = this.#timers.popDue(nowUs)) {
          s.answer(sink);
        }
      });
    }
  }

  #tellFresh(sink: RecordSink): void {
    for (const state of this.#fresh) {
      state.reportChanges(sink);
      state.isReported = !state.filter.isEmpty;
      state.isReporter = true;
      this.#settle(state);
    }
    this.#fresh.clear();
  }

  #tellAgain(sink: RecordSink): void {
    for (const state of this.#pending) {
      state.reportChanges(sink);
      this.#settle(state);
    }
  }

  #report(nowUs: number, fill: (sink: RecordSink) => void): void {
    this.deps.sender.reportV3(this.ifIndex, nowUs, fill);
  }

  // ---- versions 1 and 2

  #pollOld(nowUs: number): void {
    for (const state of this.#fresh) this.#tellOld(state, nowUs);
    this.#fresh.clear();
    for (let s = this.#timers.popDue(nowUs); s !== null; s = this.#timers.popDue(nowUs)) {
      this.#reportOld(s, nowUs);
    }
  }

  /** Filters do not matter here: there is a member or there is none. */
  #tellOld(state: GroupState, nowUs: number): void {
    state.forgetChanges();
    if (!state.filter.isEmpty) {
      if (state.isReported) return;
      state.repeats = this.querier.robustness;
      this.#reportOld(state, nowUs);
      return;
    }
    if (this.#version === 2 && state.isReported && state.isReporter) {
      this.deps.sender.leave(this.ifIndex, state.group, nowUs);
    }
    this.#settle(state);
  }

  #reportOld(state: GroupState, nowUs: number): void {
    this.deps.sender.report(this.ifIndex, this.#version, state.group, nowUs);
    state.isReported = true;
    state.isReporter = true;
    if (state.repeats > 0) state.repeats--;
    if (state.repeats === 0) return;
    this.#arm(state, nowUs + this.#delayUs(this.querier.reportIntervalUs(nowUs)));
  }

  // ----

  /** Keeps what has something left to tell; forgets what has not, nor a member. */
  #settle(state: GroupState): void {
    if (state.hasChanges) this.#pending.add(state);
    else this.#pending.delete(state);
    if (!state.filter.isEmpty) return;
    this.#timers.cancel(state);
    if (state.hasChanges) {
      this.#gone.add(state);
      if (this.#gone.size <= GONE_MAX) return;
      for (const oldest of this.#gone) {
        this.#forget(oldest);
        return;
      }
    }
    this.#forget(state);
  }

  #forget(state: GroupState): void {
    this.#gone.delete(state);
    this.#pending.delete(state);
    this.#groups.delete(state.group);
  }

  /** RFC 9776 7.2.1: what was to be said in the other version is not. */
  #switchVersion(nowUs: number): void {
    this.#version = this.querier.version(nowUs);
    this.#repeatAtUs = Infinity;
    this.#generalAtUs = Infinity;
    for (const state of this.#groups.values()) {
      this.#timers.cancel(state);
      state.repeats = 0;
      if (this.#fresh.has(state)) continue;
      state.forgetChanges();
      this.#settle(state);
    }
  }

  /** An answer is due by then, or before if one was already. */
  #arm(state: GroupState, atUs: number): void {
    if (!state.filter.isEmpty && atUs < state.atUs) this.#timers.set(state, atUs);
  }

  #delayUs(maxUs: number): number {
    return (this.deps.random() >>> 0) / 2 ** 32 * maxUs;
  }
}

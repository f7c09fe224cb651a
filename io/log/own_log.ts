/**
 * Takes what nuse itself tells, asks whether anybody wants it, and makes entries of it. The stack's
 * own events come in by stack_log.ts.
 *
 * @module
 */
import {
  categoryOf,
  type EventInfo,
  fillIn,
  type LogEntry,
  type LogValue,
  type Subject,
} from "./event.ts";
import { isWanted, type Thresholds } from "./levels.ts";
import { TokenBucket } from "../../stack/base/token_bucket.ts";
import { OWN_EVENTS, OwnEvent, SELDOM_TOLD } from "./own_events.ts";

/** Codes of all events, the stack's and our own, are below this. */
const EVENTS_MAX = 256;
/** Of what a program can bring about as often as it likes: lines at once, and a second. */
const SELDOM_BURST = 10;
const SELDOM_PER_SECOND = 1;

class Seldom {
  readonly bucket = new TokenBucket(SELDOM_PER_SECOND, SELDOM_BURST);
  untold = 0;
}

export interface LogOptions {
  readonly thresholds: Thresholds;
  /** CLOCK_MONOTONIC, microseconds, and what it showed when nuse began. */
  readonly clockUs: () => number;
  readonly startUs: number;
  readonly onEntry: (entry: LogEntry) => void;
}

export class OwnLog {
  /** By event code: 1 when it is wanted. Ask first: an unwanted event shall cost nothing. */
  readonly isOn: Uint8Array = new Uint8Array(EVENTS_MAX);
  readonly #seldom = new Map(SELDOM_TOLD.map((event) => [event, new Seldom()]));

  constructor(readonly options: LogOptions) {
    this.listenTo(OWN_EVENTS);
  }

  /** Switches on what is wanted of a table. */
  protected listenTo(table: Readonly<Record<number, EventInfo>>): void {
    for (const [code, info] of Object.entries(table)) {
      const threshold = this.options.thresholds[categoryOf(info)];
      if (isWanted(info.level, threshold)) this.isOn[Number(code)] = 1;
    }
  }

  /** One of our own events has happened; `values` has its fields. */
  tell(event: OwnEvent, values: Readonly<Record<string, LogValue>>, subject: Subject = {}): void {
    if (this.isOn[event] === 0) return;
    const seldom = this.#seldom.get(event);
    if (seldom !== undefined && !this.#isTold(event, seldom)) return;
    this.emit(OWN_EVENTS[event], subject, values, values);
  }

  /** Whether it is told this time, after a line about the times that it was not. */
  #isTold(event: OwnEvent, seldom: Seldom): boolean {
    if (!seldom.bucket.take(this.options.clockUs() - this.options.startUs)) {
      seldom.untold++;
      return false;
    }
    const lines = seldom.untold;
    seldom.untold = 0;
    if (lines > 0) this.tell(OwnEvent.SERVICE_UNTOLD, { what: OWN_EVENTS[event].name, lines });
    return true;
  }

  /** `values` as JSON has them, `texts` as a person reads them. */
  protected emit(
    info: EventInfo,
    subject: Subject,
    values: Readonly<Record<string, LogValue>>,
    texts: Readonly<Record<string, LogValue>>,
  ): void {
    const { clockUs, startUs, onEntry } = this.options;
    const timeSec = (clockUs() - startUs) / 1e6;
    const message = fillIn(info.message, { ...subject, ...texts });
    onEntry({ info, timeSec, subject, values, message });
  }
}

/**
 * What an event is, and one that has happened, ready to be written.
 *
 * @module
 */
import type { Category, Level } from "./levels.ts";

export interface EventInfo {
  /** Begins with its category: "tcp.timeout". */
  readonly name: `${Category}.${string}`;
  readonly level: Level;
  /** `{field}` stands for that field's text; `{address}` and `{interface}` for the subject's. */
  readonly message: string;
  /** Names of the values that come with it, in their order. */
  readonly fields: readonly string[];
}

/** A row of a table of events. */
export function event(
  name: EventInfo["name"],
  level: Level,
  message: string,
  ...fields: string[]
): EventInfo {
  return { name, level, message, fields };
}

export function categoryOf({ name }: EventInfo): Category {
  return name.slice(0, name.indexOf(".")) as Category;
}

/** As it is written to JSON. */
export type LogValue = string | number;

/** Whom or what an event is about. */
export interface Subject {
  readonly interface?: string;
  /** One address. */
  readonly address?: string;
  /** Two ends, "198.18.0.2:40000"; ours first. */
  readonly local?: string;
  readonly remote?: string;
}

/** An event that has happened. */
export interface LogEntry {
  readonly info: EventInfo;
  /** Seconds since nuse began, by CLOCK_MONOTONIC. */
  readonly timeSec: number;
  readonly subject: Subject;
  readonly values: Readonly<Record<string, LogValue>>;
  /** The message, filled in. */
  readonly message: string;
}

/** Fills a message in; a name that `texts` does not have stays as it is, in its braces. */
export function fillIn(message: string, texts: Readonly<Record<string, LogValue>>): string {
  return message.replace(/\{(\w+)\}/g, (whole, name) => String(texts[name] ?? whole));
}

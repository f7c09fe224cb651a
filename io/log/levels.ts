/**
 * What can be asked of the log: categories, one for each layer, and levels, least important first.
 * Plain data, which the command line fills (cli/log_request.ts) and both threads read.
 *
 * @module
 */

/** From the wire up to the program. */
export const CATEGORIES = [
  "device",
  "arp",
  "ip",
  "icmp",
  "udp",
  "tcp",
  "service",
  "control",
  "cli",
] as const;

export type Category = typeof CATEGORIES[number];

/**
 * trace: every packet. debug: how a mechanism works, and every request of a program. info: the life
 * of a connection, and what holds it up. warning: the program will notice. error: what a person is
 * told in any case.
 */
export const LEVELS = ["trace", "debug", "info", "warning", "error"] as const;

export type Level = typeof LEVELS[number];

/** The least level that is wanted. */
export type Threshold = Level | "off";

export type Thresholds = Readonly<Record<Category, Threshold>>;

export const LOG_FORMATS = ["text", "json"] as const;

export type LogFormat = typeof LOG_FORMATS[number];

export interface LogSettings {
  readonly thresholds: Thresholds;
  readonly format: LogFormat;
  /** Where lines are written. Belongs to the process: both threads write to it. */
  readonly fd: number;
  /** CLOCK_MONOTONIC when nuse began: times are counted from there. */
  readonly startUs: number;
}

export function thresholdsOf(of: (category: Category) => Threshold): Thresholds {
  return Object.fromEntries(CATEGORIES.map((c) => [c, of(c)])) as Record<Category, Threshold>;
}

export function isWanted(level: Level, threshold: Threshold): boolean {
  return threshold !== "off" && LEVELS.indexOf(level) >= LEVELS.indexOf(threshold);
}

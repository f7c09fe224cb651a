/**
 * What the person wants of the log: `--log`, `--log-file`, `--log-format` and NUSE_LOG.
 *
 *     info                    from every layer
 *     tcp=debug,arp=info      from these only
 *     info,tcp=debug          the later part wins
 *
 * @module
 */
import {
  CATEGORIES,
  type Category,
  LEVELS,
  LOG_FORMATS,
  type LogFormat,
  type Threshold,
  type Thresholds,
  thresholdsOf,
} from "../io/log/levels.ts";
import { Failure } from "./base/failure.ts";
import { nearest } from "./base/nearest.ts";
import type { Setting } from "./config/values.ts";

export interface LogRequest {
  readonly thresholds: Thresholds;
  readonly format: LogFormat;
  /** null: standard error. */
  readonly file: string | null;
}

/** When a file or a format is given, and no level. */
const DEFAULT_THRESHOLD: Threshold = "info";
const THRESHOLDS: readonly Threshold[] = [...LEVELS, "off"];

/** What is given to the options, in order; the value of NUSE_LOG, if it is set. */
export interface LogSources {
  readonly log: readonly string[];
  readonly files: readonly string[];
  readonly formats: readonly string[];
  readonly variable: string | undefined;
}

/** null: no log is wanted. Throws Failure. */
export function parseLogRequest(sources: LogSources): LogRequest | null {
  const { log, files, formats, variable } = sources;
  const settings: Setting[] = log.map((text) => ({ text, from: "--log" }));
  if (settings.length === 0 && variable !== undefined && variable !== "") {
    settings.push({ text: variable, from: "NUSE_LOG" });
  }
  const isAskedOtherwise = files.length > 0 || formats.length > 0;
  if (settings.length === 0 && !isAskedOtherwise) return null;
  if (settings.length === 0) settings.push({ text: DEFAULT_THRESHOLD, from: "" });
  return {
    thresholds: parseThresholds(settings),
    format: parseFormat(formats.at(-1) ?? "text"),
    file: files.at(-1) ?? null,
  };
}

function parseThresholds(settings: readonly Setting[]): Thresholds {
  const wanted = new Map<Category, Threshold>();
  for (const { text, from } of settings) {
    for (const part of text.split(",")) {
      const equals = part.indexOf("=");
      const threshold = parseThreshold(part.slice(equals + 1), from);
      const categories = equals < 0 ? CATEGORIES : [parseCategory(part.slice(0, equals), from)];
      for (const category of categories) wanted.set(category, threshold);
    }
  }
  return thresholdsOf((category) => wanted.get(category) ?? "off");
}

function parseCategory(word: string, from: string): Category {
  return oneOf(CATEGORIES, word, "category", from);
}

function parseThreshold(word: string, from: string): Threshold {
  if (CATEGORIES.some((category) => category === word)) {
    throw new Failure(`${from}: "${word}" is a category (say how much of it: ${word}=debug)`);
  }
  return oneOf(THRESHOLDS, word, "level", from);
}

function parseFormat(text: string): LogFormat {
  return oneOf(LOG_FORMATS, text, "format", "--log-format");
}

function oneOf<T extends string>(
  names: readonly T[],
  word: string,
  what: string,
  from: string,
): T {
  const found = names.find((name) => name === word);
  if (found !== undefined) return found;
  const meant = word === "" ? "" : `did you mean ${nearest(word, names, Infinity)}? `;
  throw new Failure(
    `${from}: "${word}" is no ${what} of the log (${meant}there are ${names.join(", ")})`,
  );
}

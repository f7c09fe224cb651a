/**
 * What a sysctl is: a name, the values that it takes, the fields of the configuration that it
 * stands for. The table of them is sysctl.ts.
 *
 * Values are text, as in /proc/sys: whole numbers, several with a space between them, or a word.
 *
 * @module
 */
import type { StackConfig, StackConfigOverrides } from "./config.ts";

export interface Sysctl {
  /** "net.ipv4.tcp_sack". */
  readonly name: string;
  /** What may stand there, for a person: "0, 1", "1 to 255". */
  readonly values: string;
  readonly meaning: string;
  /** What the value changes; null: it is none that this row takes. */
  readonly parse: (text: string) => StackConfigOverrides | null;
  /** The value of a configuration. */
  readonly show: (config: StackConfig) => string;
}

/** One field, by its group and its name there: "tcp.sack". */
type Field = {
  [G in keyof StackConfig]: `${G}.${keyof StackConfig[G] & string}`;
}[keyof StackConfig];

/** A whole number in a range; `scale` of it make the field's unit. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly scale?: number;
  /** Of the values, for a person. */
  readonly unit?: string;
}

const INT_MAX = 2 ** 31 - 1;
export const BYTE: Range = { min: 0, max: 255 };
export const COUNT: Range = { min: 0, max: INT_MAX };
/** No fewer than Linux's SOCK_MIN_RCVBUF. */
export const BYTES: Range = { min: 2304, max: INT_MAX, unit: "bytes" };
export const SECONDS: Range = { min: 1, max: 2 ** 20, scale: 1e6, unit: "s" };
export const MILLISECONDS: Range = { min: 1, max: 2 ** 30, scale: 1e3, unit: "ms" };
export const PORT: Range = { min: 1, max: 65535 };

function wholeNumber(text: string, { min, max }: Range): number | null {
  const n = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  return n >= min && n <= max ? n : null;
}

function valueAt(config: StackConfig, path: Field): unknown {
  const [group, field] = path.split(".") as [keyof StackConfig, string];
  return (config[group] as unknown as Record<string, unknown>)[field];
}

/** `value` in each of the fields. */
function setAll(fields: readonly Field[], value: unknown): StackConfigOverrides {
  return merge(fields.map((path) => {
    const [group, field] = path.split(".");
    return { [group]: { [field]: value } };
  }));
}

/** All of them as one; a later one wins. */
export function merge(all: readonly StackConfigOverrides[]): StackConfigOverrides {
  const merged: Record<string, Record<string, unknown>> = {};
  for (const overrides of all) {
    for (const [group, fields] of Object.entries(overrides)) {
      merged[group] = { ...merged[group], ...fields };
    }
  }
  return merged;
}

export function number(name: string, range: Range, meaning: string, ...fields: Field[]): Sysctl {
  const { min, max, scale = 1, unit } = range;
  return {
    name,
    values: `${rangeText(min, max)}${unit === undefined ? "" : ` ${unit}`}`,
    meaning,
    parse: (text) => {
      const n = wholeNumber(text, range);
      return n === null ? null : setAll(fields, n * scale);
    },
    show: (config) => String(Number(valueAt(config, fields[0])) / scale),
  };
}

function rangeText(min: number, max: number): string {
  if (max - min > 3) return `${min} to ${max}`;
  return Array.from({ length: max - min + 1 }, (_, i) => min + i).join(", ");
}

export function flag(name: string, meaning: string, field: Field): Sysctl {
  return {
    name,
    values: "0, 1",
    meaning,
    parse: (text) => text === "0" || text === "1" ? setAll([field], text === "1") : null,
    show: (config) => valueAt(config, field) === true ? "1" : "0",
  };
}

/** One of a few numbers. */
export function numberOf(
  name: string,
  numbers: readonly number[],
  meaning: string,
  field: Field,
): Sysctl {
  return {
    name,
    values: numbers.join(", "),
    meaning,
    parse: (text) => numbers.map(String).includes(text) ? setAll([field], Number(text)) : null,
    show: (config) => String(valueAt(config, field)),
  };
}

/** What `isOne` takes. */
export function text(
  name: string,
  values: string,
  meaning: string,
  field: Field,
  isOne: (value: string) => boolean,
): Sysctl {
  return {
    name,
    values,
    meaning,
    parse: (value) => isOne(value) ? setAll([field], value) : null,
    show: (config) => String(valueAt(config, field)),
  };
}

export function word(
  name: string,
  words: readonly string[],
  meaning: string,
  field: Field,
): Sysctl {
  return text(name, words.join(", "), meaning, field, (value) => words.includes(value));
}

/** Two numbers of a range, the first not above the second. */
export function numberPair(
  name: string,
  range: Range,
  meaning: string,
  [lows, highs]: readonly [readonly Field[], readonly Field[]],
): Sysctl {
  return {
    name,
    values: `two of ${rangeText(range.min, range.max)}`,
    meaning,
    parse: (text) => {
      const [low, high, ...more] = text.split(/\s+/).map((part) => wholeNumber(part, range));
      if (low === null || high === null || high === undefined) return null;
      if (more.length > 0 || low > high) return null;
      return merge([setAll(lows, low), setAll(highs, high)]);
    },
    show: (config) => `${valueAt(config, lows[0])} ${valueAt(config, highs[0])}`,
  };
}

/** tcp_rmem and tcp_wmem: the first number, a floor under memory pressure, is fixed here. */
const BUFFER_FLOOR_BYTES = 4096;
/** All buffers together lie in 1 GiB. */
const BUFFER_MAX_BYTES = 2 ** 28;

export function tcpBuffer(name: string, meaning: string, init: Field, max: Field): Sysctl {
  const range = { min: BUFFER_FLOOR_BYTES, max: BUFFER_MAX_BYTES };
  const pair = numberPair(name, range, meaning, [[init], [max]]);
  return {
    ...pair,
    values: `${BUFFER_FLOOR_BYTES}, then ${pair.values} bytes: at start, at most`,
    parse: (text) => {
      const [floor, ...rest] = text.split(/\s+/);
      if (Number(floor) !== BUFFER_FLOOR_BYTES) return null;
      return rest.length === 2 ? pair.parse(rest.join(" ")) : null;
    },
    show: (config) => `${BUFFER_FLOOR_BYTES} ${pair.show(config)}`,
  };
}

/** Of the stack, where Linux has the time between two. */
export function icmpRateLimit(): Sysctl {
  const field: Field = "icmp.hostErrorsPerSecond";
  const range = { min: 1, max: 1e6 };
  return {
    name: "net.ipv4.icmp_ratelimit",
    values: `${rangeText(range.min, range.max)} ms`,
    meaning: "between two ICMP errors to one destination",
    parse: (text) => {
      const ms = wholeNumber(text, range);
      return ms === null ? null : setAll([field], 1000 / ms);
    },
    show: (config) => String(Math.round(1000 / Number(valueAt(config, field)))),
  };
}

/** On Linux 0 stands for 8. */
export function orphanRetries(): Sysctl {
  const row = number(
    "net.ipv4.tcp_orphan_retries",
    BYTE,
    "of a closed connection; 0: 8",
    "tcp.orphanRetries",
  );
  return { ...row, parse: (text) => row.parse(text === "0" ? "8" : text) };
}

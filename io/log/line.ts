/**
 * An entry as a line: for a person, or as one JSON object.
 *
 *     3.204117 info    tcp  va 198.18.0.2:40000 198.18.0.1:80  no answer …
 *     {"time":3.204117,"level":"info","category":"tcp","event":"tcp.timeout","interface":"va",…}
 *
 * @module
 */
import { categoryOf, type LogEntry } from "./event.ts";
import { CATEGORIES, LEVELS, type LogFormat } from "./levels.ts";

const widest = (names: readonly string[]) => Math.max(...names.map((name) => name.length));
const LEVEL_WIDTH = widest(LEVELS);
const CATEGORY_WIDTH = widest(CATEGORIES);
/** "1234.567890" */
const TIME_WIDTH = 11;

/** Keys of the JSON object that no field may be called. */
export const RESERVED_KEYS: readonly string[] = [
  "time",
  "level",
  "category",
  "event",
  "interface",
  "address",
  "local",
  "remote",
  "message",
];

/** Without the newline. */
export function formatLine(entry: LogEntry, format: LogFormat): string {
  return format === "json" ? jsonLine(entry) : textLine(entry);
}

function jsonLine({ info, timeSec, subject, values, message }: LogEntry): string {
  return JSON.stringify({
    time: Number(timeSec.toFixed(6)),
    level: info.level,
    category: categoryOf(info),
    event: info.name,
    ...subject,
    ...values,
    message,
  });
}

function textLine({ info, timeSec, subject, message }: LogEntry): string {
  const { local, remote } = subject;
  const head = [
    timeSec.toFixed(6).padStart(TIME_WIDTH),
    info.level.padEnd(LEVEL_WIDTH),
    categoryOf(info).padEnd(CATEGORY_WIDTH),
    ...[subject.interface, local, remote].filter((part) => part !== undefined),
  ];
  // Whatever a name or an argument has in it, an entry is one line
  // deno-lint-ignore no-control-regex
  return `${head.join(" ")}  ${message}`.replace(/[\x00-\x1f\x7f]/g, " ");
}

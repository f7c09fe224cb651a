/**
 * The logger proper, @logtape/logtape. It is loaded by `openLogtape` and not before, so that a run
 * without a log does not pay for it.
 *
 * Each thread that tells something has a logger of its own, since no code is shared between them;
 * both write whole lines to the same descriptor.
 *
 * @module
 */
import type { Logger, LogRecord } from "@logtape/logtape";
import { categoryOf, type LogEntry } from "./event.ts";
import { CATEGORIES, type Category, type LogSettings } from "./levels.ts";
import { formatLine } from "./line.ts";

const ROOT = "nuse";

/** Configures the thread's logger to write lines by `addLine`; returns where entries go. */
export async function openLogtape(
  { thresholds, format }: Pick<LogSettings, "thresholds" | "format">,
  addLine: (line: string) => void,
): Promise<(entry: LogEntry) => void> {
  const { configureSync, getLogger } = await import("@logtape/logtape");
  configureSync({
    reset: true,
    sinks: { lines: ({ properties }) => addLine(formatLine(properties.entry as LogEntry, format)) },
    loggers: [
      ...CATEGORIES.map((category) => {
        const threshold = thresholds[category];
        const lowestLevel = threshold === "off" ? null : threshold;
        return { category: [ROOT, category], sinks: ["lines" as const], lowestLevel };
      }),
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  const loggers = Object.fromEntries(CATEGORIES.map((c) => [c, getLogger([ROOT, c])]));
  return (entry) => emit(loggers as Record<Category, Logger>, entry);
}

function emit(loggers: Readonly<Record<Category, Logger>>, entry: LogEntry): void {
  const { info, message } = entry;
  const record: Omit<LogRecord, "category"> = {
    level: info.level,
    message: [message],
    rawMessage: info.message,
    timestamp: Date.now(),
    properties: { entry },
  };
  loggers[categoryOf(info)].emit(record);
}

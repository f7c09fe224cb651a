/**
 * What a thread has of the log that was asked for: the logger, and the lines that it has made and
 * that are still to be written. The thread's loop says when (`flush`), and once more at its end
 * (`finish`), so that the last lines before an exit are not lost.
 *
 * @module
 */
import { CLOCK_MONOTONIC } from "../../ffi/abi/file.ts";
import { libc } from "../../ffi/libc.ts";
import { fillIn, type LogEntry } from "./event.ts";
import { type LogSettings, thresholdsOf } from "./levels.ts";
import { formatLine } from "./line.ts";
import { LogOutput } from "./log_output.ts";
import { openLogtape } from "./logtape.ts";
import { OWN_EVENTS, OwnEvent } from "./own_events.ts";
import type { LogOptions } from "./own_log.ts";

/** At the end, for how long one piece may keep us when nobody reads. */
const FINISH_LIMIT_MS = 500;

export class ThreadLog {
  private constructor(
    readonly settings: LogSettings,
    readonly output: LogOutput,
    readonly write: (entry: LogEntry) => void,
  ) {}

  static async open(settings: LogSettings): Promise<ThreadLog> {
    const output = new LogOutput(settings.fd, (count) => lostLine(settings, count));
    return new ThreadLog(settings, output, await openLogtape(settings, (line) => output.add(line)));
  }

  /** For an OwnLog or a StackLog that this thread fills. */
  get options(): LogOptions {
    const { thresholds, startUs } = this.settings;
    return { thresholds, startUs, clockUs, onEntry: this.write };
  }

  /** Writes what can be written without waiting. */
  flush(): void {
    this.output.flush();
  }

  finish(): void {
    this.output.finish(FINISH_LIMIT_MS);
  }
}

function lostLine({ startUs, format }: LogSettings, lines: number): string {
  const info = OWN_EVENTS[OwnEvent.CLI_LINES_LOST];
  const message = fillIn(info.message, { lines });
  const timeSec = (clockUs() - startUs) / 1e6;
  return formatLine({ info, timeSec, subject: {}, values: { lines }, message }, format);
}

function clockUs(): number {
  return libc().clockUs(CLOCK_MONOTONIC);
}

/**
 * For the stack's thread: what a person is to be told in any case goes to `onTrouble` as well, also
 * without a log (`log` null).
 */
export function optionsWithTrouble(
  log: ThreadLog | null,
  onTrouble: (message: string) => void,
): LogOptions {
  const tellTrouble = ({ info, message }: LogEntry) => {
    if (info.level === "error") onTrouble(message);
  };
  if (log === null) {
    return { thresholds: thresholdsOf(() => "error"), startUs: 0, clockUs, onEntry: tellTrouble };
  }
  const { thresholds } = log.settings;
  return {
    ...log.options,
    // The logger itself leaves out what is off
    thresholds: thresholdsOf((c) => thresholds[c] === "off" ? "error" : thresholds[c]),
    onEntry: (entry) => {
      log.write(entry);
      tellTrouble(entry);
    },
  };
}

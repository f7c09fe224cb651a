/**
 * The log of one run as the main thread has it: opens where it goes, and tells of the program and
 * of what nuse does around it. The stack's thread gets `settings` and tells the rest.
 *
 * @module
 */
import {
  CLOCK_MONOTONIC,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
} from "../ffi/abi/file.ts";
import { check } from "../ffi/errno.ts";
import { cString, libc } from "../ffi/libc.ts";
import type { LogValue } from "../io/log/event.ts";
import type { LogSettings } from "../io/log/levels.ts";
import { OwnEvent } from "../io/log/own_events.ts";
import type { OwnLog } from "../io/log/own_log.ts";
import type { ThreadLog } from "../io/log/thread_log.ts";
import type { LogRequest } from "./log_request.ts";

const STDERR = 2;
const FILE_MODE = 0o644;

/** Throws SysError. */
function openFile(path: string): number {
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC;
  const fd = libc().open(cString(path), flags, FILE_MODE);
  return check(fd, "open", `cannot write the log to ${path}`, {
    path,
    advice: "give --log-file a file in a folder that you can write",
  });
}

export class RunLog {
  private constructor(readonly thread: ThreadLog, readonly log: OwnLog) {}

  /** Loads the logger. `request` null: there is no log, and nothing is loaded. Throws SysError. */
  static async open(request: LogRequest | null): Promise<RunLog | null> {
    if (request === null) return null;
    const { thresholds, format, file } = request;
    const fd = file === null ? STDERR : openFile(file);
    const settings = { thresholds, format, fd, startUs: libc().clockUs(CLOCK_MONOTONIC) };
    const { ThreadLog } = await import("../io/log/thread_log.ts");
    const { OwnLog } = await import("../io/log/own_log.ts");
    const thread = await ThreadLog.open(settings);
    return new RunLog(thread, new OwnLog(thread.options));
  }

  /** For the other thread. */
  get settings(): LogSettings {
    return this.thread.settings;
  }

  /** Tells of an event and writes the line: they are few here, and the end may be near. */
  tell(event: OwnEvent, values: Readonly<Record<string, LogValue>> = {}): void {
    this.log.tell(event, values);
    this.thread.flush();
  }
}

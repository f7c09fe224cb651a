/**
 * What goes wrong by a person's doing: one line on stderr for each thing, with what to do, and an
 * exit status.
 *
 * @module
 */
import { SysError } from "../../ffi/errno.ts";

/** The set-up is wrong: command line, environment, device, rights. */
export const EXIT_USAGE = 2;
/** nuse itself failed while the program ran (EX_SOFTWARE). */
export const EXIT_SOFTWARE = 70;
/** The program was found but cannot be run; it was not found: as in every shell. */
export const EXIT_NOT_EXECUTABLE = 126;
export const EXIT_NOT_FOUND = 127;
/** Added to the number of the signal that ended the program. */
export const EXIT_SIGNAL_BASE = 128;

export class Failure extends Error {
  /** `message` has no "nuse: " in front. */
  constructor(message: string, readonly status = EXIT_USAGE) {
    super(message);
  }
}

/** Several at once, a line each. */
export class Failures extends Failure {
  constructor(readonly lines: readonly string[]) {
    super(lines.join("\n"));
  }
}

/**
 * Says it on stderr and returns the exit status. A stack trace only for what nobody foresaw, with
 * -v.
 */
export function report(error: unknown, isVerbose: boolean): number {
  const isForeseen = error instanceof Failure || error instanceof SysError;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Failures) error.lines.forEach(say);
  else say(isForeseen ? text : `internal error: ${text}${isVerbose ? "" : " (-v shows where)"}`);
  const status = error instanceof Failure ? error.status : isForeseen ? EXIT_USAGE : EXIT_SOFTWARE;
  if (isVerbose && status === EXIT_SOFTWARE && error instanceof Error) console.error(error.stack);
  return status;
}

/** One line of nuse's own on stderr. */
export function say(message: string): void {
  console.error(`nuse: ${message.replaceAll("\n", " ")}`);
}

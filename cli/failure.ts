/**
 * What goes wrong by a person's doing: one line on stderr, with what to do, and an exit status.
 *
 * @module
 */
import { SysError } from "../ffi/errno.ts";

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

/**
 * Says it on stderr and returns the exit status. A stack trace only for what nobody foresaw, with
 * -v.
 */
export function report(error: unknown, isVerbose: boolean): number {
  if (error instanceof Failure || error instanceof SysError) {
    say(error.message);
    return error instanceof Failure ? error.status : EXIT_USAGE;
  }
  const text = error instanceof Error ? error.message : String(error);
  say(`internal error: ${text}${isVerbose ? "" : " (-v shows where)"}`);
  if (isVerbose && error instanceof Error) console.error(error.stack);
  return EXIT_SOFTWARE;
}

/** One line of nuse's own on stderr. */
export function say(message: string): void {
  console.error(`nuse: ${message.replaceAll("\n", " ")}`);
}

/**
 * Names of error numbers, for messages, logs and packet scripts. Not for the hot path.
 *
 * @module
 */
import * as errno from "./errno.ts";

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(errno).filter(([name]) => name !== "EWOULDBLOCK").map(([name, n]) => [n, name]),
);

/** The name of an error number of either sign: `errnoName(-110)` is "ETIMEDOUT". */
export function errnoName(n: number): string {
  return NAMES.get(Math.abs(n)) ?? `errno ${Math.abs(n)}`;
}

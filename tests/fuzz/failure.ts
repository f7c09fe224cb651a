/**
 * Something that must not be has happened.
 *
 * @module
 */

export class Failure extends Error {
  /** The same for the same fault, whatever the numbers: what the minimiser compares. */
  readonly kind: string;

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    const line = message.split("\n")[0];
    this.kind = line.replace(/-?\d+(\.\d+)*/g, "#").slice(0, 120);
  }
}

/** Whatever the stack threw, as a failure that names the place. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return new Failure(`threw ${String(error)}`, error);
  if (error.message.startsWith("invariant")) return new Failure(error.message, error);
  const place = (error.stack ?? "").split("\n").find((line) => line.includes("/stack/")) ?? "";
  const file = place.match(/stack\/[\w/]+\.ts/)?.[0] ?? "?";
  return new Failure(`threw ${error.name}: ${error.message} in ${file}\n${error.stack}`, error);
}

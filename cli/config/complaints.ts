/**
 * What is wrong with a configuration, gathered, so that a person gets all of it at once.
 *
 * @module
 */
import { Failure, Failures } from "../base/failure.ts";

export class Complaints {
  readonly #lines: string[];

  constructor(lines: readonly string[] = []) {
    this.#lines = [...lines];
  }

  get count(): number {
    return this.#lines.length;
  }

  /** What `make` returns; null: it threw a Failure, which is kept. */
  attempt<T>(make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#lines.push(error.message);
      return null;
    }
  }

  /** Throws Failure: one line, or Failures: those of a file in its order, then the others. */
  throwIfAny(): void {
    if (this.#lines.length === 0) return;
    if (this.#lines.length === 1) throw new Failure(this.#lines[0]);
    const places = this.#lines.map((line, i) => ({ line, i, at: placeOf(line) }));
    places.sort((a, b) => a.at - b.at || a.i - b.i);
    throw new Failures(places.map(({ line }) => line));
  }
}

/** Orders by line and column; Infinity: not in a file. */
function placeOf(line: string): number {
  const place = line.match(/^[^ ]*?:(\d+):(\d+): /);
  return place === null ? Infinity : Number(place[1]) * 1e5 + Number(place[2]);
}

/**
 * What `deno test` prints, and what a run came to.
 *
 * @module
 */

export interface Summary {
  passed: number;
  failed: number;
}

/** What some tests came to. */
export interface Result extends Summary {
  /** Names of tests that did not run. */
  ignored: string[];
}

/** The numbers of `deno test`'s last line; null when it printed none (it crashed). */
export function parseSummary(output: string): Summary | null {
  // deno-lint-ignore no-control-regex -- colours
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const lines = [...plain.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed.*$/gm)];
  const last = lines.at(-1);
  return last === undefined ? null : { passed: Number(last[1]), failed: Number(last[2]) };
}

/** Names of the tests that were left out, from `deno test`'s output. */
export function parseIgnored(output: string): string[] {
  // deno-lint-ignore no-control-regex -- colours
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  return [...plain.matchAll(/^(.+) \.\.\. ignored \(/gm)].map(([, name]) => name);
}

/** The last line. */
export function closingLine(results: readonly Result[]): string {
  const sum = (pick: (result: Result) => number) =>
    results.reduce((n, result) => n + pick(result), 0);
  const skipped = sum((result) => result.ignored.length);
  const counts = `${sum((r) => r.passed)} passed, ${sum((r) => r.failed)} failed`;
  return skipped === 0 ? counts : `${counts}, ${skipped} skipped`;
}

/**
 * The list of tests that pass on the kernel and need not under nuse, with reasons: known.txt. A
 * line is a pattern (`*` stands for anything) and the reason; what begins with # is a comment.
 *
 * @module
 */

export interface Known {
  readonly pattern: string;
  readonly reason: string;
}

export function parseKnown(text: string): Known[] {
  return text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, pattern, reason] = line.match(/^(\S+)\s+(\S.*)$/) ?? [];
      if (reason === undefined) throw new Error(`a pattern without a reason: ${line}`);
      return { pattern, reason };
    });
}

function matches(pattern: string, test: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(test);
}

export type TestOutcome = "pass" | "fail" | "skip" | "started";

export interface Ended {
  readonly test: string;
  readonly outcome: TestOutcome;
  readonly why?: string;
}

export interface Verdict {
  /** Pass on the kernel and under nuse. */
  readonly passed: number;
  /** Pass on the kernel, not under nuse, no reason. */
  readonly unexplained: readonly Ended[];
  /** The same, with their reasons. */
  readonly explained: ReadonlyMap<string, number>;
  /** Patterns of the list which match nothing that fails. */
  readonly stale: readonly string[];
}

/** Holds nuse's outcomes against the kernel's. A test that was started and did not end hung. */
export function judge(
  onKernel: readonly Ended[],
  underNuse: readonly Ended[],
  known: readonly Known[],
): Verdict {
  const outcomes = new Map(underNuse.map((ended) => [ended.test, ended]));
  const passing = new Set(
    [...new Map(onKernel.map((ended) => [ended.test, ended.outcome]))]
      .filter(([, outcome]) => outcome === "pass").map(([test]) => test),
  );
  const explained = new Map<string, number>();
  const unexplained: Ended[] = [];
  const used = new Set<string>();
  let passed = 0;
  for (const test of passing) {
    const ended = outcomes.get(test) ?? { test, outcome: "skip", why: "it was not run" };
    if (ended.outcome === "pass") {
      passed++;
      continue;
    }
    const reasons = known.filter(({ pattern }) => matches(pattern, test));
    for (const { pattern } of reasons) used.add(pattern);
    if (reasons.length === 0) unexplained.push(ended);
    else explained.set(reasons[0].reason, (explained.get(reasons[0].reason) ?? 0) + 1);
  }
  const stale = known.map(({ pattern }) => pattern)
    .filter((pattern) => !used.has(pattern) && [...passing].some((test) => matches(pattern, test)));
  return { passed, unexplained, explained, stale };
}

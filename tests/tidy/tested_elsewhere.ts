/**
 * Modules without a test file of their own, and where they are tested instead.
 *
 * @module
 */

export const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  "cli/build/build.ts": "tests/e2e/build_test.ts builds and runs dist/nuse",
  "cli/run.ts": "tests/e2e: the whole command line",
  "cli/session.ts": "tests/e2e/lifecycle_test.ts: signals, exit status, job control",
  "cli/stack_worker.ts": "tests/e2e: every run goes through it",
  "io/app/counters.ts": "numbers only; the tests of io/app read them",
  "cli/values.ts": "tests/cli/config_test.ts: every wrong value of the issue",
  "io/runtime.ts": "tests/e2e: every run is composed by it",
  "io/worker.ts": "tests/e2e: every run goes through it",
};

/**
 * Modules without a test file of their own, and where they are tested instead. A key that ends in
 * "/" speaks for the rest of a folder.
 *
 * @module
 */

export const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  "cli/build/build.ts": "tests/e2e/build_test.ts builds and runs dist/nuse",
  "cli/run.ts": "tests/e2e: the whole command line",
  "cli/session.ts": "tests/e2e/lifecycle_test.ts: signals, exit status, job control",
  "io/addresses.ts": "tests/e2e/address_test.ts: on real interfaces",
  "io/runtime.ts": "tests/e2e: every run is composed by it",
  "io/worker.ts": "tests/e2e: every run goes through it",
};

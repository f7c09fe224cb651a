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
  "io/app/endpoint/counters.ts": "numbers only; the tests of io/app read them",
  "cli/values.ts": "tests/cli/config_test.ts: every wrong value of the issue",
  "ffi/message.ts": "tests/ffi/abi_test.ts: offsets; tests/ffi/arena_test.ts: tables",
  "io/devices/device.ts": "counters only",
  "io/devices/rx_slots.ts": "tests/io/devices: every received frame lies in one",
  "io/addresses.ts": "tests/e2e/address_test.ts: on real interfaces",
  "io/runtime.ts": "tests/e2e: every run is composed by it",
  "stack/base/packet.ts": "a record that tests/stack/iface fills and reads",
  "io/worker.ts": "tests/e2e: every run goes through it",
};

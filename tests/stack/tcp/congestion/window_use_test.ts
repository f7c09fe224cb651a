import { assert, assertFalse } from "@std/assert";
import { WindowUse } from "../../../../stack/tcp/congestion/mod.ts";

/** A window of 10,000 bytes whose ACKs have come up to `sndUna`, sent up to `sndNxt`. */
const CWND = 10_000;

Deno.test("window use: a full window counts until all of it is acknowledged", () => {
  const use = new WindowUse();
  use.note(true, 0, 10_000);
  // The flight drains; a little is sent behind it
  use.note(false, 8_000, 11_000);
  assert(use.mayGrow(CWND, false), "its last segments are not acknowledged yet");
  use.note(false, 10_000, 12_000);
  assertFalse(use.mayGrow(CWND, false), "another window, and it is not full");
});

Deno.test("window use: in slow start the window may be twice the largest flight", () => {
  const use = new WindowUse();
  use.note(false, 0, 6_000);
  use.note(false, 4_000, 7_000);
  assert(use.mayGrow(11_999, true), "6,000 were in flight, though only 3,000 are now");
  assertFalse(use.mayGrow(12_000, true));
  assertFalse(use.mayGrow(11_999, false), "congestion avoidance wants a full window");
});

Deno.test("window use: a flight that fills the window later than it began counts", () => {
  const use = new WindowUse();
  use.note(false, 0, 6_000);
  use.note(true, 0, 10_000);
  assert(use.mayGrow(CWND, false));
  assert(use.isLimited);
});

Deno.test("window use: sequence numbers wrap", () => {
  const use = new WindowUse();
  const start = 0x7fff_ff00;
  use.note(true, start, (start + 10_000) | 0);
  use.note(false, (start + 5_000) | 0, (start + 10_100) | 0);
  assert(use.isLimited);
  use.note(false, (start + 10_000) | 0, (start + 10_200) | 0);
  assertFalse(use.isLimited);
});

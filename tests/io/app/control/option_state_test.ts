import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { nextOptionState } from "../../../../io/app/control/option_state.ts";

const ON = new Uint8Array([1, 0, 0, 0]);
const OFF = new Uint8Array(4);

Deno.test("option state: every option switches its own bit on and off", () => {
  const bits: [number, number, number][] = [
    [1, 29, P.NUSE_STATE_TIMESTAMP],
    [1, 63, P.NUSE_STATE_TIMESTAMP],
    [1, 35, P.NUSE_STATE_TIMESTAMPNS],
    [1, 64, P.NUSE_STATE_TIMESTAMPNS],
    [1, 40, P.NUSE_STATE_RXQ_OVFL],
    [0, 8, P.NUSE_STATE_PKTINFO],
    [0, 20, P.NUSE_STATE_ORIGDSTADDR],
    [0, 12, P.NUSE_STATE_RECVTTL],
    [0, 13, P.NUSE_STATE_RECVTOS],
    [41, 49, P.NUSE_STATE_PKTINFO6],
    [41, 51, P.NUSE_STATE_RECVHOPLIMIT],
    [41, 66, P.NUSE_STATE_RECVTCLASS],
  ];
  for (const [level, name, bit] of bits) {
    const other = 0x10000;
    assertEquals(nextOptionState(other, level, name, ON), other | bit);
    assertEquals(nextOptionState(other | bit, level, name, OFF), other);
  }
});

Deno.test("option state: SO_LINGER counts when it has a time", () => {
  const linger = (on: number, seconds: number) =>
    nextOptionState(0, 1, 13, new Uint8Array(new Int32Array([on, seconds]).buffer));
  assertEquals([linger(1, 5), linger(1, 0), linger(0, 5)], [P.NUSE_STATE_LINGER, 0, 0]);
  assertEquals(nextOptionState(P.NUSE_STATE_LINGER, 1, 13, new Uint8Array(8)), 0);
});

Deno.test("option state: SO_TIMESTAMPING when stamps are to be made and told", () => {
  const stateOf = (flags: number) => nextOptionState(0, 1, 37, Uint8Array.of(flags, 0, 0, 0));
  assertEquals([0x10, 0x08, 0x18, 0x1c].map(stateOf), [0, 0, 0x80, 0x80]);
});

Deno.test("option state: one kind of time stamp at a time; others leave it alone", () => {
  const ns = nextOptionState(P.NUSE_STATE_TIMESTAMP, 1, 35, ON);
  assertEquals(ns, P.NUSE_STATE_TIMESTAMPNS);
  assertEquals(nextOptionState(ns, 1, 9, ON), ns);
  assertEquals(nextOptionState(ns, 6, 1, ON), ns);
});

import { assert, assertEquals } from "@std/assert";
import { State } from "../../../../stack/tcp/base/state.ts";
import {
  fastOpenEnded,
  fastOpenResetOutOfOrder,
  fastOpenTimedOut,
} from "../../../../stack/tcp/path/fast_open_black_hole.ts";
import type { Tcb } from "../../../../stack/tcp/tcb/tcb.ts";
import { Peer } from "../support/peer.ts";

const BASE_US = 1_000_000;

/** A client's connection whose SYN had the option. */
function connection(): { tcb: Tcb; isPaused: () => boolean } {
  const peer = new Peer({ config: { fastOpenBlackholeUs: BASE_US } });
  const { tcb } = peer.connect();
  tcb.fastOpenAsked = true;
  return { tcb, isPaused: () => tcb.layer.fastOpenPause.isOn(BASE_US / 2) };
}

Deno.test("Fast Open's black holes: the third timeout in a row is a sign, no other", () => {
  for (const [backoff, isSign] of [[0, false], [1, false], [2, true], [3, false]] as const) {
    const { tcb, isPaused } = connection();
    tcb.backoff = backoff;
    fastOpenTimedOut(tcb, 0);
    assertEquals(isPaused(), isSign, `${backoff}`);
    assertEquals(tcb.layer.counters.tcp.fastOpenActiveFail, isSign ? 1 : 0);
  }
});

Deno.test("Fast Open's black holes: a RST out of order before any data is a sign", () => {
  const young = connection();
  fastOpenResetOutOfOrder(young.tcb, 0);
  assert(young.isPaused());
  const old = connection();
  old.tcb.dataSegsIn = 1;
  fastOpenResetOutOfOrder(old.tcb, 0);
  assert(!old.isPaused());
  const closing = connection();
  closing.tcb.state = State.FIN_WAIT_1;
  fastOpenResetOutOfOrder(closing.tcb, 0);
  assert(!closing.isPaused());
});

Deno.test("Fast Open's black holes: a FIN beyond a gap is a sign, data ends the pause", () => {
  const { tcb, isPaused } = connection();
  tcb.lastAckReceivedUs = 0;
  fastOpenEnded(tcb);
  assert(!isPaused());
  tcb.isFinPending = true;
  fastOpenEnded(tcb);
  assert(isPaused());
  tcb.dataSegsIn = 1;
  fastOpenEnded(tcb);
  assert(!isPaused());
});

Deno.test("Fast Open's black holes: a connection without the option tells nothing", () => {
  const { tcb, isPaused } = connection();
  tcb.fastOpenAsked = false;
  tcb.backoff = 2;
  tcb.isFinPending = true;
  fastOpenTimedOut(tcb, 0);
  fastOpenResetOutOfOrder(tcb, 0);
  fastOpenEnded(tcb);
  assert(!isPaused());
  assertEquals(tcb.layer.counters.tcp.fastOpenBlackhole, 0);
});

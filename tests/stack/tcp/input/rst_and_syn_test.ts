import { assert, assertEquals } from "@std/assert";
import { EVENT_CLOSED } from "../../../../stack/base/events.ts";
import { Peer } from "../support/peer.ts";
import { STATES } from "../support/states.ts";

const RESET_ERRNO: Record<string, number> = { "CLOSE-WAIT": 32 };

for (const [state, reach] of Object.entries(STATES)) {
  Deno.test(`RST in ${state}: exact resets, in window is challenged, else ignored`, () => {
    const peer = new Peer();
    const socket = reach(peer);
    assertEquals(socket.stateName, state);
    peer.sent.length = 0;
    const next = peer.nextSeq;
    peer.send({ flags: "R", seq: next - 1 });
    peer.send({ flags: "R", seq: next + 1_000_000 });
    peer.expect();
    assertEquals(socket.stateName, state);
    peer.send({ flags: "R", seq: next + 10 });
    assertEquals(peer.sent.length, 1);
    assertEquals(peer.take().header.flags, 16);
    assertEquals(peer.host.counters.tcp.challengeAck, 1);
    peer.send({ flags: "R", seq: next });
    assertEquals(socket.stateName, "CLOSED");
    assertEquals(socket.takeError(), RESET_ERRNO[state] ?? 104);
    assertEquals(peer.host.tcp.flowCount, 0);
    assert((peer.host.takeEvents(socket) & EVENT_CLOSED) !== 0);
    peer.expect();
  });

  Deno.test(`SYN in ${state}: challenge ACK`, () => {
    const peer = new Peer();
    const socket = reach(peer);
    peer.sent.length = 0;
    peer.send({ flags: "S", seq: peer.nextSeq + 5 });
    assertEquals(peer.take().header.flags, 16);
    assertEquals(socket.stateName, state);
  });
}

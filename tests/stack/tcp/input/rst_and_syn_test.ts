import { assert, assertEquals } from "@std/assert";
import { EVENT_CLOSED } from "../../../../stack/base/events.ts";
import { Peer } from "../support/peer.ts";

/** A host with a connection in each state that a RST can meet. */
const STATES: Record<string, (peer: Peer) => ReturnType<Peer["connect"]>> = {
  "ESTABLISHED": (peer) => peer.connect(),
  "FIN-WAIT-1": (peer) => {
    const socket = peer.connect();
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    return socket;
  },
  "FIN-WAIT-2": (peer) => {
    const socket = peer.connect();
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    peer.send({ flags: "." });
    return socket;
  },
  "CLOSE-WAIT": (peer) => {
    const socket = peer.connect();
    peer.send({ flags: "F." });
    return socket;
  },
  "CLOSING": (peer) => {
    const socket = peer.connect();
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    peer.send({ flags: "F.", ack: 1 });
    return socket;
  },
  "LAST-ACK": (peer) => {
    const socket = peer.connect();
    peer.send({ flags: "F." });
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    return socket;
  },
};

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

import { assert, assertEquals } from "@std/assert";
import {
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_READABLE,
  EVENT_WRITABLE,
} from "../../../../stack/base/events.ts";
import { EndCause } from "../../../../stack/tcp/base/end_cause.ts";
import { State } from "../../../../stack/tcp/base/state.ts";
import {
  abortConnection,
  deleteTcb,
  enterTimeWait,
  failConnection,
  initializeWindow,
  limitFinWait2,
  setState,
} from "../../../../stack/tcp/teardown/lifecycle.ts";
import { Peer } from "../support/peer.ts";

Deno.test("lifecycle: the gauge counts ESTABLISHED and CLOSE-WAIT", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  const { tcp } = peer.host.counters;
  const gauge = [State.CLOSE_WAIT, State.LAST_ACK, State.ESTABLISHED, State.FIN_WAIT_1].map((s) => {
    setState(tcb, s);
    return tcp.currEstab;
  });
  assertEquals(gauge, [1, 0, 1, 0]);
});

Deno.test("lifecycle: RFC 6928: ten segments to begin with, one when the SYN was lost", () => {
  const { tcb } = new Peer().connect();
  for (const [smss, cwnd] of [[1460, 14_600], [1000, 10_000], [536, 5_360], [8960, 17_920]]) {
    tcb.smss = smss;
    initializeWindow(tcb);
    assertEquals(tcb.cwnd, cwnd, `${smss}`);
  }
  tcb.backoff = 1;
  tcb.rtt.srttUs = -1;
  initializeWindow(tcb);
  assertEquals([tcb.cwnd, tcb.rtt.rtoUs], [8960, 3_000_000]);
});

Deno.test("lifecycle: a handshake tells the program, and nothing is left of the SYN", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, peer.port, peer.nowUs);
  assert(socket.isConnecting && !socket.wasConnected);
  peer.send({ flags: "S." });
  assertEquals(peer.host.takeEvents(socket), EVENT_CONNECTED | EVENT_WRITABLE);
  assert(!socket.isConnecting && socket.wasConnected);
  const { tcb } = socket;
  assertEquals([tcb.state, tcb.backoff, tcb.sent.count], [State.ESTABLISHED, 0, 0]);
  assertEquals(tcb.sndRingSeq, tcb.sndUna);
});

Deno.test("lifecycle: a deleted TCB holds nothing but what is still to be read", () => {
  const peer = new Peer();
  const socket = peer.connect();
  const { tcb } = socket;
  peer.write(socket, 500);
  peer.send({ flags: "P.", data: 20 });
  peer.host.takeEvents(socket);
  deleteTcb(tcb);
  assertEquals(peer.host.takeEvents(socket), EVENT_CLOSED | EVENT_READABLE | EVENT_WRITABLE);
  assertEquals([peer.host.tcp.flowCount, peer.host.tcp.timers.count], [0, 0]);
  assertEquals([tcb.sndRing.isAllocated, tcb.rcvRing.usedBytes, tcb.binding], [false, 20, null]);
  assertEquals(peer.host.tcp.bindings.count, 0);
  deleteTcb(tcb);
  assertEquals(peer.host.takeEvents(socket), 0, "only once");
});

Deno.test("lifecycle: a failure has its errno and its counter", () => {
  const established = new Peer();
  const socket = established.connect();
  failConnection(socket.tcb, 104, EndCause.RESET_RECEIVED);
  assertEquals([socket.takeError(), socket.takeError()], [104, 0]);
  assert((established.host.takeEvents(socket) & EVENT_ERROR) !== 0);
  assertEquals(established.host.counters.tcp.estabResets, 1);
  const attempt = new Peer();
  const trying = attempt.host.tcp.createSocket(2);
  trying.connect(attempt.address, attempt.port, attempt.nowUs);
  failConnection(trying.tcb, 0, EndCause.RESET_RECEIVED);
  assertEquals(attempt.host.takeEvents(trying) & EVENT_ERROR, 0, "the program asked for it");
  assertEquals(attempt.host.counters.tcp.attemptFails, 1);
});

Deno.test("lifecycle: an abort tells a peer that knows of the connection", () => {
  const peer = new Peer();
  const socket = peer.connect();
  abortConnection(socket.tcb, peer.nowUs, EndCause.ABORTED);
  peer.expect("R. 1:1(0) ack 1");
  const trying = peer.host.tcp.createSocket(2);
  trying.connect(peer.address, peer.port, peer.nowUs);
  peer.sent.length = 0;
  abortConnection(trying.tcb, peer.nowUs, EndCause.ABORTED);
  peer.expect();
});

Deno.test("lifecycle: an orphan in FIN-WAIT-2 has TCP_LINGER2, or ends at once by a RST", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  setState(tcb, State.FIN_WAIT_2);
  tcb.ownOptions().linger2Us = 7_000_000;
  assert(limitFinWait2(tcb, peer.nowUs));
  assertEquals(tcb.lingerAtUs, peer.nowUs + 7_000_000);
  assert(tcb.atUs <= tcb.lingerAtUs);
  tcb.ownOptions().linger2Us = -1;
  assert(!limitFinWait2(tcb, peer.nowUs));
  assertEquals([tcb.state, peer.host.counters.tcp.abortOnLinger], [State.CLOSED, 1]);
  peer.expect("R. 1:1(0) ack 1");
});

Deno.test("lifecycle: TIME-WAIT takes the place and the port of the TCB", () => {
  const peer = new Peer();
  const socket = peer.connect();
  enterTimeWait(socket.tcb, peer.nowUs);
  assertEquals([socket.tcb.state, socket.stateName], [State.CLOSED, "TIME-WAIT"]);
  const { tcp } = peer.host;
  assertEquals([tcp.flowCount, tcp.timeWaitCount, tcp.bindings.count], [1, 1, 1]);
  peer.advance(tcp.config.timeWaitUs);
  assertEquals([tcp.flowCount, tcp.timeWaitCount, tcp.bindings.count], [0, 0, 0]);
  assertEquals(socket.stateName, "CLOSED");
});

import { assert, assertEquals } from "@std/assert";
import { EVENT_READABLE } from "../../../../stack/base/events.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { Peer } from "../support/peer.ts";
import { STATES } from "../support/states.ts";

Deno.test("active close, the ordinary way, and 2 MSL", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.close(peer.nowUs);
  peer.flush();
  assertEquals(peer.next(), "F. 1:1(0) ack 1");
  peer.send({ flags: "." });
  peer.send({ flags: "F." });
  assertEquals(peer.next(), ". 2:2(0) ack 2");
  assertEquals(peer.host.tcp.timeWaitCount, 1);
  assertEquals(peer.host.tcp.orphanCount, 0);
  // The FIN again: our ACK was lost
  peer.advance(30_000_000);
  peer.send({ flags: "F.", seq: peer.nextSeq - 1 });
  assertEquals(peer.next(), ". 2:2(0) ack 2");
  peer.advance(59_000_000);
  assertEquals(peer.host.tcp.timeWaitCount, 1);
  peer.advance(2_000_000);
  assertEquals(peer.host.tcp.flowCount, 0);
  assertEquals(peer.host.tcp.bindings.count, 0);
});

Deno.test("active close: FIN and the ACK of ours in one segment", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.shutdown(1, peer.nowUs);
  peer.flush();
  peer.sent.length = 0;
  peer.send({ flags: "F." });
  assertEquals(socket.stateName, "TIME-WAIT");
  assertEquals(peer.next(), ". 2:2(0) ack 2");
});

Deno.test("passive close: CLOSE-WAIT, LAST-ACK, CLOSED", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "FP.", data: 4 });
  assertEquals(socket.stateName, "CLOSE-WAIT");
  assertEquals(peer.next(), ". 1:1(0) ack 6");
  assert((peer.host.takeEvents(socket) & EVENT_READABLE) !== 0);
  assertEquals(socket.recvEof, false);
  socket.recvConsume(4, peer.nowUs);
  assertEquals(socket.recvEof, true);
  socket.shutdown(1, peer.nowUs);
  assertEquals(socket.stateName, "LAST-ACK");
  peer.flush();
  assertEquals(peer.next(), "F. 1:1(0) ack 6");
  peer.send({ flags: "." });
  assertEquals(socket.stateName, "CLOSED");
  assertEquals(peer.host.tcp.flowCount, 0);
  assertEquals(peer.host.tcp.timeWaitCount, 0);
});

Deno.test("half-close: data of the peer is still received in FIN-WAIT-2", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.shutdown(1, peer.nowUs);
  peer.flush();
  peer.send({ flags: "." });
  peer.send({ flags: "P.", data: 100 });
  assertEquals(socket.recvAvailable(), 100);
  peer.advance(3600_000_000);
  assertEquals(socket.stateName, "FIN-WAIT-2", "no time limit while the program holds the socket");
});

Deno.test("a half-close of the peer: we still send", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "F." });
  peer.sent.length = 0;
  peer.write(socket, 20);
  peer.flush();
  assertEquals(peer.next(), "P. 1:21(20) ack 2");
});

Deno.test("close with data queued: everything goes, FIN last", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 3000);
  socket.close(peer.nowUs);
  assertEquals(peer.host.tcp.isQuiet(), false);
  peer.flush();
  peer.expect(". 1:1461(1460) ack 1", ". 1461:2921(1460) ack 1", "FP. 2921:3001(80) ack 1");
  peer.send({ flags: "." });
  assertEquals(peer.host.tcp.isQuiet(), true);
});

Deno.test("close with unread data resets (RFC 2525 2.17)", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "P.", data: 10 });
  peer.sent.length = 0;
  socket.close(peer.nowUs);
  assertEquals(peer.next(), "R. 1:1(0) ack 11");
  assertEquals(peer.host.tcp.flowCount, 0);
  const { abortOnClose, abortOnData } = peer.host.counters.tcp;
  assertEquals([abortOnClose, abortOnData], [1, 0]);
});

Deno.test("SO_LINGER 0, abort, AF_UNSPEC: what was written just before leaves, then RST", () => {
  for (const how of ["linger", "abort", "disconnect"]) {
    const peer = new Peer();
    const socket = peer.connect();
    peer.write(socket, 10);
    socket.tcpOptions.socket.lingerOn = true;
    if (how === "linger") socket.close(peer.nowUs);
    else if (how === "abort") socket.abort(peer.nowUs);
    else socket.disconnect(peer.nowUs);
    peer.expect("P. 1:11(10) ack 1", "R. 11:11(0) ack 1");
    const { abortOnClose, abortOnData } = peer.host.counters.tcp;
    assertEquals([abortOnClose, abortOnData], [0, how === "linger" ? 1 : 0], how);
    peer.flush();
    assertEquals(peer.sent, []);
    assertEquals(peer.host.tcp.flowCount, 0);
  }
});

Deno.test("close with unread data: the answer leaves as far as the window allows, then RST", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "P.", data: 10, win: 1460 });
  peer.sent.length = 0;
  peer.write(socket, 2000);
  socket.close(peer.nowUs);
  peer.expect(". 1:1461(1460) ack 11", "R. 1461:1461(0) ack 11");
  assertEquals(peer.host.tcp.flowCount, 0);
});

Deno.test("orphan in FIN-WAIT-2 ends after tcp_fin_timeout, TCP_LINGER2 shortens it", () => {
  for (const [seconds, us] of [[0, 60_000_000], [5, 5_000_000]]) {
    const peer = new Peer();
    const socket = peer.connect();
    socket.setTcpOption(8, Uint8Array.of(seconds, 0, 0, 0), peer.nowUs);
    socket.close(peer.nowUs);
    peer.flush();
    peer.send({ flags: "." });
    peer.advance(us - 100_000);
    assertEquals(peer.host.tcp.flowCount, 1);
    peer.advance(200_000);
    assertEquals(peer.host.tcp.flowCount, 0);
  }
});

Deno.test("TCP_LINGER2 below 0: FIN-WAIT-2 of an orphan ends by a RST, whichever came last", () => {
  const closeFirst = (peer: Peer, socket: TcpSocket) => {
    socket.close(peer.nowUs);
    peer.flush();
    peer.send({ flags: "." });
  };
  const ackFirst = (peer: Peer, socket: TcpSocket) => {
    socket.shutdown(1, peer.nowUs);
    peer.flush();
    peer.send({ flags: "." });
    socket.close(peer.nowUs);
  };
  for (const end of [closeFirst, ackFirst]) {
    const peer = new Peer();
    const socket = peer.connect();
    socket.tcb.ownOptions().linger2Us = -1;
    end(peer, socket);
    peer.expect("F. 1:1(0) ack 1", "R. 2:2(0) ack 1");
    assertEquals([peer.host.tcp.flowCount, peer.host.tcp.orphanCount], [0, 0]);
    assertEquals(peer.host.counters.tcp.abortOnLinger, 1);
  }
});

Deno.test("an orphan that nobody answers is given up", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 10);
  socket.close(peer.nowUs);
  peer.advance(200_000_000);
  assertEquals(peer.host.tcp.flowCount, 0);
  assertEquals(peer.host.tcp.orphanCount, 0);
});

Deno.test("close in SYN-SENT: nothing is left", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, 5000, peer.nowUs);
  socket.close(peer.nowUs);
  assertEquals(peer.host.tcp.flowCount, 0);
  assertEquals(peer.host.tcp.bindings.count, 0);
  assertEquals(peer.host.tcp.orphanCount, 0);
});

Deno.test("shutdown: errors, and SHUT_RD makes EOF", () => {
  const peer = new Peer();
  const fresh = peer.host.tcp.createSocket(2);
  assertEquals(fresh.shutdown(1, peer.nowUs), -107);
  const socket = peer.connect();
  assertEquals(socket.shutdown(3, peer.nowUs), -22);
  assertEquals(socket.recvEof, false);
  assertEquals(socket.shutdown(0, peer.nowUs), 0);
  assertEquals(socket.recvEof, true);
  assertEquals(socket.stateName, "ESTABLISHED");
});

Deno.test("shutdown: any way of it ends an attempt, and the socket can be used again", () => {
  const peer = new Peer();
  for (let how = 0; how < 3; how++) {
    const socket = peer.host.tcp.createSocket(2);
    assertEquals(socket.connect(peer.address, 5000, peer.nowUs), -115);
    assertEquals(socket.shutdown(how, peer.nowUs), 0);
    assertEquals([socket.stateName, socket.takeError()], ["CLOSED", 104]);
    assertEquals(socket.shutdown(how, peer.nowUs), -107);
    assertEquals(socket.connect(peer.address, 5000, peer.nowUs), -115);
    socket.close(peer.nowUs);
  }
});

Deno.test("disconnect: RST, and the socket can be used again", () => {
  const peer = new Peer();
  const socket = peer.connect();
  assertEquals(socket.disconnect(peer.nowUs), 0);
  assertEquals(peer.next(), "R. 1:1(0) ack 1");
  assertEquals(socket.stateName, "CLOSED");
  assertEquals(socket.connect(peer.address, 5001, peer.nowUs), -115);
});

/** Linux tcp_need_reset: whether the peer of a connection in this state is told by a RST. */
const NEEDS_RESET: Record<string, boolean> = {
  "ESTABLISHED": true,
  "FIN-WAIT-1": true,
  "FIN-WAIT-2": true,
  "CLOSE-WAIT": true,
  "CLOSING": false,
  "LAST-ACK": false,
};

for (const [state, reach] of Object.entries(STATES)) {
  Deno.test(`disconnect in ${state}: ${NEEDS_RESET[state] ? "RST" : "no RST"}`, () => {
    const peer = new Peer();
    const socket = reach(peer);
    peer.sent.length = 0;
    assertEquals(socket.disconnect(peer.nowUs), 0);
    peer.flush();
    const resets = peer.sent.filter(({ header }) => (header.flags & 4) !== 0).length;
    assertEquals([resets, peer.sent.length], NEEDS_RESET[state] ? [1, 1] : [0, 0]);
    assertEquals([socket.stateName, peer.host.tcp.flowCount], ["CLOSED", 0]);
  });
}

Deno.test("TCP_LINGER2 < 0: no FIN-WAIT-2 for an orphan", () => {
  const negative = Uint8Array.of(255, 255, 255, 255);
  // Closed before our FIN is acknowledged: over with the acknowledgment
  const early = new Peer();
  const first = early.connect();
  first.setTcpOption(8, negative, early.nowUs);
  first.close(early.nowUs);
  early.flush();
  assertEquals(early.host.tcp.flowCount, 1);
  early.send({ flags: "." });
  assertEquals(early.host.tcp.flowCount, 0);
  // Closed in FIN-WAIT-2: over at once, and the peer is told
  const late = new Peer();
  const second = STATES["FIN-WAIT-2"](late);
  second.setTcpOption(8, negative, late.nowUs);
  late.sent.length = 0;
  second.close(late.nowUs);
  assertEquals(late.host.tcp.flowCount, 0);
  assertEquals(late.next(), "R. 2:2(0) ack 1");
});

Deno.test("orphans: when memory is short, only those with little to send are kept", () => {
  for (const [queued, isKept] of [[20_000, false], [4000, true]] as const) {
    const peer = new Peer();
    const socket = peer.connect({ win: 0 });
    peer.write(socket, queued);
    const { memory, tcp } = peer.host;
    // Somebody else has three quarters of it.
    for (let block = 1 << 20; memory.usedBytes <= memory.sizeBytes * 0.75;) {
      if (memory.alloc(block) < 0) block >>= 1;
    }
    socket.close(peer.nowUs);
    peer.flush();
    assertEquals([tcp.orphanCount, tcp.flowCount], isKept ? [1, 1] : [0, 0], `${queued}`);
    assertEquals(peer.host.counters.tcp.abortOnMemory, isKept ? 0 : 1);
  }
});

import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

/** Past the quick ACKs of the start. */
function settled(options = {}): [Peer, ReturnType<Peer["connect"]>] {
  const peer = new Peer({ config: { quickAckSegments: 0 } });
  const socket = peer.connect(options);
  peer.send({ flags: ".", data: 1460 });
  peer.advance(50_000);
  peer.sent.length = 0;
  return [peer, socket];
}

Deno.test("delayed ACK: one segment waits 40 ms, more than one full segment does not", () => {
  const [peer] = settled();
  peer.send({ flags: "P.", data: 100 });
  peer.expect();
  assertEquals(peer.timeUntilSent(), 40_000);
  assertEquals(peer.next(), ". 1:1(0) ack 1561");
  assertEquals(peer.host.counters.tcp.delayedAcks > 0, true);
  peer.send({ flags: ".", data: 1460 });
  peer.expect();
  peer.send({ flags: ".", data: 1460 });
  assertEquals(peer.next(), ". 1:1(0) ack 4481");
});

Deno.test("quick ACKs at the start of a connection", () => {
  const peer = new Peer();
  peer.connect();
  for (let i = 0; i < 3; i++) {
    peer.send({ flags: "P.", data: 10 });
    assertEquals(peer.sent.length, 1);
    peer.sent.length = 0;
  }
});

Deno.test("an ACK travels with data, and the connection becomes interactive", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.inject({ flags: "P.", data: 10 });
  socket.recvConsume(10, peer.nowUs);
  peer.write(socket, 20);
  peer.flush();
  peer.expect("P. 1:21(20) ack 11");
  peer.send({ flags: "P.", data: 10 });
  peer.expect();
  assertEquals(peer.timeUntilSent(), 40_000);
});

Deno.test("segments of one batch are acknowledged together", () => {
  const peer = new Peer();
  peer.connect();
  for (let i = 0; i < 8; i++) peer.inject({ flags: ".", data: 1460 });
  peer.flush();
  peer.expect(". 1:1(0) ack 11681");
});

Deno.test("a coalesced segment counts as the segments it is made of", () => {
  const [peer, socket] = settled();
  peer.send({ flags: ".", data: 29_200, gsoSize: 1460 });
  peer.expect(". 1:1(0) ack 30661");
  assertEquals(socket.tcb.dataSegsIn, 21);
  assertEquals(socket.tcb.rcvMss, 1460);
});

Deno.test("out-of-order segments are answered one by one, at once", () => {
  const [peer] = settled();
  for (let i = 1; i <= 3; i++) peer.inject({ flags: ".", seq: 2461 + i * 1460, data: 1460 });
  assertEquals(peer.sent.length, 3);
  peer.flush();
  peer.expect(". 1:1(0) ack 1461", ". 1:1(0) ack 1461", ". 1:1(0) ack 1461");
  peer.send({ flags: ".", seq: 2461, data: 1460 });
  peer.expect(". 1:1(0) ack 7301");
});

Deno.test("TCP_QUICKACK sends what is pending", () => {
  const [peer, socket] = settled();
  peer.send({ flags: "P.", data: 10 });
  peer.expect();
  socket.setTcpOption(12, Uint8Array.of(1, 0, 0, 0), peer.nowUs);
  peer.flush();
  peer.expect(". 1:1(0) ack 1471");
});

Deno.test("segments outside the window get an ACK, bare ones not more often than allowed", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", seq: 900_000_000 });
  peer.expect(". 1:1(0) ack 1");
  peer.send({ flags: ".", seq: 900_000_000 });
  peer.expect();
  assertEquals(peer.host.counters.tcp.ackSkippedSeq, 1);
  peer.advance(500_000);
  peer.send({ flags: ".", seq: 900_000_000 });
  peer.expect(". 1:1(0) ack 1");
  peer.send({ flags: "P.", seq: 500, data: 100 });
  peer.expect(". 1:1(0) ack 1");
  assertEquals(socket.recvAvailable(), 0);
});

Deno.test("text that is partly old, partly beyond the window is trimmed on both sides", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", data: 1000 });
  peer.send({ flags: ".", seq: 1501, data: 64_000, gsoSize: 1460 });
  assertEquals(socket.recvAvailable(), 64_500);
  peer.sent.length = 0;
  peer.nextSeq = 1001 + 64_500;
  peer.send({ flags: "F.", data: 80_000, gsoSize: 1460 });
  const edge = socket.tcb.rcvAdv - 1001;
  assertEquals(socket.recvAvailable(), edge);
  assertEquals(socket.stateName, "ESTABLISHED", "the FIN was cut off with the text");
});

Deno.test("an ACK of what was not sent, or far too old: challenged, its text dropped", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "P.", ack: 5000, data: 10 });
  peer.expect(". 1:1(0) ack 1");
  assertEquals(socket.recvAvailable(), 0);
  peer.advance(600_000);
  peer.send({ flags: "P.", seq: 1001, ack: -100_000, data: 10 });
  peer.expect(". 1:1(0) ack 1");
  assertEquals(socket.recvAvailable(), 0);
  assertEquals(peer.host.counters.tcp.challengeAck, 2);
});

Deno.test("challenge ACKs are limited for each connection and for all", () => {
  const peer = new Peer({ config: { challengeAckPerSecond: 10, invalidAckIntervalUs: 0 } });
  peer.connect();
  for (let i = 0; i < 50; i++) peer.send({ flags: "R", seq: 1010 });
  // The number is drawn anew for each second (attacks_test.ts)
  const count = peer.sent.length;
  assert(count >= 5 && count < 15, `${count} challenge ACKs`);
  assertEquals(peer.host.counters.tcp.ackSkippedChallenge, 50 - count);
});

Deno.test("a segment without ACK is dropped", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "P", data: 10 });
  assertEquals(socket.recvAvailable(), 0);
  peer.expect();
});

Deno.test("PAWS: an old timestamp is rejected with an ACK, a reordered bare ACK is not", () => {
  const peer = new Peer();
  const socket = peer.connect({ ts: [1000, 0] });
  peer.send({ flags: "P.", data: 10, ts: [2000, 0] });
  peer.sent.length = 0;
  peer.send({ flags: "P.", data: 10, ts: [1500, 0], seq: 1011 });
  assertEquals(peer.sent.length, 1);
  assertEquals(socket.recvAvailable(), 10);
  assertEquals(peer.host.counters.tcp.pawsEstab, 1);
  // After 24 days TS.Recent is worth nothing
  peer.nowUs += 25 * 86400 * 1e6;
  peer.send({ flags: "P.", data: 10, ts: [1500, 0], seq: 1011 });
  assertEquals(socket.recvAvailable(), 20);
  // A reset is not subject to PAWS
  peer.send({ flags: "R", seq: 1021, ts: [100, 0] });
  assertEquals(socket.stateName, "CLOSED");
});

Deno.test("TS.Recent follows the segment that covers Last.ACK.sent", () => {
  const peer = new Peer();
  const socket = peer.connect({ ts: [1000, 0] });
  peer.send({ flags: ".", seq: 1011, data: 10, ts: [1100, 0] });
  assertEquals(socket.tcb.tsRecent, 1000, "beyond a gap");
  peer.send({ flags: ".", seq: 1001, data: 10, ts: [1090, 0] });
  assertEquals(socket.tcb.tsRecent, 1090);
});

Deno.test("RTT is taken from timestamps when only a retransmission was acknowledged", () => {
  const peer = new Peer();
  const socket = peer.connect({ ts: [1000, 0] });
  const before = socket.tcb.rtt.srttUs;
  peer.write(socket, 10);
  peer.flush();
  peer.sent.length = 0;
  peer.timeUntilSent();
  const again = peer.take();
  peer.advance(30_000);
  peer.send({ flags: ".", ts: [1001, again.options.tsVal] });
  assertEquals(Math.round(socket.tcb.rtt.srttUs - before), Math.round((30_000 - before) / 8));
});

Deno.test("after a gap segments of one batch are acknowledged one by one", () => {
  const peer = new Peer();
  peer.connect();
  peer.send({ flags: ".", data: 1460, seq: 2461 });
  peer.sent.length = 0;
  for (let i = 0; i < 4; i++) {
    peer.inject({ flags: ".", data: 1460, seq: 1001 + (i + (i > 0 ? 1 : 0)) * 1460 });
  }
  peer.flush();
  peer.expect(
    ". 1:1(0) ack 2921",
    ". 1:1(0) ack 4381",
    ". 1:1(0) ack 5841",
    ". 1:1(0) ack 7301",
  );
});

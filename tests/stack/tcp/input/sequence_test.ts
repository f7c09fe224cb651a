import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

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

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

const TS_RECENT = 100_000;

/** A connection whose TS.Recent is 100 s, in milliseconds. */
function connected() {
  const peer = new Peer();
  const socket = peer.connect({ ts: [1000, 0] });
  peer.send({ flags: "P.", data: 10, ts: [TS_RECENT, 0] });
  peer.sent.length = 0;
  assertEquals(socket.tcb.tsRecent, TS_RECENT);
  return { peer, socket, rtoMs: Math.floor(socket.tcb.rtt.rtoUs / 1000) };
}

Deno.test("PAWS: a bare duplicate ACK may be late by an RTO, no more", () => {
  const { peer, rtoMs } = connected();
  const cases: [lateMs: number, isRejected: boolean][] = [
    [1, false],
    [2, false],
    [rtoMs, false],
    [rtoMs + 1, true],
    [TS_RECENT / 2, true],
  ];
  let rejected = 0;
  for (const [lateMs, isRejected] of cases) {
    if (isRejected) rejected++;
    peer.send({ flags: ".", ts: [TS_RECENT - lateMs, 0] });
    assertEquals(peer.host.counters.tcp.pawsEstab, rejected, `${lateMs} ms`);
  }
});

Deno.test("PAWS: what is late and no bare duplicate ACK is rejected", () => {
  const { peer, socket } = connected();
  peer.write(socket, 100);
  peer.flush();
  const late: [number, number] = [TS_RECENT - 2, 0];
  const kinds = [
    { flags: "P.", data: 10 },
    { flags: "F." },
    { flags: ".", ack: 101 },
    { flags: ".", seq: peer.nextSeq - 1 },
  ];
  for (const [i, kind] of kinds.entries()) {
    peer.send({ seq: peer.nextSeq, ack: 1, ...kind, ts: late });
    assertEquals(peer.host.counters.tcp.pawsEstab, i + 1, JSON.stringify(kind));
  }
  assertEquals([socket.recvAvailable(), socket.stateName], [10, "ESTABLISHED"]);
  assertEquals(socket.unackedBytes, 100);
});

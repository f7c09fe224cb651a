import { assertEquals } from "@std/assert";
import { checkSequence, SequenceFault } from "../../../../stack/tcp/input/sequence.ts";
import { Segment } from "../../../../stack/tcp/base/segment.ts";
import { seqInWindow } from "../../../../stack/tcp/base/seq.ts";
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
  assertEquals(peer.host.counters.tcp.dsackOldSent, 0, "without SACK there are none");
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

/** RFC 9293 3.4, table 6. */
function isAcceptable(seq: number, len: number, rcvNxt: number, rcvWnd: number): boolean {
  if (len === 0) return rcvWnd === 0 ? seq === rcvNxt : seqInWindow(seq, rcvNxt, rcvWnd);
  if (rcvWnd === 0) return false;
  return seqInWindow(seq, rcvNxt, rcvWnd) || seqInWindow(seq + len - 1, rcvNxt, rcvWnd);
}

/** What we accept beyond the table, as Linux: see the header of sequence.ts. */
function isLinuxExtra(seq: number, len: number, rcvNxt: number, rcvWnd: number, acked: number) {
  const isOld = seq + len >= acked && seq + len <= rcvNxt;
  const isAtEdge = seq === rcvNxt + rcvWnd;
  const isAcross = seq < rcvNxt && seq + len > rcvNxt;
  return isOld || isAtEdge || isAcross;
}

Deno.test("the acceptability table: all of the RFC's, and beyond it what Linux takes too", () => {
  const peer = new Peer();
  const { tcb } = peer.connect();
  const seg = new Segment();
  const rcvNxt = tcb.rcvNxt;
  const counts = { rfc: 0, extra: 0, before: 0, beyond: 0 };
  for (const rcvWnd of [0, 1, 5]) {
    tcb.rcvAdv = rcvNxt + rcvWnd;
    for (const acked of [rcvNxt, rcvNxt - 2]) {
      tcb.lastAckSent = acked;
      for (let seq = rcvNxt - 8; seq <= rcvNxt + 8; seq++) {
        for (const len of [0, 1, 2, 3, 12]) {
          seg.seq = seq;
          seg.len = len;
          const fault = checkSequence(tcb, seg);
          const about = `${seq - rcvNxt} len ${len} window ${rcvWnd} acked ${acked - rcvNxt}`;
          if (isAcceptable(seq, len, rcvNxt, rcvWnd)) {
            assertEquals(fault, SequenceFault.NONE, about);
            counts.rfc++;
          } else if (isLinuxExtra(seq, len, rcvNxt, rcvWnd, acked)) {
            assertEquals(fault, SequenceFault.NONE, about);
            counts.extra++;
          } else if (fault === SequenceFault.BEFORE) {
            assertEquals(seq + len < acked, true, about);
            counts.before++;
          } else {
            assertEquals(fault, SequenceFault.BEYOND, about);
            assertEquals(seq > rcvNxt + rcvWnd, true, about);
            counts.beyond++;
          }
        }
      }
    }
  }
  assertEquals(Object.values(counts).every((count) => count > 20), true, JSON.stringify(counts));
});

Deno.test("outside the window: a RST is dropped, a SYN challenged; PAWS comes before both", () => {
  const peer = new Peer();
  const { tcb } = peer.connect({ ts: [1000, 0] });
  const { counters } = peer.host;
  peer.send({ flags: "R", seq: tcb.rcvNxt - 100, ts: [1000, 0] });
  peer.expect();
  assertEquals(counters.snapshot()["drop.tcpSequence"], 1);
  peer.send({ flags: "S", seq: tcb.rcvNxt - 100, ts: [1000, 0] });
  assertEquals([counters.tcp.synChallenge, counters.tcp.challengeAck, peer.sent.length], [1, 1, 1]);
  peer.advance(500_000);
  peer.sent.length = 0;
  peer.send({ flags: "S", seq: tcb.rcvNxt, ts: [500, 0] });
  assertEquals([counters.tcp.synChallenge, counters.tcp.pawsEstab, peer.sent.length], [1, 1, 1]);
});

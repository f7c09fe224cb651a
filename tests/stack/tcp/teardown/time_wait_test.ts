import { assert, assertEquals } from "@std/assert";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { Peer } from "../support/peer.ts";

Deno.test("TIME-WAIT: old segments are acknowledged, RST and new SYN end it", () => {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "S" });
  peer.send({ flags: "." });
  const listener = peer.host.tcp;
  const socket = ([...peer.host.events.keys()][0] as TcpSocket).accept()!;
  socket.close(peer.nowUs);
  peer.flush();
  peer.send({ flags: "F." });
  assertEquals(listener.timeWaitCount, 1);
  peer.sent.length = 0;
  peer.send({ flags: "P.", seq: 1001, data: 0 });
  peer.send({ flags: "P.", seq: 1001, data: 1 });
  assertEquals(peer.next(), ". 2:2(0) ack 2");
  // An old duplicate SYN does not end it, one beyond does
  peer.send({ flags: "S", seq: 900 });
  assertEquals(listener.timeWaitCount, 1);
  peer.sent.length = 0;
  const issBefore = peer.hostIss;
  peer.send({ flags: "S", seq: 5000 });
  assertEquals(listener.timeWaitCount, 0);
  const synAck = peer.take();
  assertEquals(synAck.header.flags, 18);
  assert(((synAck.header.seq - issBefore) | 0) > 65535);
});

Deno.test("TIME-WAIT: the exact RST ends it", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.close(peer.nowUs);
  peer.flush();
  peer.send({ flags: "F." });
  peer.send({ flags: "R", seq: peer.nextSeq + 1 });
  assertEquals(peer.host.tcp.timeWaitCount, 1);
  peer.send({ flags: "R", seq: peer.nextSeq });
  assertEquals(peer.host.tcp.timeWaitCount, 0);
});

Deno.test("the number of TIME-WAITs is bounded", () => {
  const peer = new Peer({ config: { timeWaitMax: 2 } });
  for (let i = 0; i < 4; i++) {
    peer.port = 5000 + i;
    peer.nextSeq = 1000;
    const socket = peer.connect();
    socket.close(peer.nowUs);
    peer.flush();
    peer.send({ flags: "F." });
  }
  assertEquals(peer.host.tcp.timeWaitCount, 2);
  assertEquals(peer.host.counters.tcp.timeWaitOverflow, 2);
});

/** A listener whose one connection, with timestamps up to 2000 or none, is in TIME-WAIT. */
function inTimeWait(hasTimestamps: boolean): Peer {
  const peer = new Peer();
  const ts = (value: number): { ts?: [number, number] } => hasTimestamps ? { ts: [value, 0] } : {};
  const listener = peer.listen();
  peer.send({ flags: "S", ...ts(1000) });
  peer.send({ flags: ".", ...ts(1500) });
  const socket = listener.accept()!;
  socket.close(peer.nowUs);
  peer.flush();
  peer.send({ flags: "F.", ...ts(2000) });
  assertEquals(peer.host.tcp.timeWaitCount, 1);
  peer.sent.length = 0;
  return peer;
}

Deno.test("TIME-WAIT with timestamps: a SYN opens anew if number or timestamp is later", () => {
  const cases: { seq: number; tsVal: number; isOpened: boolean }[] = [
    { seq: -10, tsVal: 2000, isOpened: false },
    { seq: 0, tsVal: 2000, isOpened: false },
    { seq: 1, tsVal: 2000, isOpened: true },
    { seq: -10, tsVal: 2001, isOpened: true },
    { seq: -1_000_000, tsVal: 2001, isOpened: true },
    { seq: 1, tsVal: 1999, isOpened: false },
    { seq: -10, tsVal: 1999, isOpened: false },
  ];
  for (const { seq, tsVal, isOpened } of cases) {
    const peer = inTimeWait(true);
    peer.send({ flags: "S", seq: peer.nextSeq + seq, ts: [tsVal, 0] });
    const what = `${seq} ${tsVal}`;
    assertEquals(peer.host.tcp.timeWaitCount, isOpened ? 0 : 1, what);
    assertEquals(peer.take().header.flags, isOpened ? 18 : 16, what);
  }
});

Deno.test("TIME-WAIT without timestamps: a SYN opens anew beyond the FIN only", () => {
  for (const [seq, count] of [[-1, 1], [0, 1], [1, 0]]) {
    const peer = inTimeWait(false);
    peer.send({ flags: "S", seq: peer.nextSeq + seq });
    assertEquals(peer.host.tcp.timeWaitCount, count, `${seq}`);
  }
});

Deno.test("TIME-WAIT: what is old or outside is answered, bare ACKs not each time", () => {
  const peer = inTimeWait(true);
  const { tcp } = peer.host.counters;
  peer.send({ flags: ".", ts: [1999, 0] });
  assertEquals([peer.sent.length, tcp.pawsTimewait, tcp.ackSkippedTimeWait], [1, 1, 0]);
  peer.send({ flags: ".", ts: [1999, 0] });
  assertEquals([peer.sent.length, tcp.pawsTimewait, tcp.ackSkippedTimeWait], [1, 2, 1]);
  peer.send({ flags: ".", ts: [2000, 0], seq: peer.nextSeq + 1_000_000 });
  assertEquals([peer.sent.length, tcp.pawsTimewait, tcp.ackSkippedTimeWait], [1, 2, 2]);
  peer.send({ flags: "P.", data: 3, ts: [1999, 0] });
  assertEquals([peer.sent.length, tcp.pawsTimewait, tcp.ackSkippedTimeWait], [2, 3, 2]);
  peer.send({ flags: ".", ts: [2000, 0] });
  assertEquals([peer.sent.length, tcp.pawsTimewait], [2, 3]);
});

Deno.test("TIME-WAIT: the FIN again restarts the 2 MSL, nothing else does", () => {
  for (const [flags, seq, count] of [["F.", -1, 1], [".", 0, 0], ["P.", -1, 0]] as const) {
    const peer = inTimeWait(false);
    peer.advance(40_000_000);
    peer.send({ flags, seq: peer.nextSeq + seq, data: flags === "P." ? 1 : 0 });
    peer.advance(30_000_000);
    assertEquals(peer.host.tcp.timeWaitCount, count, flags);
  }
});

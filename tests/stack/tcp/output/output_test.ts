import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";
import { transfer, World } from "../support/world.ts";
import { restartAfterIdle } from "../../../../stack/tcp/output/output.ts";

const ON = Uint8Array.of(1, 0, 0, 0);

const OFF = Uint8Array.of(0, 0, 0, 0);

const TCP_NODELAY = 1;

const TCP_CORK = 3;

Deno.test("Nagle: a second small segment waits for the first's ACK", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 10);
  peer.flush();
  peer.write(socket, 10);
  peer.flush();
  peer.write(socket, 10);
  peer.flush();
  peer.expect("P. 1:11(10) ack 1");
  peer.send({ flags: "." });
  peer.expect("P. 11:31(20) ack 1");
});

Deno.test("Nagle holds back only the tail, and not behind full segments (Minshall)", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 1560);
  peer.flush();
  peer.expect(". 1:1461(1460) ack 1", "P. 1461:1561(100) ack 1");
  peer.write(socket, 1560);
  peer.flush();
  peer.expect(". 1561:3021(1460) ack 1");
});

Deno.test("TCP_NODELAY sends at once", () => {
  const peer = new Peer();
  const socket = peer.connect();
  assertEquals(socket.setTcpOption(TCP_NODELAY, ON, peer.nowUs), 0);
  for (let i = 0; i < 2; i++) {
    peer.write(socket, 10);
    peer.flush();
  }
  peer.expect("P. 1:11(10) ack 1", "P. 11:21(10) ack 1");
});

Deno.test("TCP_NODELAY does not let more tiny segments out than cwnd has segments", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setTcpOption(TCP_NODELAY, ON, peer.nowUs);
  for (let i = 0; i < 40; i++) {
    peer.write(socket, 1);
    peer.flush();
  }
  assertEquals(peer.sent.length, 10);
});

Deno.test("TCP_CORK: only full segments, the rest when uncorked or after 200 ms", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setTcpOption(TCP_CORK, ON, peer.nowUs);
  peer.write(socket, 100);
  peer.flush();
  peer.expect();
  socket.setTcpOption(TCP_CORK, OFF, peer.nowUs);
  peer.flush();
  peer.expect("P. 1:101(100) ack 1");
  peer.send({ flags: "." });
  socket.setTcpOption(TCP_CORK, ON, peer.nowUs);
  peer.write(socket, 100);
  assertEquals(Math.round(peer.timeUntilSent() / 1000), 200);
  peer.expect("P. 101:201(100) ack 1");
});

Deno.test("TCP_CORK, Nagle: what was written before they come leaves as if they had not", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setTcpOption(TCP_NODELAY, ON, peer.nowUs);
  peer.write(socket, 100);
  socket.setTcpOption(TCP_CORK, ON, peer.nowUs);
  peer.write(socket, 50);
  peer.flush();
  peer.expect("P. 1:101(100) ack 1");
  socket.setTcpOption(TCP_CORK, OFF, peer.nowUs);
  peer.flush();
  peer.expect("P. 101:151(50) ack 1");
  peer.write(socket, 20);
  socket.setTcpOption(TCP_NODELAY, OFF, peer.nowUs);
  peer.write(socket, 20);
  peer.flush();
  peer.expect("P. 151:171(20) ack 1");
});

Deno.test("MSG_MORE holds a partial segment, FIN lets it go", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.sendSpan(50);
  socket.sendCommit(50, peer.nowUs, true);
  peer.flush();
  peer.expect();
  socket.shutdown(1, peer.nowUs);
  peer.flush();
  peer.expect("F. 1:51(50) ack 1");
});

Deno.test("MSG_MORE holds nothing that was written before it", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 100);
  socket.sendSpan(50);
  socket.sendCommit(50, peer.nowUs, true);
  peer.flush();
  peer.expect("P. 1:101(100) ack 1");
  peer.write(socket, 0);
  socket.sendCommit(0, peer.nowUs, false);
  peer.send({ flags: ".", ack: 101 });
  peer.flush();
  peer.expect("P. 101:151(50) ack 1");
});

Deno.test("the initial window is ten segments", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 40_000);
  peer.flush();
  assertEquals(peer.sent.length, 10);
  peer.sent.length = 0;
  peer.send({ flags: ".", ack: 2921 });
  assertEquals(peer.sent.length, 4, "slow start: two acknowledged, four more");
});

Deno.test("TSO with SACK blocks: each segment has them, and as much less text", () => {
  const peer = new Peer({ gsoMaxBytes: 65535, csumOffload: true });
  const socket = peer.connect({ mss: 1460, sackOk: true, ts: [1, 0] });
  peer.nowUs += 10_000;
  for (const gap of [5000, 10_000, 15_000, 20_000]) {
    peer.send({ flags: ".", seq: peer.nextSeq + gap, data: 100, ts: [2, 0] });
  }
  peer.sent.length = 0;
  peer.write(socket, 14_000);
  peer.flush();
  const row = peer.take();
  assertEquals([row.payload.length, row.packet.gsoSize], [14_000, 1448 - 28]);
  assertEquals(row.options.sackCount, 3, "as many as fit beside the timestamps");
  peer.expect();
  assertEquals(socket.tcb.dataSegsOut, Math.ceil(14_000 / 1420));
});

Deno.test("a row with SACK blocks is no longer than the device takes", () => {
  // 18 segments without blocks are as long as 19 with them, but for the blocks themselves
  const gsoMaxBytes = 52 + 18 * 524;
  const peer = new Peer({ gsoMaxBytes, csumOffload: true });
  const socket = peer.connect({ mss: 536, sackOk: true, ts: [1, 0] });
  socket.tcb.cwnd = 1 << 20;
  peer.nowUs += 10_000;
  for (const gap of [5000, 10_000, 15_000]) {
    peer.send({ flags: ".", seq: peer.nextSeq + gap, data: 100, ts: [2, 0] });
  }
  peer.sent.length = 0;
  peer.write(socket, 20_000);
  peer.flush();
  const row = peer.take();
  assertEquals([row.options.sackCount, row.payload.length], [3, 18 * 496]);
  assert(20 + row.packet.bytes.length <= gsoMaxBytes, `${row.packet.bytes.length}`);
});

Deno.test("TSO: one row of whole segments up to gsoMaxBytes, the tail apart in it", () => {
  const peer = new Peer({ gsoMaxBytes: 65535, csumOffload: true });
  const socket = peer.connect({ wscale: 7, ts: [1, 0] });
  socket.tcb.cwnd = 1 << 20;
  socket.tcb.sndWnd = 1 << 22;
  peer.write(socket, 100_000);
  peer.flush();
  const [first, second] = peer.sent;
  assertEquals(first.packet.gsoSize, 1448);
  assertEquals(first.payload.length, 45 * 1448);
  assertEquals(second.payload.length, 100_000 - 45 * 1448);
  assertEquals(second.packet.gsoSize, 1448);
  assertEquals(peer.sent.length, 2);
  assert((first.header.flags & second.header.flags & 8) !== 0, "PSH at the end of each");
  assertEquals(socket.tcb.dataSegsOut, 45 + 25);
});

Deno.test("TSO: two pieces where the send ring wraps", () => {
  const world = new World({
    a: { gsoMaxBytes: 65535, csumOffload: true },
    b: { gsoMaxBytes: 65535 },
  });
  const [client, server] = world.connect();
  transfer(world, [world.a, client], [world.b, server], 3_000_000);
  const rows = world.log.filter((entry) => entry.from === world.a && entry.seen.packet.gsoSize > 0);
  assert(rows.length > 40);
  assert(rows.length < 400, `${rows.length} rows for 3 MB`);
});

Deno.test("TSO: a retransmission covers what was lost, cut at segments", () => {
  const peer = new Peer({ gsoMaxBytes: 65535 });
  const socket = peer.connect({ sackOk: true });
  peer.write(socket, 14_600);
  peer.flush();
  assertEquals(peer.sent.length, 1);
  peer.sent.length = 0;
  peer.advance(1);
  peer.send({ flags: ".", ack: 2921, sack: [[5841, 14601]] });
  assertEquals(peer.take().payload.length, 2920, "one row of the two that were lost");
  assertEquals(socket.tcb.totalRetransmits, 2, "counted in segments, as Linux does");
  const { fastRetrans, origDataSent, retransSegs, slowStartRetrans } = peer.host.counters.tcp;
  assertEquals([fastRetrans, origDataSent, retransSegs, slowStartRetrans], [2, 10, 2, 0]);
  peer.expect();
});

Deno.test("idle restart: after a long silence the window is the initial one", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 14_600);
  peer.flush();
  peer.send({ flags: "." });
  assertEquals(socket.tcb.cwnd, 29_200);
  peer.sent.length = 0;
  peer.advance(10_000_000);
  peer.write(socket, 40_000);
  peer.flush();
  assertEquals(peer.sent.length, 10);
});

Deno.test("the window does not grow while the program does not fill it", () => {
  const peer = new Peer();
  const socket = peer.connect();
  for (let i = 0; i < 50; i++) {
    peer.write(socket, 100);
    peer.flush();
    peer.send({ flags: "." });
  }
  assertEquals(socket.tcb.cwnd, 14_600);
});

Deno.test("a small window: nothing below half of the largest, until the override timer", () => {
  const peer = new Peer();
  const socket = peer.connect({ win: 4000 });
  peer.send({ flags: ".", win: 500 });
  peer.write(socket, 5000);
  peer.flush();
  peer.expect();
  peer.timeUntilSent();
  assertEquals(peer.next(), "P. 1:501(500) ack 1");
});

Deno.test("a FIN waits for the window", () => {
  const peer = new Peer();
  const socket = peer.connect({ win: 100 });
  peer.write(socket, 100);
  socket.shutdown(1, peer.nowUs);
  peer.flush();
  peer.expect("P. 1:101(100) ack 1");
  peer.send({ flags: ".", win: 100 });
  peer.expect("F. 101:101(0) ack 1");
});

Deno.test("after an idle time ssthresh is three quarters of the window that was", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.write(socket, 1460);
  peer.flush();
  peer.send({ flags: "." });
  const { tcb } = socket;
  tcb.cwnd = 40 * 1460;
  tcb.ssthresh = 8 * 1460; // of a loss long ago
  peer.advance(60_000_000);
  restartAfterIdle(tcb, peer.nowUs);
  assertEquals([tcb.cwnd, tcb.ssthresh], [10 * 1460, 30 * 1460]);
  tcb.ssthresh = 50 * 1460; // what is higher stays
  restartAfterIdle(tcb, peer.nowUs);
  assertEquals(tcb.ssthresh, 50 * 1460);
});

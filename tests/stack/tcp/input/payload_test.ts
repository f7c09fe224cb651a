import { assertEquals } from "@std/assert";
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

Deno.test("receiver: SACK blocks, newest first, and D-SACK", () => {
  const peer = new Peer();
  peer.connect({ sackOk: true });
  const blocks = () => {
    const { options } = peer.take();
    const list: number[][] = [];
    for (let i = 0; i < options.sackCount; i++) {
      list.push([options.sackLeft[i] - 1000, options.sackRight[i] - 1000]);
    }
    return list;
  };
  peer.send({ flags: ".", seq: 1101, data: 100 });
  assertEquals(blocks(), [[101, 201]]);
  peer.send({ flags: ".", seq: 1301, data: 100 });
  assertEquals(blocks(), [[301, 401], [101, 201]]);
  peer.send({ flags: ".", seq: 1501, data: 100 });
  assertEquals(blocks(), [[501, 601], [301, 401], [101, 201]]);
  peer.send({ flags: ".", seq: 1201, data: 100 });
  assertEquals(blocks(), [[101, 401], [501, 601]]);
  peer.send({ flags: ".", seq: 1301, data: 100 });
  assertEquals(blocks(), [[301, 401], [101, 401], [501, 601]], "D-SACK of out-of-order text");
  peer.send({ flags: ".", seq: 1001, data: 100 });
  assertEquals(blocks(), [[501, 601]]);
  peer.send({ flags: ".", seq: 1001, data: 100 });
  assertEquals(blocks(), [[1, 101], [501, 601]], "D-SACK of old text");
  const { dsackOfoSent, dsackOldSent } = peer.host.counters.tcp;
  assertEquals([dsackOfoSent, dsackOldSent], [1, 1]);
});

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

Deno.test("FIN out of order waits for the text before it", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.inject({ flags: "F.", seq: 1101, data: 50 });
  peer.flush();
  assertEquals(socket.stateName, "ESTABLISHED");
  assertEquals(peer.next(), ". 1:1(0) ack 1");
  peer.send({ flags: ".", seq: 1001, data: 100 });
  assertEquals(socket.stateName, "CLOSE-WAIT");
  assertEquals(socket.recvAvailable(), 150);
  assertEquals(peer.next(), ". 1:1(0) ack 152");
});

Deno.test("a FIN alone, out of order", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: "F.", seq: 1101 });
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.send({ flags: ".", seq: 1001, data: 100 });
  assertEquals(socket.stateName, "CLOSE-WAIT");
  assertEquals(socket.recvAvailable(), 100);
});

Deno.test("data for a closed socket resets", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.close(peer.nowUs);
  peer.flush();
  peer.send({ flags: "." });
  peer.sent.length = 0;
  peer.send({ flags: "P.", data: 10 });
  assertEquals(peer.next(), "R 2:2(0)");
  assertEquals([peer.host.tcp.flowCount, peer.host.counters.tcp.abortOnData], [0, 1]);
});

Deno.test("the peer's segment size is taken from what it sends, up to our own MSS", () => {
  const peer = new Peer();
  const socket = peer.connect();
  for (const [lenBytes, expected] of [[700, 700], [600, 700], [1460, 1460], [3000, 1460]]) {
    peer.send({ flags: ".", data: lenBytes });
    assertEquals(socket.tcb.rcvMss, expected, `${lenBytes}`);
  }
});

Deno.test("nothing comes after a FIN: text beyond it is neither received nor kept", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  // The FIN will take 1101: this seems to go on right behind it, that beyond a gap
  peer.send({ flags: ".", seq: 1102, data: 50 });
  peer.send({ flags: ".", seq: 1201, data: 50 });
  peer.sent.length = 0;
  peer.send({ flags: "F.", seq: 1001, data: 100 });
  assertEquals([socket.recvAvailable(), socket.stateName], [100, "CLOSE-WAIT"]);
  const { header, options } = peer.take();
  assertEquals([header.ack - 1000, options.sackCount], [102, 0]);
  assertEquals(socket.tcb.assembler.count, 0);
});

Deno.test("of several FINs the first in the sequence ends the text, whichever comes first", () => {
  for (const order of [[0, 1], [1, 0]]) {
    const peer = new Peer();
    const socket = peer.connect();
    const fins = [{ seq: 1051, data: 25 }, { seq: 1101, data: 100 }];
    for (const i of order) peer.send({ flags: "F.", ...fins[i] });
    assertEquals(socket.stateName, "ESTABLISHED");
    peer.send({ flags: ".", seq: 1001, data: 50 });
    assertEquals([socket.recvAvailable(), socket.stateName], [75, "CLOSE-WAIT"], `${order}`);
    assertEquals(socket.tcb.rcvNxt, 1077);
  }
});

Deno.test("TCP_DELACK_MAX_US: no ACK waits for longer", () => {
  const [peer, socket] = settled();
  const value = new Uint8Array(Int32Array.of(10_000).buffer);
  assertEquals(socket.setTcpOption(46, value, peer.nowUs), 0);
  peer.send({ flags: "P.", data: 100 });
  peer.expect();
  assertEquals(peer.timeUntilSent(), 10_000);
});

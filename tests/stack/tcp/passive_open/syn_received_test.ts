import { assertEquals } from "@std/assert";
import type { SynRequest } from "../../../../stack/tcp/passive_open/syn_request.ts";
import { Peer } from "../support/peer.ts";

Deno.test("passive open: data with the ACK, and a FIN", () => {
  const peer = new Peer();
  const listener = peer.listen();
  peer.send({ flags: "S" });
  peer.send({ flags: "FP.", data: 5 });
  const socket = listener.accept()!;
  assertEquals(socket.stateName, "CLOSE-WAIT");
  assertEquals(socket.recvAvailable(), 5);
});

Deno.test("the SYN again is answered by the same SYN-ACK", () => {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "S" });
  const first = peer.take().header.seq;
  peer.advance(500_000);
  peer.send({ flags: "S", seq: 1000 });
  assertEquals(peer.take().header.seq, first);
});

Deno.test("SYN-RECEIVED: RST, wrong ACK, SYN in window", () => {
  const peer = new Peer();
  const listener = peer.listen();
  peer.send({ flags: "S" });
  peer.take();
  peer.send({ flags: ".", ack: 77 });
  assertEquals(peer.next(), "R 77:77(0)");
  peer.send({ flags: "R", seq: 1100 });
  assertEquals(peer.next(), ". 1:1(0) ack 1", "an RST in the window is challenged");
  peer.send({ flags: "R", seq: 1001 });
  peer.expect();
  assertEquals(listener.listening!.synQueue.size, 0);
  assertEquals(peer.host.tcp.flowCount, 0);
});

Deno.test("TCP_DEFER_ACCEPT: the ACK alone does not wake the program", () => {
  const peer = new Peer();
  const listener = peer.listen();
  listener.setTcpOption(9, Uint8Array.of(5, 0, 0, 0), peer.nowUs);
  peer.send({ flags: "S" });
  peer.send({ flags: "." });
  assertEquals([listener.accept(), peer.host.counters.tcp.deferAcceptDrop], [null, 1]);
  peer.send({ flags: "P.", data: 3 });
  assertEquals(listener.accept()!.recvAvailable(), 3);
});

/** A half-open connection with timestamps, whose SYN-ACK has been looked at. */
function halfOpen(): Peer {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "S", ts: [1000, 0] });
  peer.sent.length = 0;
  return peer;
}

Deno.test("SYN-RECEIVED: what is not acceptable is answered by an ACK, a RST by nothing", () => {
  const peer = halfOpen();
  const { counters } = peer.host;
  peer.send({ flags: ".", seq: 1001 + 0xffff, ts: [1001, 0] });
  assertEquals(peer.next(), ". 1:1(0) ack 1");
  peer.send({ flags: ".", seq: 1001 + 0xffff, ts: [1001, 0] });
  peer.expect();
  assertEquals(counters.tcp.ackSkippedSynRecv, 1);
  peer.advance(500_000);
  peer.sent.length = 0;
  peer.send({ flags: "R", seq: 1000, ts: [1001, 0] });
  peer.expect();
  assertEquals(counters.snapshot()["drop.tcpSequence"], 1);
  peer.send({ flags: ".", seq: 1001, ts: [999, 0] });
  assertEquals(peer.next(), ". 1:1(0) ack 1", "PAWS");
  assertEquals([counters.tcp.pawsEstab, peer.host.tcp.flowCount], [1, 1]);
});

Deno.test("SYN-RECEIVED: another SYN is challenged, a segment without ACK dropped", () => {
  const peer = halfOpen();
  peer.send({ flags: "S", seq: 1005, ts: [1001, 0] });
  assertEquals(peer.next(), ". 1:1(0) ack 1");
  peer.send({ flags: "", seq: 1001, data: 5, ts: [1001, 0] });
  peer.expect();
  assertEquals(peer.host.counters.snapshot()["drop.tcpFlags"], 1);
  peer.send({ flags: ".", seq: 1001, ts: [1001, 0] });
  assertEquals(peer.host.counters.tcp.passiveOpens, 1);
});

Deno.test("SYN-RECEIVED: the SYN again sets the timestamp to echo, an older one does not", () => {
  const peer = halfOpen();
  peer.send({ flags: "S", seq: 1000, ts: [1700, 0] });
  assertEquals(peer.take().options.tsEcr, 1700);
  peer.advance(500_000);
  peer.sent.length = 0;
  peer.send({ flags: "S", seq: 1000, ts: [1600, 0] });
  assertEquals(peer.take().options.tsEcr, 1700);
});

Deno.test("SYN-RECEIVED: while the accept queue is full the ACK is remembered, not taken", () => {
  const peer = new Peer();
  const listener = peer.listen(0);
  peer.send({ flags: "S" });
  peer.send({ flags: "S", sport: 5001, seq: 1000 });
  const acks = peer.sent.splice(0).map((seen) => seen.header.seq + 1 - peer.hostIss);
  peer.send({ flags: ".", ack: acks[0] });
  peer.send({ flags: ".", sport: 5001, seq: 1001, ack: acks[1] });
  assertEquals(listener.listening!.acceptQueueLength, 1);
  const [request] = listener.listening!.synQueue as Set<SynRequest>;
  assertEquals([request.remotePort, request.isAckSeen], [5001, true]);
  assertEquals(peer.host.counters.tcp.listenOverflows, 1);
  listener.accept();
  peer.send({ flags: ".", sport: 5001, seq: 1001, ack: acks[1] });
  assertEquals(listener.listening!.acceptQueueLength, 1);
});

import { assertEquals } from "@std/assert";
import { State } from "../../../../stack/tcp/base/state.ts";
import type { SynRequest } from "../../../../stack/tcp/passive_open/syn_request.ts";
import { Peer } from "../support/peer.ts";

Deno.test("SYN-ACK is sent again with back-off and given up", () => {
  const peer = new Peer();
  const listener = peer.listen();
  const startUs = peer.nowUs;
  peer.send({ flags: "S" });
  peer.take();
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    peer.timeUntilSent();
    assertEquals(peer.next(), "S. 0:0(0) ack 1");
    times.push((peer.nowUs - startUs) / 1e6);
  }
  assertEquals(times, [1, 3, 7, 15, 31]);
  peer.advance(60_000_000);
  peer.expect();
  assertEquals(peer.host.tcp.flowCount, 0);
  assertEquals(listener.listening!.synQueue.size, 0);
  assertEquals(peer.host.counters.tcp.attemptFails, 1);
});

Deno.test("a request sends the SYN-ACK with what both ends offer, and an ACK in its window", () => {
  const peer = new Peer();
  const listener = peer.listen();
  peer.send({ flags: "S", mss: 1000, wscale: 3, sackOk: true, ts: [50, 0] });
  const [request] = listener.listening!.synQueue;
  const synAck = peer.take();
  assertEquals([synAck.header.seq, synAck.header.ack], [peer.hostIss, 1001]);
  const { mss, windowScale, sackPermitted, tsEcr } = synAck.options;
  assertEquals([mss, windowScale > 0, sackPermitted, tsEcr], [1460, true, true, 50]);
  (request as SynRequest).sendAck(peer.nowUs);
  const ack = peer.take();
  assertEquals([ack.header.flags, ack.header.seq - peer.hostIss, ack.header.ack], [16, 1, 1001]);
  assertEquals(ack.header.window << windowScale, 0xffff - 0xffff % (1 << windowScale));
});

Deno.test("a request becomes a connection in its own place, and drops out of the queue", () => {
  const peer = new Peer();
  const listener = peer.listen();
  peer.send({ flags: "S", mss: 1000, wscale: 3, ts: [50, 0] });
  const [request] = listener.listening!.synQueue;
  const tcb = (request as SynRequest).establish();
  assertEquals([tcb.state, tcb.peerMss, tcb.sndWindShift], [State.SYN_RECEIVED, 1000, 3]);
  assertEquals([tcb.sndUna, tcb.sndNxt, tcb.rcvNxt], [peer.hostIss, (peer.hostIss + 1) | 0, 1001]);
  assertEquals([tcb.tsRecent, tcb.sent.count, tcb.listener], [50, 1, listener.listening]);
  assertEquals([listener.listening!.synQueue.size, peer.host.tcp.flowCount], [0, 1]);
  listener.close(peer.nowUs);
  assertEquals(peer.host.tcp.flowCount, 0, "nobody has accepted it");
});

Deno.test("a request without a route waits for the timer to try again", () => {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "S" });
  peer.sent.length = 0;
  peer.host.routeTo(peer.address).valid = false;
  peer.host.routeError = -101;
  peer.advance(1_000_000);
  peer.expect();
  peer.host.routeError = 0;
  peer.timeUntilSent();
  assertEquals(peer.next(), "S. 0:0(0) ack 1");
});

Deno.test("TCP_DEFER_ACCEPT: after the ACK nothing is sent until the time is over", () => {
  const peer = new Peer();
  const listener = peer.listen();
  listener.tcb.ownOptions().deferAcceptUs = 10_000_000;
  const startUs = peer.nowUs;
  peer.send({ flags: "S" });
  peer.take();
  peer.send({ flags: ".", ack: 1 });
  peer.expect();
  peer.timeUntilSent();
  assertEquals(peer.next(), "S. 0:0(0) ack 1");
  assertEquals(peer.nowUs - startUs >= 10_000_000, true);
});

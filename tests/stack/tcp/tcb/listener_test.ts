import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("listen backlog: one more than asked for is queued, further SYNs are dropped", () => {
  const peer = new Peer();
  const listener = peer.listen(1);
  for (let i = 0; i < 2; i++) {
    peer.send({ flags: "S", sport: 6000 + i, seq: 1000 });
    peer.send({ flags: ".", sport: 6000 + i, seq: 1001, ack: 1 });
  }
  assertEquals(listener.listening!.acceptQueueLength, 2);
  peer.sent.length = 0;
  peer.send({ flags: "S", sport: 6002, seq: 1000 });
  peer.expect();
  assertEquals(peer.host.counters.tcp.listenOverflows, 1);
  assert(listener.accept() !== null);
  peer.send({ flags: "S", sport: 6003, seq: 1000 });
  assertEquals(peer.next(), "S. 0:0(0) ack 1");
});

Deno.test("closing a listener resets what was not accepted", () => {
  const peer = new Peer();
  const listener = peer.listen();
  peer.send({ flags: "S" });
  peer.send({ flags: "." });
  peer.sent.length = 0;
  listener.close(peer.nowUs);
  assertEquals(peer.next(), "R. 1:1(0) ack 1");
  assertEquals(peer.host.tcp.flowCount, 0);
  assertEquals(peer.host.tcp.bindings.count, 0);
});

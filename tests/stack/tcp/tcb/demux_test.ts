import { assert, assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";
import { check } from "../support/world.ts";
import { ANY_V4, ANY_V6 } from "../../../../stack/base/ip_address.ts";

Deno.test("listeners: a bound address beats all addresses; dual stack", () => {
  const peer = new Peer();
  const any = peer.host.tcp.createSocket(10);
  any.tcpOptions.socket.reuseAddr = true;
  check(any.bind(ANY_V6, 80, 0));
  check(any.listen(4, 0));
  peer.hostPort = 80;
  peer.send({ flags: "S", sport: 1 });
  assertEquals(any.listening!.synQueue.size, 1);
  const v6only = peer.host.tcp.createSocket(10);
  v6only.tcpOptions.socket.v6Only = true;
  check(v6only.bind(ANY_V6, 81, 0));
  check(v6only.listen(4, 0));
  const v4 = peer.host.tcp.createSocket(2);
  check(v4.bind(peer.host.address, 81, 0));
  check(v4.listen(4, 0));
  peer.hostPort = 81;
  peer.send({ flags: "S", sport: 2 });
  assertEquals(v4.listening!.synQueue.size, 1);
});

// Linux gives connect() even ports only: a hash whose low bits follow the port would let half idle
for (const [listenerCount, portStep] of [[2, 2], [3, 1], [4, 2], [8, 4]]) {
  const name =
    `SO_REUSEPORT: ${listenerCount} listeners share clients with every ${portStep}. port`;
  Deno.test(name, () => {
    const peer = new Peer();
    const listeners = Array.from({ length: listenerCount }, () => {
      const socket = peer.host.tcp.createSocket(2);
      socket.tcpOptions.socket.reusePort = true;
      check(socket.bind(ANY_V4, 80, 0));
      check(socket.listen(400, 0));
      return socket;
    });
    peer.hostPort = 80;
    for (let i = 0; i < 320; i++) {
      const sport = 32768 + i * portStep;
      peer.send({ flags: "S", sport, seq: 1000 });
      peer.send({ flags: ".", sport, seq: 1001, ack: 1 });
    }
    const counts = listeners.map((l) => l.listening!.acceptQueueLength);
    assertEquals(counts.reduce((a, b) => a + b), 320);
    const share = 320 / listenerCount;
    assert(counts.every((n) => n > share / 2 && n < share * 2), `${counts}`);
  });
}

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

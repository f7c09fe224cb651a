import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";

Deno.test("MSS: TCP_MAXSEG limits both directions", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  assertEquals(socket.setTcpOption(2, Uint8Array.of(0xe8, 3, 0, 0), peer.nowUs), 0);
  socket.connect(peer.address, 5000, peer.nowUs);
  assertEquals(peer.take().options.mss, 1000);
  peer.send({ flags: "S." });
  assertEquals(socket.tcb.smss, 1000);
});

Deno.test("a peer's absurd MSS does not make us send crumbs", () => {
  const peer = new Peer();
  const socket = peer.connect({ mss: 1 });
  assertEquals(socket.tcb.smss, 48);
});

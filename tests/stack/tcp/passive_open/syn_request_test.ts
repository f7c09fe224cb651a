import { assertEquals } from "@std/assert";
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
  assertEquals(listener.accept(), null);
  peer.send({ flags: "P.", data: 3 });
  assertEquals(listener.accept()!.recvAvailable(), 3);
});

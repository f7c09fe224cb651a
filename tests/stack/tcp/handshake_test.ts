import { assert, assertEquals } from "@std/assert";
import {
  EVENT_ACCEPTABLE,
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_WRITABLE,
} from "../../../stack/base/events.ts";
import { Peer } from "./support/peer.ts";
import { World } from "./support/world.ts";

Deno.test("active open: SYN with all options, then ESTABLISHED", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  assertEquals(socket.connect(peer.address, 5000, peer.nowUs), -115);
  assertEquals(socket.stateName, "SYN-SENT");
  const syn = peer.take();
  assertEquals(syn.header.flags, 2);
  assertEquals(syn.options.mss, 1460);
  assertEquals(syn.options.windowScale, 7);
  assert(syn.options.sackPermitted && syn.options.hasTimestamps);
  assertEquals(syn.options.tsEcr, 0);
  assertEquals(syn.header.window, 65535);
  assertEquals(socket.connect(peer.address, 5000, peer.nowUs), -114);
  peer.send({ flags: "S.", mss: 1400, wscale: 9, sackOk: true, ts: [7, syn.options.tsVal] });
  assertEquals(socket.stateName, "ESTABLISHED");
  assertEquals(peer.host.takeEvents(socket), EVENT_CONNECTED | EVENT_WRITABLE);
  const ack = peer.take();
  assertEquals(peer.describe(ack), ". 1:1(0) ack 1");
  assertEquals(ack.options.tsEcr, 7);
  assertEquals(socket.tcb.smss, 1388);
  assertEquals(socket.tcb.sndWnd, 65535, "the window of a SYN is not scaled");
  assertEquals(socket.connect(peer.address, 5000, peer.nowUs), -106);
});

Deno.test("active open without any options of the peer", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, 5000, peer.nowUs);
  peer.take();
  peer.send({ flags: "S.", mss: 0 });
  assertEquals(socket.tcb.smss, 536);
  assertEquals(peer.take().options.hasTimestamps, false);
});

Deno.test("active open refused by RST: ECONNREFUSED; an RST with a wrong ACK is ignored", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, 5000, peer.nowUs);
  peer.send({ flags: "R.", seq: 0, ack: 2 });
  assertEquals(socket.stateName, "SYN-SENT");
  peer.send({ flags: "R", seq: 0 });
  assertEquals(socket.stateName, "SYN-SENT");
  peer.send({ flags: "R.", seq: 0, ack: 1 });
  assertEquals(socket.stateName, "CLOSED");
  assertEquals(
    peer.host.takeEvents(socket) & (EVENT_ERROR | EVENT_CLOSED),
    EVENT_ERROR | EVENT_CLOSED,
  );
  assertEquals(socket.takeError(), 111);
  assertEquals(peer.host.tcp.bindings.count, 0);
  // The program may try again (Linux: first it hears that the attempt had failed)
  assertEquals(socket.connect(peer.address, 5000, peer.nowUs), -103);
  assertEquals(socket.connect(peer.address, 5000, peer.nowUs), -115);
});

Deno.test("active open: an ACK of something else is reset, and the attempt goes on", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, 5000, peer.nowUs);
  peer.take();
  peer.send({ flags: ".", ack: 300 });
  assertEquals(peer.next(), "R 300:300(0)");
  assertEquals(socket.stateName, "SYN-SENT");
});

Deno.test("SYN is sent again with back-off, then ETIMEDOUT", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  const startUs = peer.nowUs;
  socket.connect(peer.address, 5000, peer.nowUs);
  peer.take();
  const times: number[] = [];
  for (let i = 0; i < 6; i++) {
    peer.timeUntilSent();
    assertEquals(peer.next(), "S 0:0(0)");
    times.push((peer.nowUs - startUs) / 1e6);
  }
  assertEquals(times, [1, 3, 7, 15, 31, 63]);
  peer.advance(63_900_000);
  assertEquals(socket.stateName, "SYN-SENT");
  peer.advance(200_000);
  assertEquals(socket.stateName, "CLOSED");
  assertEquals(socket.takeError(), 110);
});

Deno.test("passive open: SYN queue, then accept queue", () => {
  const peer = new Peer();
  const listener = peer.listen();
  assertEquals(listener.stateName, "LISTEN");
  peer.send({ flags: "S", wscale: 3, sackOk: true, ts: [5, 0] });
  const synAck = peer.take();
  assertEquals(peer.describe(synAck), "S. 0:0(0) ack 1");
  assertEquals(synAck.options.windowScale, 7);
  assert(synAck.options.sackPermitted);
  assertEquals(synAck.options.tsEcr, 5);
  assertEquals(listener.accept(), null);
  peer.send({ flags: ".", ts: [6, synAck.options.tsVal] });
  assertEquals(peer.host.takeEvents(listener), EVENT_ACCEPTABLE);
  const socket = listener.accept()!;
  assertEquals(socket.stateName, "ESTABLISHED");
  assertEquals(socket.local().port, 80);
  assertEquals(socket.remote()!.port, 5000);
  assertEquals(socket.readiness(), EVENT_CONNECTED | EVENT_WRITABLE);
  assertEquals(socket.tcb.sndWnd, 65535 << 3);
});

Deno.test("passive open: data with the ACK, and a FIN", () => {
  const peer = new Peer();
  const listener = peer.listen();
  peer.send({ flags: "S" });
  peer.send({ flags: "FP.", data: 5 });
  const socket = listener.accept()!;
  assertEquals(socket.stateName, "CLOSE-WAIT");
  assertEquals(socket.recvAvailable(), 5);
});

Deno.test("passive open: options only if the peer offers them", () => {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "S" });
  const { options } = peer.take();
  assertEquals(options.windowScale, -1);
  assertEquals([options.sackPermitted, options.hasTimestamps], [false, false]);
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

Deno.test("LISTEN: RST ignored, ACK reset, anything else dropped", () => {
  const peer = new Peer();
  peer.listen();
  peer.send({ flags: "R" });
  peer.expect();
  peer.send({ flags: ".", ack: 9 });
  assertEquals(peer.next(), "R 9:9(0)");
  peer.send({ flags: "F" });
  peer.send({ flags: "SF" });
  peer.expect();
});

Deno.test("no listener: RST, but never for an RST", () => {
  const peer = new Peer();
  peer.hostPort = 81;
  peer.send({ flags: "S" });
  assertEquals(peer.next(), "R. 0:0(0) ack 1");
  peer.send({ flags: ".", ack: 55 });
  assertEquals(peer.next(), "R 55:55(0)");
  peer.send({ flags: "P.", ack: 55, data: 3 });
  assertEquals(peer.next(), "R 55:55(0)");
  peer.send({ flags: "R." });
  peer.expect();
});

Deno.test("simultaneous open, played by hand", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, 5000, peer.nowUs);
  assertEquals(peer.next(), "S 0:0(0)");
  peer.send({ flags: "S" });
  assertEquals(socket.stateName, "SYN-RECEIVED");
  assertEquals(peer.next(), "S. 0:0(0) ack 1");
  peer.send({ flags: "S.", seq: 1000, ack: 1 });
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.write(socket, 10);
  peer.flush();
  assertEquals(peer.next(), "P. 1:11(10) ack 1");
});

Deno.test("simultaneous open between two hosts of ours", () => {
  const world = new World();
  const a = world.a.tcp.createSocket(2);
  const b = world.b.tcp.createSocket(2);
  a.bind(world.a.address, 1111, world.nowUs);
  b.bind(world.b.address, 2222, world.nowUs);
  a.connect(world.b.address, 2222, world.nowUs);
  b.connect(world.a.address, 1111, world.nowUs);
  world.run(1_000_000);
  assertEquals([a.stateName, b.stateName], ["ESTABLISHED", "ESTABLISHED"]);
});

Deno.test("connect to oneself (a port to itself)", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.bind(peer.host.address, 7777, peer.nowUs);
  socket.connect(peer.host.address, 7777, peer.nowUs);
  for (let i = 0; i < 6; i++) {
    for (const seen of peer.sent.splice(0)) peer.host.receive(seen.packet, peer.nowUs);
    peer.flush();
  }
  assertEquals(socket.stateName, "ESTABLISHED");
});

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

Deno.test("IPv6 handshake and data", () => {
  const peer = new Peer({ address: "fd00::1" });
  const socket = peer.connect();
  assertEquals(socket.tcb.smss, 1440);
  peer.write(socket, 10);
  peer.flush();
  assertEquals(peer.next(), "P. 1:11(10) ack 1");
});

Deno.test("connect fails at once when there is no way", () => {
  const peer = new Peer();
  peer.host.routeError = -101;
  const socket = peer.host.tcp.createSocket(2);
  assertEquals(socket.connect(peer.address, 80, peer.nowUs), -101);
  assertEquals(peer.host.tcp.bindings.count, 0);
});

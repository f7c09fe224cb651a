import { assert, assertEquals } from "@std/assert";
import {
  EVENT_CLOSED,
  EVENT_CONNECTED,
  EVENT_ERROR,
  EVENT_WRITABLE,
} from "../../../../stack/base/events.ts";
import { Peer } from "../support/peer.ts";
import { World } from "../support/world.ts";

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

Deno.test("active open: an ACK that echoes no timestamp of ours is reset (RFC 7323 3.2)", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, peer.port, peer.nowUs);
  const { tsVal } = peer.take().options;
  peer.send({ flags: "S.", ts: [1, tsVal + 1_000_000] });
  assertEquals([socket.stateName, peer.host.counters.tcp.pawsActive], ["SYN-SENT", 1]);
  assertEquals(peer.next()[0], "R");
  peer.send({ flags: "S.", ts: [1, tsVal] });
  assertEquals([socket.stateName, peer.host.counters.tcp.pawsActive], ["ESTABLISHED", 1]);
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
  assertEquals(peer.next(), ". 1:1(0) ack 1");
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

Deno.test("SYN-SENT goes on at the sixth step: URG, data and FIN of the SYN-ACK", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.connect(peer.address, peer.port, peer.nowUs);
  peer.flush();
  peer.send({ flags: "SF.U", data: 10, urgent: 4 });
  assertEquals(socket.stateName, "CLOSE-WAIT");
  assertEquals(socket.recvAvailable(), 10);
  assertEquals(socket.tcb.rcvUp - socket.tcb.irs, 4, "SEG.UP counts from the SYN");
  assertEquals(peer.sent.pop()!.header.ack - socket.tcb.irs, 12);
});

Deno.test("SYN-SENT: an urgent pointer alone, and none when the SYN is not acknowledged", () => {
  const urgent = (flags: string) => {
    const peer = new Peer();
    const socket = peer.host.tcp.createSocket(2);
    socket.connect(peer.address, peer.port, peer.nowUs);
    peer.flush();
    peer.send({ flags, urgent: 4 });
    return socket.tcb.rcvUp - socket.tcb.irs;
  };
  assertEquals(urgent("S.U"), 4);
  assertEquals(urgent("S."), 1, "RCV.NXT");
  assertEquals(urgent("SU"), 1, "simultaneous open: dropped, as on Linux");
});

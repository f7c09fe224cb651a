import { assert, assertEquals } from "@std/assert";
import { EVENT_WRITABLE } from "../../../stack/base/events.ts";
import { windowShiftFor } from "../../../stack/tcp/receive/receive_window.ts";
import { Peer } from "./support/peer.ts";
import { pattern, read, transfer, World, write } from "./support/world.ts";

Deno.test("zero window: probes with back-off, then the data when it opens", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", win: 0 });
  peer.write(socket, 5000);
  peer.flush();
  peer.expect();
  const startUs = peer.nowUs;
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    peer.timeUntilSent();
    assertEquals(peer.next(), ". 0:0(0) ack 1", "an old sequence number");
    times.push(Math.round((peer.nowUs - startUs) / 1000));
    peer.send({ flags: ".", win: 0 });
  }
  assertEquals(times, [200, 600, 1400, 3000]);
  peer.send({ flags: ".", win: 3000 });
  peer.expect(". 1:1461(1460) ack 1", ". 1461:2921(1460) ack 1");
  assertEquals(socket.tcb.probes, 0);
});

Deno.test("zero window without answers: ETIMEDOUT after 15 probes", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", win: 0 });
  peer.write(socket, 5000);
  peer.advance(800_000_000);
  assertEquals(socket.stateName, "ESTABLISHED");
  peer.advance(800_000_000);
  assertEquals(socket.takeError(), 110);
});

Deno.test("a small window: nothing below half of the largest, until the override timer", () => {
  const peer = new Peer();
  const socket = peer.connect({ win: 4000 });
  peer.send({ flags: ".", win: 500 });
  peer.write(socket, 5000);
  peer.flush();
  peer.expect();
  peer.timeUntilSent();
  assertEquals(peer.next(), ". 1:501(500) ack 1");
});

Deno.test("a FIN waits for the window", () => {
  const peer = new Peer();
  const socket = peer.connect({ win: 100 });
  peer.write(socket, 100);
  socket.shutdown(1, peer.nowUs);
  peer.flush();
  peer.expect("P. 1:101(100) ack 1");
  peer.send({ flags: ".", win: 100 });
  peer.expect("F. 101:101(0) ack 1");
});

Deno.test("receiver: window closes, small openings are kept back, large ones are told", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setReceiveBuffer(20_000);
  peer.send({ flags: ".", data: 14_600, gsoSize: 1460 });
  // The edge promised with the SYN stands: 65535
  assertEquals(peer.take().header.window, 65535 - 14_600);
  peer.send({ flags: ".", data: 50_935, gsoSize: 1460 });
  assertEquals(peer.take().header.window, 0);
  assertEquals(socket.recvAvailable(), 65535);
  peer.send({ flags: ".", data: 1 });
  assertEquals(peer.take().header.window, 0);
  assertEquals(socket.recvAvailable(), 65535);
  socket.recvConsume(46_000, peer.nowUs);
  peer.flush();
  peer.expect();
  socket.recvConsume(10_000, peer.nowUs);
  peer.flush();
  assertEquals(peer.take().header.window, 20_000 - 9535);
});

Deno.test("a window probe (one byte beyond a closed window) is acknowledged and not taken", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setReceiveBuffer(4000);
  peer.send({ flags: ".", data: 65535, gsoSize: 1460 });
  peer.sent.length = 0;
  for (let i = 0; i < 3; i++) {
    peer.send({ flags: ".", seq: 1001 + 65535, data: 1 });
    assertEquals(peer.take().header.window, 0);
  }
  // Linux's kind of probe
  peer.send({ flags: ".", seq: 1000 + 65535 });
  assertEquals(peer.sent.length, 1);
  assertEquals(socket.recvAvailable(), 65535);
});

Deno.test("window scale: what is advertised and what is understood", () => {
  const peer = new Peer();
  const socket = peer.connect({ wscale: 5, win: 1000 });
  assertEquals(socket.tcb.rcvWindShift, 7);
  peer.send({ flags: ".", data: 10, win: 1000 });
  assertEquals(socket.tcb.sndWnd, 32_000);
  assertEquals(peer.take().header.window, 131072 >> 7, "rounded up: the edge stays");
  assertEquals([0, 65535, 65536, 6 << 20, 2 ** 30].map(windowShiftFor), [0, 0, 1, 7, 14]);
});

Deno.test("old window updates do not count (SND.WL1, SND.WL2)", () => {
  const peer = new Peer();
  const socket = peer.connect();
  peer.send({ flags: ".", data: 10, win: 2000 });
  assertEquals(socket.tcb.sndWnd, 2000);
  peer.send({ flags: ".", seq: 1001, win: 60000 });
  assertEquals(socket.tcb.sndWnd, 2000);
});

Deno.test("send buffer: EVENT_WRITABLE when a part of it is free again", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setSendBuffer(10_000);
  assertEquals(write(peer.host, socket, new Uint8Array(20_000), peer.nowUs), 10_000);
  assertEquals(socket.sendSpace(), 0);
  peer.flush();
  peer.host.takeEvents(socket);
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(peer.host.takeEvents(socket), 0);
  peer.send({ flags: ".", ack: 4381 });
  assertEquals(peer.host.takeEvents(socket), EVENT_WRITABLE);
  assertEquals(socket.sendSpace(), 4380);
  assertEquals(socket.unackedBytes, 5620);
});

Deno.test("auto-tuning: both buffers grow with the bandwidth-delay product", () => {
  const world = new World({ delayUs: 25_000 });
  const [client, server] = world.connect();
  transfer(world, [world.a, client], [world.b, server], 8_000_000);
  assert(client.tcb.sndBufBytes > 1_000_000, `send buffer ${client.tcb.sndBufBytes}`);
  assert(server.tcb.rcvBufBytes > 1_000_000, `receive buffer ${server.tcb.rcvBufBytes}`);
  assert(client.tcb.sndBufBytes <= 4 << 20);
  assert(server.tcb.rcvBufBytes <= 6 << 20);
});

Deno.test("auto-tuning stops where SO_RCVBUF and SO_SNDBUF say", () => {
  const world = new World({ delayUs: 25_000 });
  const [client, server] = world.connect();
  client.setSendBuffer(50_000);
  server.setReceiveBuffer(60_000);
  transfer(world, [world.a, client], [world.b, server], 1_000_000);
  assertEquals(client.tcb.sndBufBytes, 50_000);
  assertEquals(server.tcb.rcvBufBytes, 60_000);
});

Deno.test("an idle connection holds no ring, and a closed one gives all memory back", () => {
  const world = new World();
  const usedBytes = world.b.memory.usedBytes;
  const [client, server, listener] = world.connect();
  assertEquals(world.b.memory.usedBytes, usedBytes);
  transfer(world, [world.a, client], [world.b, server], 500_000);
  assert(world.b.memory.usedBytes > usedBytes);
  client.close(world.nowUs);
  world.run(10_000);
  read(world.b, server, world.nowUs);
  server.close(world.nowUs);
  listener.close(world.nowUs);
  world.run(100_000_000);
  assertEquals(world.b.memory.usedBytes, usedBytes);
  assertEquals(world.b.memory.badFrees, 0);
  assertEquals(world.a.memory.usedBytes, usedBytes);
});

Deno.test("a used connection that is idle holds no ring either", () => {
  const world = new World();
  const usedBytes = world.b.memory.usedBytes;
  const [client, server] = world.connect();
  for (const [from, to] of [[client, server], [server, client]]) {
    const [a, b] = from === client ? [world.a, world.b] : [world.b, world.a];
    write(a, from, pattern(3000), world.nowUs);
    world.runUntil(() => to.recvAvailable() === 3000);
    assertEquals(read(b, to, world.nowUs), pattern(3000));
    world.run(500_000);
    assertEquals([world.a.memory.usedBytes, world.b.memory.usedBytes], [usedBytes, usedBytes]);
  }
  // A program that has asked for space and then has nothing to write
  client.sendSpan(100);
  assert(world.a.memory.usedBytes > usedBytes);
  client.sendCommit(0, world.nowUs);
  world.run(1000);
  assertEquals(world.a.memory.usedBytes, usedBytes);
  assertEquals(world.a.memory.badFrees + world.b.memory.badFrees, 0);
});

Deno.test("no memory for received text: it is not acknowledged, and comes again", () => {
  const peer = new Peer({ memoryBytes: 1 << 18 });
  const socket = peer.connect();
  const { memory } = peer.host;
  const hog = memory.alloc(1 << 15);
  for (let len = 1 << 16; len >= 64; len >>= 1) while (memory.alloc(len) >= 0);
  peer.send({ flags: ".", data: 1000 });
  assertEquals(socket.recvAvailable(), 0);
  assertEquals(peer.host.counters.tcp.rcvQDrop, 1);
  memory.free(hog, 1 << 15);
  peer.send({ flags: ".", seq: 1001, data: 1000 });
  assertEquals(socket.recvAvailable(), 1000);
});

Deno.test("no memory to write to: idle rings are given back, and the program hears of it", () => {
  const peer = new Peer({ memoryBytes: 1 << 18 });
  const socket = peer.connect();
  const { memory } = peer.host;
  // The receive ring is empty again, but allocated
  peer.send({ flags: ".", data: 40_000, gsoSize: 1460 });
  socket.recvConsume(40_000, peer.nowUs);
  for (let len = 1 << 16; len >= 64; len >>= 1) while (memory.alloc(len) >= 0);
  peer.host.takeEvents(socket);
  assertEquals(socket.sendSpace() > 0, true);
  const span = socket.sendSpan(100);
  assertEquals(span.len0 + span.len1, 0);
  assert(peer.host.tcp.pollAtUs() <= peer.nowUs);
  peer.advance(0);
  assertEquals(peer.host.takeEvents(socket), EVENT_WRITABLE);
  peer.write(socket, 100);
  assertEquals(peer.host.counters.tcp.memoryPressures, 1);
});

Deno.test("send buffer: with nothing left to send the program is woken for two segments", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.setSendBuffer(14_600);
  assertEquals(write(peer.host, socket, new Uint8Array(20_000), peer.nowUs), 14_600);
  peer.flush();
  peer.host.takeEvents(socket);
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(peer.host.takeEvents(socket), 0, "one segment");
  peer.send({ flags: ".", ack: 2921 });
  assertEquals(peer.host.takeEvents(socket), EVENT_WRITABLE, "two, of ten: less than a quarter");
});

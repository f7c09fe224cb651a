import { assert, assertEquals } from "@std/assert";
import { EVENT_WRITABLE } from "../../../../stack/base/events.ts";
import { Peer } from "../support/peer.ts";
import { pattern, read, transfer, World, write } from "../support/world.ts";

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
  const peer = new Peer({ memoryBytes: 1 << 19 });
  const socket = peer.connect();
  const { memory } = peer.host;
  // The receive ring is empty again, but allocated
  peer.send({ flags: ".", data: 40_000, gsoSize: 1460 });
  socket.recvConsume(40_000, peer.nowUs);
  const reserve = memory.alloc(1 << 14); // which send rings have to leave
  for (let len = 1 << 16; len >= 64; len >>= 1) while (memory.alloc(len) >= 0);
  memory.free(reserve, 1 << 14);
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

Deno.test("pressure of one connection takes the empty send rings of the others", () => {
  const peer = new Peer({ memoryBytes: 1 << 20 });
  const socket = peer.connect();
  const { sndRing } = socket.tcb;
  const { memory, tcp } = peer.host;
  const span = socket.sendSpan(100); // a program that has asked for space, and does not write
  assertEquals(span.len0 + span.len1, 100);
  const usedBytes = memory.usedBytes;
  const pressure = () => {
    tcp.pressure.note();
    peer.advance(10_000);
  };
  pressure();
  assertEquals([sndRing.isAllocated, memory.usedBytes < usedBytes], [false, true]);
  peer.write(socket, 100);
  pressure();
  assertEquals(sndRing.isAllocated, true, "what is queued stays");
  assertEquals(memory.badFrees, 0);
});

Deno.test("no memory: what came out of order is dropped, reported no more, and comes again", () => {
  const peer = new Peer({ memoryBytes: 1 << 18 });
  const socket = peer.connect({ sackOk: true });
  const { memory, counters } = peer.host;
  for (let i = 0; i < 5; i++) peer.send({ flags: ".", seq: 2001 + 2000 * i, data: 1000 });
  assertEquals(peer.sent.at(-1)?.options.sackCount, 4);
  peer.sent.length = 0;
  for (let len = 1 << 16; len >= 64; len >>= 1) while (memory.alloc(len) >= 0);
  // Its own data out of order makes room for what is in order
  peer.send({ flags: ".", seq: 1001, data: 1000 });
  assertEquals([socket.recvAvailable(), counters.tcp.ofoPruned], [1000, 1]);
  peer.expect(". 1:1(0) ack 1001");
  assertEquals(read(peer.host, socket, peer.nowUs), pattern(1000));
  peer.send({ flags: ".", seq: 4001, data: 1000 });
  assertEquals([peer.take().options.sackCount, counters.tcp.ofoDrop], [0, 1]);
  peer.send({ flags: ".", seq: 2001, data: 1000 });
  assertEquals(read(peer.host, socket, peer.nowUs), pattern(1000));
});

Deno.test("pressure of one connection drops what others hold out of order", () => {
  const peer = new Peer();
  const socket = peer.connect({ sackOk: true });
  peer.send({ flags: ".", seq: 2001, data: 1000 });
  const { pressure } = peer.host.tcp;
  const { rcvRing } = socket.tcb;
  assertEquals([rcvRing.outOfOrder?.heldBytes, rcvRing.chargedBytes], [1000, 1024]);
  pressure.note();
  peer.advance(0);
  assertEquals([rcvRing.outOfOrder, rcvRing.chargedBytes], [null, 0]);
  assertEquals(socket.tcb.assembler.count, 0);
  peer.send({ flags: ".", seq: 1001, data: 2000 });
  assertEquals(read(peer.host, socket, peer.nowUs), pattern(2000));
});

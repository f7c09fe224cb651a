import { assert, assertEquals } from "@std/assert";
import { EVENT_WRITABLE } from "../../../../stack/base/events.ts";
import { autotuneSendBuffer, sendSpace } from "../../../../stack/tcp/output/send_buffer.ts";
import { Peer } from "../support/peer.ts";
import { write } from "../support/world.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";

Deno.test("send buffer: EVENT_WRITABLE when a part of it is free again", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.sendBuffer = 10_000;
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

Deno.test("send buffer: with nothing left to send the program is woken for two segments", () => {
  const peer = new Peer();
  const socket = peer.connect();
  socket.sendBuffer = 14_600;
  assertEquals(write(peer.host, socket, new Uint8Array(20_000), peer.nowUs), 14_600);
  peer.flush();
  peer.host.takeEvents(socket);
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(peer.host.takeEvents(socket), 0, "one segment");
  peer.send({ flags: ".", ack: 2921 });
  assertEquals(peer.host.takeEvents(socket), EVENT_WRITABLE, "two, of ten: less than a quarter");
});

Deno.test("send buffer: of a large one a sixteenth is to be free, with nothing to send", () => {
  const peer = new Peer({ config: { sndBufInitBytes: 1 << 17, sndBufMaxBytes: 1 << 17 } });
  peer.window = 65_535;
  const socket = peer.connect();
  socket.tcb.sndWnd = socket.tcb.cwnd = 1 << 20;
  const size = socket.tcb.sndBufBytes;
  assertEquals(write(peer.host, socket, new Uint8Array(size), peer.nowUs), size);
  peer.flush();
  assertEquals(socket.unsentBytes, 0);
  peer.host.takeEvents(socket);
  const segments = Math.ceil((size >> 4) / 1460);
  for (let i = 1; i <= segments; i++) {
    assertEquals(peer.host.takeEvents(socket), 0, `${i - 1} segments`);
    peer.send({ flags: ".", ack: 1 + i * 1460 });
  }
  assertEquals(peer.host.takeEvents(socket), EVENT_WRITABLE);
});

const MEMORY = 1 << 20;

/** A connection on a host of which so much of the memory is taken, in blocks of `block` bytes. */
function withMemoryTaken(share: number, block = 4096): { peer: Peer; socket: TcpSocket } {
  const peer = new Peer({ memoryBytes: MEMORY, config: { sndBufInitBytes: 1 << 17 } });
  const socket = peer.connect();
  const { memory } = peer.host;
  while (memory.usedBytes + block <= MEMORY * share) assert(memory.alloc(block) >= 0);
  return { peer, socket };
}

function room(socket: TcpSocket): number {
  const { len0, len1 } = socket.sendSpan(1 << 20);
  return len0 + len1;
}

Deno.test("send buffer: no ring is begun in the last eighth of the memory", () => {
  assert(room(withMemoryTaken(0.5).socket) > 0);
  const { peer, socket } = withMemoryTaken(7 / 8);
  assertEquals(room(socket), 0);
  assert(peer.host.memory.usedBytes < MEMORY * 7 / 8 + 1, "although there is room for one");
  assert(peer.host.memory.alloc(1 << 15) >= 0);
});

Deno.test("send buffer: no ring is made larger in the last quarter of the memory", () => {
  for (const [share, isGrown] of [[0.5, true], [0.74, false]] as const) {
    const { peer, socket } = withMemoryTaken(share);
    const first = room(socket);
    peer.write(socket, first);
    assertEquals(room(socket) > 0, isGrown, `${share}`);
    assertEquals(socket.tcb.sndRing.capacity > first, isGrown, `${share}`);
  }
});

Deno.test("send buffer: the program is woken when exactly a quarter is free", () => {
  const peer = new Peer();
  const socket = peer.connect({ win: 5840 });
  peer.window = 5840;
  socket.sendBuffer = 11_680;
  peer.write(socket, 11_680);
  assertEquals(socket.sendSpace(), 0);
  peer.flush();
  peer.host.takeEvents(socket);
  peer.send({ flags: ".", ack: 1461 });
  assertEquals(peer.host.takeEvents(socket), 0);
  peer.send({ flags: ".", ack: 2921 });
  assertEquals([socket.sendSpace(), peer.host.takeEvents(socket)], [2920, EVENT_WRITABLE]);
});

Deno.test("send buffer: it follows the window, up to the greatest size, unless it was set", () => {
  const peer = new Peer({ config: { sndBufInitBytes: 1 << 14, sndBufMaxBytes: 1 << 16 } });
  const { tcb } = peer.connect();
  const sizes = [20_000, 30_000, 40_000, 1 << 20, 10_000].map((cwnd) => {
    tcb.cwnd = cwnd;
    autotuneSendBuffer(tcb);
    return tcb.sndBufBytes;
  });
  assertEquals(sizes, [40_000, 60_000, 1 << 16, 1 << 16, 1 << 16]);
  tcb.ownOptions().isSndBufLocked = true;
  tcb.sndBufBytes = 5000;
  autotuneSendBuffer(tcb);
  assertEquals(tcb.sndBufBytes, 5000);
});

Deno.test("send buffer: the low-water mark bounds what is unsent, filled up to its segment", () => {
  const { tcb } = new Peer().connect();
  const all = sendSpace(tcb);
  tcb.ownOptions().notsentLowatBytes = 4000;
  assertEquals(sendSpace(tcb) % tcb.smss, 0);
  assert(sendSpace(tcb) >= 4000 && sendSpace(tcb) < all, `${sendSpace(tcb)} of ${all}`);
  tcb.ownOptions().notsentLowatBytes = all + 1;
  assertEquals(sendSpace(tcb), all, "no more than there is room for");
});

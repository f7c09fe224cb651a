/**
 * What goes to a program by a ring (io/app/endpoint/receive_ring.ts); by the pair alone:
 * stream_endpoint_test.ts.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EAGAIN, ECONNRESET } from "../../../../stack/mod.ts";
import { connectedStreams, POLLIN, type ProgramSocket } from "../program.ts";
import { ProgramReceiveRing } from "../program_receive_ring.ts";
import { World } from "../world.ts";

const PORT = 5001;
const SHUT_WR = 1;
const SOL_SOCKET = 1;
const SO_RCVLOWAT = 18;
const STEPS_MAX = 20_000;

/** Bytes that tell their place. */
function numbered(len: number, from = 0): Uint8Array {
  return Uint8Array.from({ length: len }, (_, i) => Math.imul(from + i, 0x9e3779b1) >>> 24);
}

interface Streams {
  /** Who has the ring. */
  client: ProgramSocket;
  server: ProgramSocket;
  ring: ProgramReceiveRing;
}

function streamsWithRing(world: World): Streams {
  const { client, server } = connectedStreams(world.program(), PORT);
  const ring = ProgramReceiveRing.enter(world, client);
  if (typeof ring === "number") throw new Error(`no ring: ${ring}`);
  return { client, server, ring };
}

/** Sends `total` bytes, and reads them by `read`, which gives an empty array for none. */
function carry(world: World, server: ProgramSocket, total: number, read: () => Uint8Array): void {
  const all = numbered(total);
  let sent = 0;
  let got = 0;
  for (let step = 0; step < STEPS_MAX && got < total; step++) {
    if (sent < total) sent += Math.max(0, server.send(all.subarray(sent, sent + 100_000)));
    world.step();
    const bytes = read();
    assertEquals(bytes, all.subarray(got, got + bytes.length), `from ${got}`);
    got += bytes.length;
  }
  assertEquals(got, total);
}

function recvNow(socket: ProgramSocket, most: number): Uint8Array {
  const got = socket.recv(most);
  return typeof got === "number" ? new Uint8Array(0) : got;
}

Deno.test("to a ring: all comes in order, over and over the ring's end", () => {
  using world = new World({ rings: true });
  const { server, ring } = streamsWithRing(world);
  using _ = ring;
  carry(world, server, 3 * ring.capacity, () => ring.take(90_001));
  assert(world.service.counters.bytesToRing > ring.capacity);
});

Deno.test("to a ring: who reads the pair and the ring in turn gets each byte once", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  let turn = 0;
  carry(world, server, 1 << 20, () => turn++ % 5 === 0 ? recvNow(client, 7) : ring.take(20_000));
});

Deno.test("to a ring: who reads past it for good gets all by the pair", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  carry(world, server, 1 << 20, () => recvNow(client, 50_000));
  assert(ring.has(P.NUSE_RING_GONE));
});

Deno.test("to a ring: the pair shows what comes, and what is left", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  assertEquals(client.poll(POLLIN), 0);
  server.send(numbered(100_000));
  client.await(POLLIN);
  world.until("all is there", () => ring.unread > 50_000);
  assertEquals(ring.take(20_000), numbered(20_000));
  assertEquals(client.poll(POLLIN), 0, "not at once");
  assertEquals(client.await(POLLIN), POLLIN);
  assertEquals(ring.take(10), numbered(10, 20_000));
  const { result } = client.request(P.NUSE_OP_RING, { a: P.NUSE_RING_RECEIVE_SHOW });
  assertEquals([result, client.poll(POLLIN)], [0, POLLIN]);
});

Deno.test("to a ring: little goes by the pair as a whole", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  server.send(numbered(3000));
  assertEquals(client.receive(), numbered(3000));
  assertEquals(ring.unread, 0);
});

Deno.test("to a ring: no head is moved while a thread reads", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  ring.setFlag(P.NUSE_RING_BUSY);
  server.send(numbered(50_000));
  world.steps(20);
  assertEquals(client.recv(), -EAGAIN);
  ring.clearFlag(P.NUSE_RING_BUSY);
  client.await(POLLIN);
  assertEquals(ring.take(50_000), numbered(50_000));
});

Deno.test("to a ring: the window waits for the program, and opens again when that reads", () => {
  using world = new World({ rings: true });
  const { server, ring } = streamsWithRing(world);
  using _ = ring;
  const bytes = numbered(8 << 20);
  let sent = 0;
  for (let idle = 0; idle < 50; world.steps(1)) {
    const n = server.send(bytes.subarray(sent, sent + 200_000));
    idle = n > 0 ? 0 : idle + 1;
    sent += Math.max(0, n);
  }
  assert(sent < bytes.length, "nobody reads");
  let got = 0;
  world.until("all is read", () => {
    const part = ring.take(300_000);
    assertEquals(part, bytes.subarray(got, got + part.length));
    got += part.length;
    return got === sent;
  });
});

for (const how of ["FIN", "SO_RCVLOWAT", "LEAVE", "GONE", "SHUT_RD"]) {
  Deno.test(`to a ring: ${how}: what is left in it comes by the pair, in order`, () => {
    using world = new World({ rings: true });
    const { client, server, ring } = streamsWithRing(world);
    using _ = ring;
    server.send(numbered(40_000));
    world.until("it is there", () => ring.unread > 35_000);
    assertEquals(ring.take(1000), numbered(1000));
    if (how === "FIN") server.shutdown(SHUT_WR);
    if (how === "SO_RCVLOWAT") client.setInt(SOL_SOCKET, SO_RCVLOWAT, 100);
    if (how === "LEAVE") client.request(P.NUSE_OP_RING, { a: P.NUSE_RING_RECEIVE_LEAVE });
    if (how === "GONE") ring.setFlag(P.NUSE_RING_GONE);
    if (how === "SHUT_RD") client.shutdown(0);
    server.send(numbered(50_000, 40_000));
    world.until("it is given up", () => ring.has(P.NUSE_RING_GONE));
    const total = how === "FIN" || how === "SHUT_RD" ? 40_000 : 90_000;
    for (let got = 1000; got < total;) {
      const part = client.receive(70_000);
      assert(typeof part !== "number", `${part}`);
      if (how === "SHUT_RD" && part.length === 0) break;
      assertEquals(part, numbered(part.length, got));
      got += part.length;
    }
    if (how === "FIN") assertEquals(client.receive(), new Uint8Array(0));
  });
}

Deno.test("to a ring: RST: what has come is there before the error", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  client.send(numbered(10));
  server.await(POLLIN);
  server.send(numbered(40_000));
  world.until("it is there", () => ring.unread > 35_000);
  server.close(); // with bytes unread
  world.until("it is given up", () => ring.has(P.NUSE_RING_GONE));
  let got = 0;
  for (let part = client.receive(); typeof part !== "number" && part.length > 0;) {
    assertEquals(part, numbered(part.length, got));
    got += part.length;
    part = client.receive();
  }
  assertEquals([got, client.soError], [40_000, ECONNRESET]);
});

Deno.test("to a ring: closed with bytes in it, the peer is reset; with none, it is not", () => {
  for (const isRead of [false, true]) {
    using world = new World({ rings: true });
    const { client, server, ring } = streamsWithRing(world);
    using _ = ring;
    server.send(numbered(40_000));
    world.until("it is there", () => ring.unread > 35_000);
    assertEquals(ring.take(isRead ? 40_000 : 64).length, isRead ? 40_000 : 64);
    client.close();
    assertEquals(server.receive(), new Uint8Array(0));
    assertEquals(server.soError, isRead ? 0 : ECONNRESET);
  }
});

Deno.test("to a ring: who says that it has read what is not there is reset", () => {
  using world = new World({ rings: true });
  const { server, ring } = streamsWithRing(world);
  using _ = ring;
  server.send(numbered(40_000));
  world.until("it is there", () => ring.unread > 35_000);
  ring.advance(200_000);
  world.until("it is seen", () => world.service.counters.ringsBroken === 1);
  assertEquals(server.receive(), new Uint8Array(0));
  assertEquals(server.soError, ECONNRESET);
});

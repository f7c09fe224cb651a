import { assert, assertEquals } from "@std/assert";
import {
  AF_INET,
  FIONREAD,
  SO_RCVBUF,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EINPROGRESS, IPPROTO_TCP } from "../../../../stack/mod.ts";
import { connectedStreams, POLLIN, type ProgramSocket } from "../program.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import { isMuchUnread, Unread } from "../../../../io/app/endpoint/unread.ts";
import { World } from "../world.ts";

const WINDOW = 64_000;
const PORT = 5001;
const TCP_INFO = 11;

Deno.test("unread: what lies in a pair, at most what was handed over since it was empty", () => {
  using world = new World();
  const { sys } = world.program();
  const { base } = world.arena;
  const off = world.memory.alloc(4096);
  const [ours, theirs] = socketPair(SOCK_STREAM) as [number, number];
  const unread = new Unread(sys, ours);
  const hand = (n: number) => {
    assertEquals(sys.send(ours, base, off, n, 0, 0, 0), n);
    unread.handOver(n, WINDOW);
  };
  assertEquals(unread.measure(), 0);
  // The kernel charges some hundred bytes for each
  for (let i = 0; i < 10; i++) hand(7);
  assertEquals(unread.measure(), 70);
  hand(4096);
  assertEquals(unread.measure(), 4166);
  assertEquals(sys.recv(theirs, base, off, 70, 0, 0, 0), 70);
  const left = unread.measure();
  assert(left >= 4096 && left <= 4166, `${left} bytes`);
  assertEquals(sys.recv(theirs, base, off, 4096, 0, 0, 0), 4096);
  assertEquals(unread.measure(), 0);
  hand(5);
  assertEquals(unread.measure(), 5);
  sys.close(ours);
  sys.close(theirs);
});

Deno.test("unread: asked for once an eighth of the window, watched from a quarter on", () => {
  using world = new World();
  const unread = new Unread(world.program().sys, -1);
  assertEquals(unread.handOver(4000, WINDOW), false);
  assertEquals(unread.handOver(4000, WINDOW), false);
  assertEquals(unread.handOver(1, WINDOW), true);
  unread.measure();
  assertEquals(unread.handOver(8000, WINDOW), false);
  assertEquals([isMuchUnread(16_000, WINDOW), isMuchUnread(16_001, WINDOW)], [false, true]);
});

/** tcpi_bytes_received: what has been acknowledged to the peer. */
function bytesReceived(socket: ProgramSocket): number {
  const { data } = socket.request(P.NUSE_OP_GETOPT, { a: IPPROTO_TCP, b: TCP_INFO, c: 136 });
  return Number(new DataView(data.buffer, data.byteOffset).getBigUint64(128, true));
}

/** Writes to `from` until nothing moves any more; the bytes that it took. */
function fill(world: World, from: ProgramSocket): number {
  const chunk = Uint8Array.from({ length: 20_000 }, (_, i) => i);
  let sent = 0;
  for (let idle = 0; idle < 20; idle++) {
    const n = from.send(chunk);
    if (n > 0) [sent, idle] = [sent + n, 0];
    world.step();
  }
  return sent;
}

/** Reads `total` bytes, in small pieces. It gives up soon: the window must not stay shut. */
function drain(world: World, socket: ProgramSocket, total: number): number {
  let got = 0;
  for (let idle = 0; idle < 20 && got < total; idle++) {
    const bytes = socket.recv(1000);
    if (bytes instanceof Uint8Array) [got, idle] = [got + bytes.length, 0];
    else world.step();
  }
  return got;
}

for (const bufBytes of [1, 4096, 65_536, 0]) {
  const what = bufBytes === 0 ? "by default" : `of ${bufBytes}`;
  Deno.test(`stream: SO_RCVBUF ${what} bounds what a program that does not read gets`, () => {
    using world = new World();
    const program = world.program();
    const listener = program.socket(AF_INET, SOCK_STREAM);
    if (bufBytes > 0) assertEquals(listener.setInt(SOL_SOCKET, SO_RCVBUF, bufBytes), 0);
    assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(1)], [0, 0]);
    const client = program.socket(AF_INET, SOCK_STREAM);
    assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
    const { socket: server } = listener.accept();
    const space = server.getInt(SOL_SOCKET, SO_RCVBUF);
    assertEquals(space, bufBytes > 0 ? Math.max(2 * bufBytes, 2304) : 131_072);
    const sent = fill(world, client);
    const taken = bytesReceived(server);
    assert(taken <= space && taken >= space / 2 && sent > taken, `${taken} bytes of ${sent}`);
    assertEquals(drain(world, server, sent), sent);
  });
}

const SO_RCVLOWAT = 18;

Deno.test("SO_RCVLOWAT: less than that does not reach the pair, unless nothing more comes", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  const nothing = () => {
    world.steps(5);
    return server.poll(POLLIN) === 0;
  };
  assertEquals(server.setInt(SOL_SOCKET, SO_RCVLOWAT, 5), 0);
  assertEquals(server.getInt(SOL_SOCKET, SO_RCVLOWAT), 5);
  client.send(new Uint8Array(3));
  assert(nothing());
  client.send(new Uint8Array(2));
  assertEquals((server.receive() as Uint8Array).length, 5);
  client.send(new Uint8Array(4));
  assert(nothing());
  assertEquals(server.setInt(SOL_SOCKET, SO_RCVLOWAT, 4), 0);
  assertEquals((server.receive() as Uint8Array).length, 4);
  client.send(new Uint8Array(2));
  assert(nothing());
  client.shutdown(1);
  assertEquals((server.receive() as Uint8Array).length, 2);
  assertEquals((server.receive() as Uint8Array).length, 0);
});

Deno.test("SO_RCVLOWAT: what lies unread in the pair counts, and a full window is enough", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(server.setInt(SOL_SOCKET, SO_RCVLOWAT, 10), 0);
  client.send(new Uint8Array(12));
  assertEquals((server.receive(3) as Uint8Array).length, 3);
  client.send(new Uint8Array(1));
  world.until("the byte", () => server.program.sys.ioctlInt(server.fd, FIONREAD) === 10);
  assertEquals(server.setInt(SOL_SOCKET, SO_RCVBUF, 4096), 0);
  assertEquals(server.setInt(SOL_SOCKET, SO_RCVLOWAT, 1 << 20), 0);
  fill(world, client);
  assertEquals(server.poll(POLLIN), POLLIN);
});

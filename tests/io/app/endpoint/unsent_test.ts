import { assert, assertEquals } from "@std/assert";
import { AF_INET, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET } from "../../../../ffi/abi/socket.ts";
import { getIntOption } from "../../../../ffi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { pairSendBuffer, roomForUnsent } from "../../../../io/app/endpoint/unsent.ts";
import {
  IPPROTO_TCP,
  NO_LOWAT,
  type StreamSocket,
  TCP_NOTSENT_LOWAT,
} from "../../../../stack/mod.ts";
import { connectedStreams, POLLOUT, type ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5001;
const SO_RCVBUF = 8;
const TCP_INQ = 36;
const SIOCOUTQNSD = 0x894b;
/** What an end whose SO_SNDBUF is the smallest takes at most. */
const LEAST_PAIR_BYTES = 4480;

function socketWith(notsentLowat: number, unsentBytes: number) {
  let heldCount = 0;
  const socket = { notsentLowat, unsentBytes, smss: 1000, holdWriter: () => heldCount++ };
  const room = roomForUnsent(socket as unknown as StreamSocket);
  return { room, isHeld: heldCount === 1 };
}

Deno.test("unsent: half of the mark is taken from the pair, but a segment in any case", () => {
  assertEquals(socketWith(NO_LOWAT, 1e6), { room: Infinity, isHeld: false });
  assertEquals(socketWith(32_000, 4000), { room: 12_000, isHeld: false });
  assertEquals(socketWith(32_000, 15_999), { room: 1, isHeld: false });
  assertEquals(socketWith(32_000, 16_000), { room: 0, isHeld: true });
  assertEquals(socketWith(1, 990), { room: 10, isHeld: false });
  assertEquals(socketWith(1, 1000), { room: 0, isHeld: true });
});

Deno.test("unsent: the pair takes about as much again", () => {
  const size = (notsentLowat: number) =>
    pairSendBuffer({ notsentLowat, fixedSendBuffer: 0 } as StreamSocket);
  assertEquals([size(1), size(18_432), size(1 << 20)], [2304, 2304, 1 << 17]);
  assertEquals([size(1 << 30), size(NO_LOWAT)], [P.NUSE_PAIR_SNDBUF, P.NUSE_PAIR_SNDBUF]);
});

Deno.test("unsent: an SO_SNDBUF that was set bounds the pair, too", () => {
  const size = (fixedSendBuffer: number, notsentLowat = NO_LOWAT) =>
    pairSendBuffer({ notsentLowat, fixedSendBuffer } as StreamSocket);
  assertEquals([size(4608), size(16_384), size(1 << 20)], [2304, 4096, 1 << 18]);
  assertEquals([size(1 << 30), size(1 << 20, 131_072)], [P.NUSE_PAIR_SNDBUF, 16_384]);
});

/** Writes while poll() says that it may, `pieceLen` bytes each; how many are taken in the end. */
function fillWhileWritable(world: World, socket: ProgramSocket, pieceLen: number): number {
  let taken = 0;
  for (let still = 0; still < 20;) {
    const isWritable = socket.poll(POLLOUT) !== 0;
    const n = isWritable ? socket.send(new Uint8Array(pieceLen)) : 0;
    if (n > 0) taken += n;
    still = n > 0 ? 0 : still + 1;
    world.steps(1);
  }
  return taken;
}

/** SO_SNDBUF of the program's end as the shim sets it. */
function setMark(socket: ProgramSocket, mark: number): void {
  const data = new Uint8Array(new Int32Array([mark]).buffer);
  const ask = { a: IPPROTO_TCP, b: TCP_NOTSENT_LOWAT, data };
  const { result, c, state } = socket.request(P.NUSE_OP_SETOPT, ask);
  assertEquals(result, 0);
  assert(c > 0);
  assertEquals((state & P.NUSE_STATE_PAIR_SIZED) !== 0, mark !== -1);
  const size = new Uint8Array(new Int32Array([c]).buffer);
  socket.program.sys.setsockopt(socket.fd, SOL_SOCKET, SO_SNDBUF, size, 4);
}

/** Bytes that are written and not sent when nothing moves any more; then the server reads. */
function unsentOf(world: World, mark: number, pieceLen: number): number {
  const { client, server } = connectedStreams(world.program(), PORT);
  server.setInt(SOL_SOCKET, SO_RCVBUF, 1 << 15);
  setMark(client, mark);
  const taken = fillWhileWritable(world, client, pieceLen);
  const answer = client.request(P.NUSE_OP_IOCTL, { a: SIOCOUTQNSD, data: new Uint8Array(4) });
  const unsent = new DataView(answer.data.buffer).getInt32(0, true);
  if (mark === -1) return unsent;
  let received = 0;
  world.until("all of it", () => {
    const data = server.recv();
    if (typeof data !== "number") received += data.length;
    return received === taken;
  });
  assertEquals(client.poll(POLLOUT), POLLOUT);
  return unsent;
}

for (
  const [mark, pieceLen] of [[1, 100], [1, 100_000], [16_384, 1000], [131_072, 5000], [
    131_072,
    1_000_000,
  ]]
) {
  Deno.test(`unsent: with a mark of ${mark}, written by ${pieceLen}, no more than that`, () => {
    using world = new World();
    const unsent = unsentOf(world, mark, pieceLen);
    // Over the loopback a segment may be 64 KiB
    const least = 65_483 + LEAST_PAIR_BYTES;
    assert(unsent <= Math.max(mark, least), `${unsent} bytes`);
    assert(unsent >= mark / 4, `${unsent} bytes`);
  });
}

Deno.test("unsent: without a mark the pair and the buffer fill", () => {
  using world = new World();
  assert(unsentOf(world, -1, 100_000) > 500_000);
});

Deno.test("unsent: tcp_notsent_lowat sizes the pairs that are made here", () => {
  using world = new World({ config: { tcp: { notsentLowatBytes: 1 << 17 } } });
  const { client, server, listener } = connectedStreams(world.program(), PORT);
  const sizes = [client, server, listener].map(({ fd }) => getIntOption(fd, SOL_SOCKET, SO_SNDBUF));
  assertEquals(sizes, [1 << 15, 1 << 15, 1 << 15]);
  assertEquals(server.state & P.NUSE_STATE_PAIR_SIZED, P.NUSE_STATE_PAIR_SIZED);
});

Deno.test("unsent: TCP_INQ is told the shim, and inherited from the listener", () => {
  using world = new World();
  const program = world.program();
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(listener.setInt(IPPROTO_TCP, TCP_INQ, 1), 0);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(4)], [0, 0]);
  const client = program.socket(AF_INET, SOCK_STREAM);
  client.connect("127.0.0.1", PORT);
  const { socket: server } = listener.accept();
  const bits = [client, server].map(({ state }) => state & P.NUSE_STATE_INQ);
  assertEquals(bits, [0, P.NUSE_STATE_INQ]);
  assertEquals(server.setInt(IPPROTO_TCP, TCP_INQ, 0), 0);
  assertEquals(server.state & P.NUSE_STATE_INQ, 0);
});

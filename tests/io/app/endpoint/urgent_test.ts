import { assert, assertEquals } from "@std/assert";
import {
  MSG_DONTWAIT,
  MSG_OOB,
  SO_OOBINLINE,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../../ffi/abi/socket.ts";
import { libc } from "../../../../ffi/libc.ts";
import { getIntOption, socketPair } from "../../../../ffi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EAGAIN, EINVAL } from "../../../../stack/mod.ts";
import { UrgentDelivery } from "../../../../io/app/endpoint/urgent.ts";
import { connectedStreams, POLLIN, type ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5001;
const POLLPRI = 0x2;

/** send(MSG_OOB) as the shim does it. */
function sendUrgent(socket: ProgramSocket, text: string): void {
  const bytes = new TextEncoder().encode(text);
  const ask = { a: P.NUSE_MORE_URGENT, b: bytes.length };
  assertEquals(socket.request(P.NUSE_OP_MORE, ask).result, 0);
  assertEquals(socket.send(bytes), bytes.length);
}

function sendText(socket: ProgramSocket, text: string): void {
  socket.send(new TextEncoder().encode(text));
}

/** recv(MSG_OOB): the byte, or -errno. */
function takeUrgent(socket: ProgramSocket): string | number {
  const { sys, bufferOff, world } = socket.program;
  const flags = MSG_OOB | MSG_DONTWAIT;
  const n = sys.recv(socket.fd, world.arena.base, bufferOff, 1, 0, 0, flags);
  return n < 0 ? n : String.fromCharCode(world.memory.u8[bufferOff]);
}

function watch(socket: ProgramSocket): [result: number, isAhead: number, before: number] {
  const { result, a, b } = socket.request(P.NUSE_OP_URGENT);
  return [result, a, b];
}

Deno.test("urgent data: one byte of the pair, in its place", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(watch(server), [0, 0, 0]);
  sendUrgent(client, "abc!");
  sendText(client, "def");
  server.await(POLLPRI);
  assertEquals(server.receiveText(), "abc");
  assertEquals([takeUrgent(server), takeUrgent(server)], ["!", -EINVAL]);
  assertEquals(server.receiveText(), "def");
});

Deno.test("urgent data: alone it waits, until somebody looks out for it", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  sendUrgent(client, "abc!");
  assertEquals(server.receiveText(), "abc");
  world.steps(10);
  assertEquals(server.poll(POLLIN | POLLPRI), 0);
  // A lone one more makes it the next to be read that is nothing: it is skipped
  sendUrgent(client, "?");
  world.steps(10);
  assertEquals(server.poll(POLLIN | POLLPRI), 0);
  assertEquals(watch(server), [0, 0, 0]);
  assertEquals([server.poll(POLLPRI), takeUrgent(server)], [POLLPRI, "?"]);
  sendUrgent(client, "1");
  server.await(POLLPRI);
  assertEquals(takeUrgent(server), "1");
});

Deno.test("urgent data: of two the first is data, when something before it is unread", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  sendUrgent(client, "abc1");
  server.await(POLLIN);
  world.steps(10);
  sendUrgent(client, "2");
  world.steps(10);
  assertEquals(server.receiveText(), "abc1");
  assertEquals(watch(server), [0, 0, 0]);
  assertEquals(takeUrgent(server), "2");
});

Deno.test("urgent data: alone it goes when more follows, or the end", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  sendUrgent(client, "!");
  world.steps(10);
  sendText(client, "abc");
  server.await(POLLIN);
  assertEquals([takeUrgent(server), server.receiveText()], ["!", "abc"]);
  sendUrgent(client, "?");
  world.steps(10);
  assertEquals(client.shutdown(1), 0);
  server.await(POLLIN);
  assertEquals([takeUrgent(server), server.receiveText()], ["?", ""]);
});

Deno.test("urgent data: with SO_OOBINLINE it waits for nobody, nor when that is set later", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  sendUrgent(client, "!");
  world.steps(10);
  assertEquals(server.poll(POLLIN | POLLPRI), 0);
  assertEquals(server.setInt(SOL_SOCKET, SO_OOBINLINE, 1), 0);
  assertEquals(server.poll(POLLIN | POLLPRI), POLLIN | POLLPRI);
});

Deno.test("urgent data: what a program that reads nothing is not to miss", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(watch(server), [0, 0, 0]);
  const block = new Uint8Array(20_000);
  let sent = 0;
  for (let full = 0; full < 20; world.steps(1)) {
    const n = client.send(block);
    if (n > 0) sent += n;
    else full++;
  }
  let isSent = false;
  // The window is shut by then; the byte comes when it opens again, long before it is its turn
  let received = 0;
  world.until("POLLPRI", () => {
    const ask = { a: P.NUSE_MORE_URGENT, b: 1 };
    if (!isSent) {
      client.request(P.NUSE_OP_MORE, ask);
      isSent = client.send(new Uint8Array([33])) === 1;
      if (!isSent) client.request(P.NUSE_OP_MORE, { a: P.NUSE_MORE_URGENT_SHORT, b: 1, c: 1 });
    }
    if (server.poll(POLLPRI) !== 0) return true;
    const data = server.recv(1000);
    if (typeof data !== "number") received += data.length;
    return false;
  });
  assertEquals(takeUrgent(server), "!");
  while (received < sent) {
    const data = server.recv();
    if (typeof data === "number") throw new Error(`${data}`);
    received += data.length;
  }
  assertEquals([received, server.recv()], [sent, -EAGAIN]);
});

/** send(MSG_OOB) of a program without the shim. */
function sendPastShim(socket: ProgramSocket, text: string): void {
  const { sys, bufferOff, world } = socket.program;
  world.memory.u8.set(new TextEncoder().encode(text), bufferOff);
  const n = sys.send(socket.fd, world.arena.base, bufferOff, text.length, 0, 0, MSG_OOB);
  assertEquals(n, text.length);
}

Deno.test("urgent data: written into the pair as such, it is sent as such, nothing is lost", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(watch(server), [0, 0, 0]);
  sendPastShim(client, "abc!");
  sendText(client, "def");
  server.await(POLLPRI);
  assertEquals([server.receiveText(), takeUrgent(server)], ["abc", "!"]);
  assertEquals(server.receiveText(), "def");
  sendPastShim(client, "?");
  server.await(POLLPRI);
  assertEquals(takeUrgent(server), "?");
  sendText(client, "ghi");
  assertEquals(server.receiveText(), "ghi");
});

/** A stack's socket of which `available` bytes wait, the urgent one after `offset`. */
function delivery(offset: number, available: number, isInline = false): UrgentDelivery {
  const socket = {
    urgentOffset: offset,
    recvAvailable: () => available,
    isPeerDone: false,
    options: { oobInline: isInline },
  };
  return new UrgentDelivery(null as never, -1, socket as never);
}

Deno.test("urgent data: a full pair is made large enough for all before the byte", () => {
  const [ours, theirs] = socketPair(SOCK_STREAM) as [number, number];
  const sndBuf = () => getIntOption(ours, SOL_SOCKET, SO_SNDBUF);
  const makeRoom = (offset: number, available: number) => {
    const socket = { urgentOffset: offset, recvAvailable: () => available };
    return new UrgentDelivery(libc(), ours, socket as never);
  };
  const before = sndBuf();
  assertEquals([makeRoom(-1, 10), makeRoom(9000, 9000)].map((of) => of.makeRoom()), [false, false]);
  assertEquals(sndBuf(), before);
  const far = makeRoom(3_000_000, 3_000_001);
  assertEquals([far.makeRoom(), far.makeRoom()], [true, false], "once is enough");
  assert(sndBuf() > before, `${before} and ${sndBuf()} bytes`);
  libc().close(ours);
  libc().close(theirs);
});

Deno.test("urgent data: pieces up to it, it alone, and all else", () => {
  const piece = (of: UrgentDelivery) => [of.nextPiece(false), of.sendFlags];
  assertEquals(piece(delivery(-1, 10)), [Infinity, 0]);
  assertEquals(piece(delivery(3, 10)), [3, 0]);
  assertEquals(piece(delivery(20, 10)), [20, 0]);
  assertEquals(piece(delivery(0, 10)), [1, MSG_OOB]);
  assertEquals(piece(delivery(0, 1)), [0, 0]);
  assertEquals(piece(delivery(0, 1, true)), [1, MSG_OOB]);
  assertEquals(delivery(0, 1).nextPiece(true), 1);
});

Deno.test("urgent data: a kernel whose AF_UNIX has none gets it in line", () => {
  const old = delivery(3, 10);
  old.isPossible = false;
  assertEquals([old.nextPiece(false), old.sendFlags], [Infinity, 0]);
});

Deno.test("urgent data: announced is what has not arrived", () => {
  const announced = [delivery(-1, 0), delivery(0, 0), delivery(5, 5), delivery(5, 6)]
    .map((of) => of.announced);
  assertEquals(announced, [-1, 0, 5, -1]);
  assertEquals(delivery(5, 5, true).announced, -1, "in line");
});

Deno.test("urgent data: an ended stream, and what is no stream", () => {
  using world = new World();
  const program = world.program();
  const { client, server, listener } = connectedStreams(program, PORT);
  assertEquals(watch(listener), [0, 0, 0]);
  assertEquals(watch(program.socket(2, 2)), [0, 0, 0]);
  client.close();
  server.shutdown(2);
  world.steps(10);
  assertEquals(watch(server)[0] < 0, true);
});

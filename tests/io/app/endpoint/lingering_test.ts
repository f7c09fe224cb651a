import { assertEquals } from "@std/assert";
import { AF_INET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { connectedStreams, type ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5006;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const POLLHUP = 0x10;

function setLinger(socket: ProgramSocket, seconds: number): void {
  const data = new Uint8Array(new Int32Array([1, seconds]).buffer);
  const { result, state } = socket.request(P.NUSE_OP_SETOPT, { a: SOL_SOCKET, b: SO_LINGER, data });
  assertEquals([result, state & P.NUSE_STATE_LINGER], [0, seconds > 0 ? P.NUSE_STATE_LINGER : 0]);
}

/** Writes until the server, which does not read, has filled everything. */
function fill(world: World, client: ProgramSocket): void {
  const bytes = new Uint8Array(200_000);
  for (let stalled = 0; stalled < 10; stalled++) {
    if (client.send(bytes) > 0) stalled = 0;
    world.step();
  }
}

/** A client whose send buffer the server, which does not read, has filled; and it has closed. */
function closedWithBacklog(world: World): { client: ProgramSocket; server: ProgramSocket } {
  const program = world.program();
  const { client, server } = connectedStreams(program, PORT);
  setLinger(client, 0);
  setLinger(client, 5);
  fill(world, client);
  client.close();
  client.program.send(P.NUSE_OP_CLOSE, { cookie: client.cookie, a: 1 });
  world.steps(10);
  assertEquals(client.program.takeReply(), null);
  return { client, server };
}

Deno.test("SO_LINGER: CLOSE is answered when everything has been acknowledged", () => {
  using world = new World();
  const { client: { program }, server } = closedWithBacklog(world);
  const reply = world.until("the reply", () => {
    server.recv();
    return program.takeReply();
  });
  assertEquals(reply.result, 0);
});

Deno.test("SO_LINGER of 0: close() is a reset, whatever waits in the pair", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  setLinger(client, 0);
  fill(world, client);
  client.close();
  world.until("the reset", () => (server.poll(POLLHUP) & POLLHUP) !== 0); // unread as it is
});

Deno.test("SO_LINGER: CANCEL ends the wait, and the rest is delivered", () => {
  using world = new World();
  const { client: { program, cookie }, server } = closedWithBacklog(world);
  assertEquals(program.request(P.NUSE_OP_CANCEL).result, 0);
  world.until("EOF", () => {
    const got = server.recv();
    return typeof got !== "number" && got.length === 0;
  });
  assertEquals(program.request(P.NUSE_OP_CLOSE, { cookie, a: 1 }).result, 0);
});

Deno.test("CLOSE is true at once: the port is free for the next request", () => {
  using world = new World();
  const program = world.program();
  const first = program.socket(AF_INET, SOCK_STREAM);
  const second = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([first.bind("127.0.0.1", PORT), first.listen(1)], [0, 0]);
  assertEquals(first.state, P.NUSE_STATE_LISTENING | P.NUSE_STATE_BOUND);
  assertEquals(first.request(P.NUSE_OP_CLOSE).result, 0); // somebody else has it, too
  assertEquals(first.state, P.NUSE_STATE_LISTENING | P.NUSE_STATE_BOUND);
  first.close();
  assertEquals(first.request(P.NUSE_OP_CLOSE).result, 0);
  assertEquals(second.bind("127.0.0.1", PORT), 0);
});

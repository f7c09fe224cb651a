import { assertEquals } from "@std/assert";
import { AF_INET, SHUT_RD, SHUT_WR, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  EALREADY,
  ECONNABORTED,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EISCONN,
  ENETUNREACH,
} from "../../../../stack/mod.ts";
import {
  type Answer,
  CONNECTED,
  CONNECTING,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  type Program,
  type ProgramSocket,
  sockaddr,
} from "../program.ts";
import { World } from "../world.ts";

const PORT = 5011;
/** Nobody answers there: the handshake goes on. */
const SILENT = "127.0.0.1";

function listening(program: Program, backlog = 4): ProgramSocket {
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(backlog)], [0, 0]);
  return listener;
}

/** A connect() that waits, on a connection of its own. */
function dial(by: Program, socket: ProgramSocket, port = PORT, address = "127.0.0.1"): void {
  const data = sockaddr(address, port);
  const ask = { cookie: socket.cookie, a: P.NUSE_FILLER_LEN, b: P.NUSE_CONNECT_WAIT, data };
  by.send(P.NUSE_OP_CONNECT, ask, socket.fd);
}

function outcome(world: World, by: Program): Answer {
  return world.until("the outcome", () => by.takeReply());
}

Deno.test("connect that waits: the reply comes with the outcome, no filler", () => {
  using world = new World();
  const program = world.program();
  const waiter = program.fork();
  const listener = listening(program);
  const client = program.socket(AF_INET, SOCK_STREAM);
  dial(waiter, client);
  const { result, state, cookie, a, b } = outcome(world, waiter);
  assertEquals([result, state, cookie], [0, CONNECTED, client.cookie]);
  assertEquals([a, b], [0, 0]);
  const { socket: server } = listener.accept();
  client.send(new Uint8Array([1, 2]));
  assertEquals(server.receive(), new Uint8Array([1, 2]));
  assertEquals(client.connect("127.0.0.1", PORT), -EISCONN);
  waiter.close();
});

Deno.test("connect that waits: refused, unreachable, and again", () => {
  using world = new World();
  const program = world.program();
  const waiter = program.fork();
  const client = program.socket(AF_INET, SOCK_STREAM);
  for (let i = 0; i < 2; i++) {
    dial(waiter, client);
    const { result, state } = outcome(world, waiter);
    assertEquals([result, state], [-ECONNREFUSED, 0]);
  }
  dial(waiter, client, PORT, "198.51.100.1");
  assertEquals(outcome(world, waiter).result, -ENETUNREACH);
  assertEquals([client.poll(POLLIN), client.soError], [0, 0]);
  listening(program);
  dial(waiter, client);
  assertEquals(outcome(world, waiter).result, 0);
  waiter.close();
});

/** A connect() whose SYN is answered by nobody: the listener's backlog is full. */
function hangingConnect(world: World, program: Program): { by: Program; socket: ProgramSocket } {
  const listener = listening(program, 0);
  for (let i = 0; i < 4; i++) program.socket(AF_INET, SOCK_STREAM).connect(SILENT, PORT);
  world.steps(5);
  assertEquals(listener.state, P.NUSE_STATE_LISTENING | P.NUSE_STATE_BOUND);
  const by = program.fork();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  dial(by, socket);
  world.steps(3);
  assertEquals([by.takeReply(), socket.state], [null, CONNECTING]);
  return { by, socket };
}

Deno.test("connect that waits: others find it under way; one more may wait for it", () => {
  using world = new World();
  const program = world.program();
  const { by, socket } = hangingConnect(world, program);
  assertEquals(socket.connect(SILENT, PORT), -EALREADY);
  const second = program.fork();
  dial(second, socket);
  assertEquals(outcome(world, second).result, -EALREADY);
  by.close(); // its thread was cancelled
  world.steps(3);
  dial(second, socket);
  world.steps(3);
  assertEquals(second.takeReply(), null);
  socket.close();
  assertEquals(outcome(world, second).result, -ECONNABORTED);
  second.close();
});

Deno.test("connect that waits: shutdown() resets it, and the socket connects again", () => {
  using world = new World();
  const program = world.program();
  const { by, socket } = hangingConnect(world, program);
  assertEquals(socket.request(P.NUSE_OP_SHUTDOWN, { a: SHUT_RD }).result, 0);
  assertEquals(outcome(world, by).result, -ECONNRESET);
  assertEquals([socket.soError, socket.state], [0, 0]);
  dial(by, socket, PORT + 1);
  assertEquals(outcome(world, by).result, -ECONNREFUSED);
  by.close();
});

Deno.test("connect: after shutdown() of an attempt the pair is that of a fresh socket", () => {
  using world = new World();
  const program = world.program();
  const { by } = hangingConnect(world, program);
  const socket = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(socket.connect(SILENT, PORT), -EINPROGRESS);
  const { result, state } = socket.request(P.NUSE_OP_SHUTDOWN, { a: SHUT_WR });
  assertEquals([result, state], [0, P.NUSE_STATE_ERROR]);
  assertEquals(socket.poll(POLLOUT | POLLERR | POLLHUP), POLLOUT);
  assertEquals([socket.soError, socket.soError], [ECONNRESET, 0]);
  assertEquals(socket.connect(SILENT, PORT), -EINPROGRESS);
  by.close();
});

Deno.test("connect that waits: CANCEL turns it into one that the pair shows", () => {
  using world = new World();
  const program = world.program();
  const { by, socket } = hangingConnect(world, program);
  by.send(P.NUSE_OP_CANCEL, { a: P.NUSE_FILLER_LEN });
  const { result, state, b } = outcome(world, by);
  assertEquals([result, b], [-EINPROGRESS, P.NUSE_FILLER_LEN]);
  assertEquals(state, CONNECTING);
  by.send(P.NUSE_OP_CANCEL, { a: P.NUSE_FILLER_LEN }); // crossed the reply: nothing to cancel
  assertEquals(by.request(P.NUSE_OP_HELLO).result, 0);
  // somebody waits for it after all, without saying where to
  by.send(P.NUSE_OP_CONNECT, { cookie: socket.cookie, b: P.NUSE_CONNECT_WAIT }, socket.fd);
  world.steps(2);
  assertEquals(by.takeReply(), null);
  by.send(P.NUSE_OP_CANCEL, { a: P.NUSE_FILLER_LEN });
  const again = outcome(world, by);
  assertEquals([again.result, again.b], [-EINPROGRESS, 0]);
  by.close();
});

Deno.test("connect: failed, the pair shows it once the filler has come", () => {
  using world = new World();
  const program = world.program();
  const client = program.socket(AF_INET, SOCK_STREAM);
  const data = sockaddr("127.0.0.1", PORT);
  const ask = { data, a: P.NUSE_FILLER_LEN };
  const { result, a, b } = client.request(P.NUSE_OP_CONNECT, ask);
  assertEquals([result, a, b], [-EINPROGRESS, 0, P.NUSE_FILLER_LEN]);
  world.until("the end", () => client.state === P.NUSE_STATE_ERROR);
  assertEquals(client.poll(POLLIN | POLLOUT), POLLOUT);
  client.send(new Uint8Array(P.NUSE_FILLER_LEN));
  assertEquals(client.await(POLLERR), POLLERR);
  const again = client.request(P.NUSE_OP_CONNECT, ask);
  assertEquals([again.result, again.a, again.b], [-ECONNREFUSED, 1, 0]);
});

Deno.test("connect that waits, by the cookie of a failed pair: the reply says so", () => {
  using world = new World();
  const program = world.program();
  const client = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  client.await(POLLERR);
  listening(program);
  const waiter = program.fork();
  dial(waiter, client);
  assertEquals(outcome(world, waiter).result, -ECONNREFUSED);
  dial(waiter, client); // as a process that shares the descriptor with the one that was told
  const { result, a } = outcome(world, waiter);
  assertEquals([result, a], [0, 1]);
  waiter.close();
});

Deno.test("connect: asked again before the pair shows the failure, it never does", () => {
  using world = new World();
  const program = world.program();
  const client = program.socket(AF_INET, SOCK_STREAM);
  const ask = { data: sockaddr("127.0.0.1", PORT), a: P.NUSE_FILLER_LEN };
  client.request(P.NUSE_OP_CONNECT, ask);
  world.until("the end", () => client.state === P.NUSE_STATE_ERROR);
  const again = client.request(P.NUSE_OP_CONNECT, ask);
  assertEquals([again.result, again.a, again.b], [-ECONNREFUSED, 0, 0]);
  const listener = listening(program);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  const { socket: server } = listener.accept();
  client.send(new Uint8Array([1]));
  assertEquals(server.receive(), new Uint8Array([1]));
});

Deno.test("connect: failed and closed, nothing is left", () => {
  using world = new World();
  const program = world.program();
  const client = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(client.bind("127.0.0.1", PORT + 1), 0);
  assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
  client.await(POLLERR);
  assertEquals(world.service.socketCount, 1);
  client.close();
  world.until("released", () => world.service.counters.socketsClosed === 1);
  assertEquals(world.service.socketCount, 0);
  assertEquals(program.socket(AF_INET, SOCK_STREAM).bind("127.0.0.1", PORT + 1), 0);
});

Deno.test("connect that waits: who waits goes away, and nobody is told of the outcome", () => {
  using world = new World();
  const program = world.program();
  const waiter = program.fork();
  const listener = listening(program, 0);
  // The backlog is full: the handshake goes on
  const others = [1, 2, 3, 4].map(() => program.socket(AF_INET, SOCK_STREAM));
  for (const other of others) other.connect("127.0.0.1", PORT);
  const client = program.socket(AF_INET, SOCK_STREAM);
  dial(waiter, client);
  world.steps(5);
  assertEquals(client.state, CONNECTING);
  waiter.close();
  world.until("gone", () => world.service.clientCount === 1);
  // Somebody else may wait now, and is told of the end
  const next = program.fork();
  dial(next, client);
  world.steps(5);
  listener.close();
  for (const other of others) other.close();
  assertEquals(outcome(world, next).result < 0, true);
  assertEquals(world.service.counters.repliesLost, 0);
  assertEquals(program.request(P.NUSE_OP_HELLO).result, 0);
  next.close();
});

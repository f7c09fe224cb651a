import { assertEquals } from "@std/assert";
import { AF_INET, SHUT_RD, SO_OOBINLINE, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import { libc } from "../../../../ffi/libc.ts";
import { getIntOption } from "../../../../ffi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EINVAL,
  EOPNOTSUPP,
} from "../../../../stack/mod.ts";
import { CONNECTED, POLLHUP, POLLIN, type Program, type ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5002;
const SOL_SOCKET = 1;
const SO_LINGER = 13;

function listening(program: Program, backlog: number): ProgramSocket {
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(backlog)], [0, 0]);
  return listener;
}

function connectMany(program: Program, count: number): ProgramSocket[] {
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = program.socket(AF_INET, SOCK_STREAM);
    assertEquals(client.connect("127.0.0.1", PORT), -EINPROGRESS);
    clients.push(client);
  }
  return clients;
}

Deno.test("listener: state, and listen again", () => {
  using world = new World();
  const listener = listening(world.program(), 1);
  assertEquals(listener.state, P.NUSE_STATE_LISTENING | P.NUSE_STATE_BOUND);
  assertEquals(listener.listen(5), 0);
  assertEquals(listener.name(0), `127.0.0.1 ${PORT}`);
});

Deno.test("listener: connections come out in order, with the peer's name", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 16);
  const clients = connectMany(program, 10);
  for (const client of clients) {
    const { socket, peer } = listener.accept();
    assertEquals(peer, client.name(0));
    assertEquals(socket.send(new Uint8Array([7])), 1);
    assertEquals(client.receive(), new Uint8Array([7]));
  }
  assertEquals(listener.tryAccept(), null);
  assertEquals(world.service.counters.connectionsAccepted, 10);
});

Deno.test("listener: only half the backlog waits in the pair, the rest in the stack", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  const clients = connectMany(program, 8);
  world.steps(20);
  assertEquals(world.service.counters.connectionsAccepted, 4);
  for (let i = 0; i < clients.length; i++) listener.accept();
  assertEquals(world.service.counters.connectionsAccepted, 8);
});

Deno.test("listener: two processes share it", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  const child = program.fork();
  const inherited = child.adopt(listener.fd, listener.cookie, AF_INET);
  connectMany(program, 2);
  const first = listener.accept().socket;
  const second = inherited.accept().socket;
  assertEquals(first.state, CONNECTED);
  assertEquals(second.state, CONNECTED);
  child.sys.close(child.controlFd);
});

Deno.test("listener: closed, it refuses; what it held is reset", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  const [client] = connectMany(program, 1);
  world.steps(5);
  listener.close();
  const late = program.socket(AF_INET, SOCK_STREAM);
  world.until("released", () => world.service.counters.socketsClosed >= 2);
  assertEquals(late.connect("127.0.0.1", PORT), -EINPROGRESS);
  world.until("refused", () => late.state === P.NUSE_STATE_ERROR);
  assertEquals(late.soError, ECONNREFUSED);
  assertEquals(client.receive(), new Uint8Array(0));
});

Deno.test("listener: at the limit of sockets connections wait", () => {
  using world = new World({ maxSockets: 4 });
  const program = world.program();
  const listener = listening(program, 8);
  const [a, b] = connectMany(program, 2);
  const { socket } = listener.accept();
  world.steps(10);
  assertEquals(listener.tryAccept(), null);
  const refused = program.request(P.NUSE_OP_SOCKET, { a: AF_INET, b: SOCK_STREAM });
  assertEquals(refused.result, -23);
  socket.close();
  a.close();
  const { peer } = listener.accept();
  assertEquals(peer, b.name(0));
});

Deno.test("listener: a connection that was reset before accept() keeps its peer", () => {
  using world = new World({ maxSockets: 4 });
  const program = world.program();
  const listener = listening(program, 8);
  const [, reset] = connectMany(program, 2);
  listener.accept();
  world.steps(10);
  assertEquals(listener.tryAccept(), null, "no socket is left for it");
  const name = reset.name(0);
  const data = new Uint8Array(Int32Array.of(1, 0).buffer);
  assertEquals(reset.request(P.NUSE_OP_SETOPT, { a: SOL_SOCKET, b: SO_LINGER, data }).result, 0);
  reset.close();
  const { socket, peer } = listener.accept();
  assertEquals(peer, name);
  assertEquals(socket.soError, ECONNRESET);
});

Deno.test("listener: what it accepts lingers as it does", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  connectMany(program, 1);
  assertEquals(listener.accept().socket.state & P.NUSE_STATE_LINGER, 0);
  const data = new Uint8Array(Int32Array.of(1, 5).buffer);
  const ask = { a: SOL_SOCKET, b: SO_LINGER, data };
  assertEquals(listener.request(P.NUSE_OP_SETOPT, ask).result, 0);
  connectMany(program, 1);
  assertEquals(listener.accept().socket.state & P.NUSE_STATE_LINGER, P.NUSE_STATE_LINGER);
});

Deno.test("listener: urgent data is in line on what it accepts as on itself", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  const accepted = () => {
    connectMany(program, 1);
    return getIntOption(listener.accept().socket.fd, SOL_SOCKET, SO_OOBINLINE);
  };
  assertEquals(accepted(), 0);
  const data = new Uint8Array(Int32Array.of(1).buffer);
  const ask = { a: SOL_SOCKET, b: SO_OOBINLINE, data };
  assertEquals(listener.request(P.NUSE_OP_SETOPT, ask).result, 0);
  assertEquals(accepted(), 1);
});

Deno.test("listener: operations that do not fit", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  assertEquals(listener.request(P.NUSE_OP_SHUTDOWN, { a: 9 }).result, -EINVAL);
  assertEquals(listener.request(P.NUSE_OP_CHECK).result, -EOPNOTSUPP);
});

Deno.test("listener: after shutdown(SHUT_RD) a stream with a fresh pair, by both cookies", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 4);
  const { result, state, fd } = listener.request(P.NUSE_OP_SHUTDOWN, { a: SHUT_RD, b: 1 });
  assertEquals([result, state, fd >= 0], [0, P.NUSE_STATE_BOUND, true]);
  assertEquals(listener.poll(POLLHUP), POLLHUP);
  assertEquals(listener.request(P.NUSE_OP_LISTEN, { a: 4 }).result, 0);
  libc().close(fd);
  world.until("closed", () => world.service.socketCount === 0);
});

Deno.test("listener: closed, what nobody has accepted is reset; what was accepted is not", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  const [first, second] = connectMany(program, 2);
  world.until("both wait", () => world.service.counters.connectionsAccepted === 2);
  const { socket } = listener.accept();
  const close = { cookie: listener.cookie, b: 1 };
  assertEquals(program.request(P.NUSE_OP_CLOSE, close).result, 0);
  listener.close();
  second.await(POLLHUP);
  assertEquals([second.soError, first.poll(POLLHUP)], [ECONNRESET, 0]);
  assertEquals(socket.send(new Uint8Array([7])), 1);
  assertEquals(first.receive(), new Uint8Array([7]));
});

Deno.test("listener: who does not hold it has no say in how its connections end", () => {
  using world = new World();
  const program = world.program();
  const listener = listening(program, 8);
  const [client] = connectMany(program, 1);
  world.until("it waits", () => world.service.counters.connectionsAccepted === 1);
  const close = { cookie: listener.cookie, b: 1 };
  assertEquals(world.program().request(P.NUSE_OP_CLOSE, close).result, 0);
  listener.close();
  client.await(POLLIN);
  assertEquals([client.recv(), client.soError], [new Uint8Array(0), 0]);
});

import { assertEquals, assertNotEquals } from "@std/assert";
import { AF_INET, SHUT_RD, SHUT_WR, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { socketCookie } from "../../../../ffi/socket.ts";
import { EAGAIN, ECONNRESET, EISCONN, ENOTCONN } from "../../../../stack/mod.ts";
import {
  CONNECTED,
  connectedStreams,
  POLLHUP,
  POLLIN,
  POLLRDHUP,
  type Program,
  type ProgramSocket,
  SHUT_RDWR,
} from "../program.ts";
import { World } from "../world.ts";

const PORT = 5031;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SO_KEEPALIVE = 9;
/** sa_family_t AF_UNSPEC */
const UNSPECIFIED = new Uint8Array(16);
const text = (value: string) => new TextEncoder().encode(value);

/** connect(2) with AF_UNSPEC, as the shim: with the fresh pair, should there be one. */
function disconnect(socket: ProgramSocket): ProgramSocket {
  const { program } = socket;
  const { result, a, fd } = socket.request(P.NUSE_OP_CONNECT, { data: UNSPECIFIED });
  assertEquals([result, a], [0, 0]);
  if (fd < 0) return socket;
  const fresh = program.adopt(fd, Number(socketCookie(fd)), AF_INET);
  assertNotEquals(fresh.cookie, socket.cookie);
  socket.close();
  return fresh;
}

function withStreams(
  use: (world: World, client: ProgramSocket, server: ProgramSocket, l: ProgramSocket) => void,
): void {
  using world = new World();
  const { client, server, listener } = connectedStreams(world.program(), PORT);
  use(world, client, server, listener);
}

/** Another connection works both ways, to its end, and nothing of the last is in it. */
function useAgain(socket: ProgramSocket, listener: ProgramSocket): void {
  assertEquals(socket.connect("127.0.0.1", PORT) < 0, true);
  const { socket: server } = listener.accept();
  assertEquals([socket.state & CONNECTED, socket.recv()], [CONNECTED, -EAGAIN]);
  assertEquals(socket.send(text("there")), 5);
  assertEquals(server.receiveText(), "there");
  server.send(text("and back"));
  assertEquals(socket.receiveText(), "and back");
  server.shutdown(SHUT_WR);
  assertEquals(socket.await(POLLRDHUP), POLLRDHUP);
  assertEquals([socket.recv(), socket.send(text("on"))], [new Uint8Array(0), 2]);
  assertEquals(server.receiveText(), "on");
}

function reset(socket: ProgramSocket): void {
  const data = new Uint8Array(new Int32Array([1, 0]).buffer);
  assertEquals(socket.request(P.NUSE_OP_SETOPT, { a: SOL_SOCKET, b: SO_LINGER, data }).result, 0);
  socket.close();
}

/** What may have happened to a connection before it is ended. */
const BEFORE: Readonly<Record<string, (client: ProgramSocket, server: ProgramSocket) => void>> = {
  "nothing": () => {},
  "data unread": (client, server) => {
    server.send(text("unread"));
    client.await(POLLIN);
  },
  "the peer's FIN": (client, server) => {
    server.close();
    client.await(POLLRDHUP);
  },
  "its FIN": (client) => void client.shutdown(SHUT_WR),
  "shut for reading": (client) => void client.shutdown(SHUT_RD),
  "shut both ways": (client) => void client.shutdown(SHUT_RDWR),
  "both FINs": (client, server) => {
    server.shutdown(SHUT_WR);
    client.await(POLLRDHUP);
    client.shutdown(SHUT_WR);
    client.await(POLLHUP);
  },
  "a reset": (client, server) => {
    reset(server);
    client.await(POLLHUP);
  },
};

for (const [what, happens] of Object.entries(BEFORE)) {
  Deno.test(`disconnected after ${what}, a stream connects again`, () => {
    withStreams((world, client, server, listener) => {
      client.setInt(SOL_SOCKET, SO_KEEPALIVE, 1);
      happens(client, server);
      const again = disconnect(client);
      assertEquals([again.state & CONNECTED, again.name(1)], [0, `${-ENOTCONN}`]);
      useAgain(again, listener);
      assertEquals(again.getInt(SOL_SOCKET, SO_KEEPALIVE), 1);
      again.program.close();
      world.until("nothing left", () => world.service.socketCount === 0);
    });
  });
}

Deno.test("while the pair shows nothing of it, it stays", () => {
  withStreams((_world, client, server) => {
    assertEquals(disconnect(client), client);
    assertEquals(server.await(POLLHUP), POLLHUP);
    assertEquals(server.soError, ECONNRESET);
  });
});

Deno.test("what was written before arrives, then a reset", () => {
  withStreams((_world, client, server) => {
    client.send(text("last words"));
    disconnect(client);
    assertEquals(server.receiveText(), "last words");
    assertEquals(server.soError, ECONNRESET);
  });
});

Deno.test("after a reset: EISCONN but with AF_UNSPEC, and the error stays until it is told", () => {
  withStreams((_world, client, server) => {
    reset(server);
    client.await(POLLHUP);
    assertEquals(client.connect("127.0.0.1", PORT), -EISCONN);
    const again = disconnect(client);
    assertEquals(again.state & P.NUSE_STATE_ERROR, P.NUSE_STATE_ERROR);
    assertEquals([again.soError, again.soError], [ECONNRESET, 0]);
  });
});

Deno.test("a port that bind() was told is kept, over a reset too", () => {
  using world = new World();
  const program = world.program();
  const { listener } = connectedStreams(program, PORT);
  let socket = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(socket.bind("127.0.0.1", 5032), 0);
  for (let i = 0; i < 2; i++) {
    socket.connect("127.0.0.1", PORT);
    const { socket: server } = listener.accept();
    if (i === 1) {
      reset(server);
      socket.await(POLLHUP);
    }
    socket = disconnect(socket);
    assertEquals(socket.name(0), "127.0.0.1 5032");
  }
});

Deno.test("a socket that another process has shown is not disconnected by a stranger", () => {
  withStreams((world, client, server) => {
    reset(server);
    client.await(POLLHUP);
    const stranger = world.program();
    const ask = { cookie: client.cookie, data: UNSPECIFIED };
    assertEquals(stranger.request(P.NUSE_OP_CONNECT, ask).result, -P.NUSE_NOT_SHOWN);
  });
});

function waiting(world: World, program: Program): [ProgramSocket, ProgramSocket] {
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", 5033), listener.listen(4)], [0, 0]);
  const client = program.socket(AF_INET, SOCK_STREAM);
  client.connect("127.0.0.1", 5033);
  world.until("it waits", () => world.service.counters.connectionsAccepted === 2);
  return [listener, client];
}

Deno.test("a listener is a stream again; who waited for accept() gets a reset", () => {
  withStreams((world, other, _server, listener) => {
    const [second, client] = waiting(world, other.program);
    const again = disconnect(second);
    client.await(POLLHUP);
    assertEquals(client.soError, ECONNRESET);
    assertEquals(again.state & P.NUSE_STATE_LISTENING, 0);
    useAgain(again, listener);
  });
});

Deno.test("shutdown(SHUT_RD) of a listener: who waited for accept() gets a reset, too", () => {
  withStreams((world, other) => {
    const [second, client] = waiting(world, other.program);
    const { result, fd } = second.request(P.NUSE_OP_SHUTDOWN, { a: SHUT_RD, b: 1 });
    assertEquals([result, fd >= 0], [0, true]);
    other.program.adopt(fd, Number(socketCookie(fd)), AF_INET);
    second.close();
    client.await(POLLHUP);
    assertEquals(client.soError, ECONNRESET);
  });
});

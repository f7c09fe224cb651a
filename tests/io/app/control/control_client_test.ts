import { assertEquals, assertThrows } from "@std/assert";
import { AF_INET, SOCK_SEQPACKET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import { CONNECTING, sockaddr } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5019;
const POLLRDHUP = 0x2000;
/** POLLHUP | POLLRDHUP: the other end is closed everywhere. */
const GONE = 0x2010;
/** Descriptors that came along are closed by another thread. */
const LIMIT_MS = 4000;

Deno.test("control: malformed requests end the connection", () => {
  for (const lenBytes of [1, P.NUSE_HEADER_LEN, P.NUSE_HEADER_LEN + P.NUSE_DATA_MAX + 1]) {
    using world = new World();
    const program = world.program();
    const pair = socketPair(SOCK_SEQPACKET) as [number, number];
    world.memory.u8.fill(0x5a, program.bufferOff, program.bufferOff + lenBytes);
    program.sendRaw(lenBytes, pair[1]);
    program.sys.close(pair[1]);
    assertThrows(() => world.until("closed", () => program.takeReply()), Error, "ended");
    assertEquals(world.service.counters.requestsMalformed, 1);
    assertEquals(world.service.clientCount, 0);
    assertEquals(
      program.sys.poll(pair[0], POLLRDHUP, LIMIT_MS),
      GONE,
      "what came with it is closed",
    );
    program.sys.close(pair[0]);
  }
});

Deno.test("control: who is owed a reply and asks for more than CANCEL is cut off", () => {
  using world = new World();
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  const listener = program.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(0)], [0, 0]);
  for (let i = 0; i < 4; i++) {
    program.socket(AF_INET, SOCK_STREAM).connect("127.0.0.1", PORT); // fills the backlog
  }
  world.steps(5);
  const by = program.fork();
  const ask = { cookie: socket.cookie, b: P.NUSE_CONNECT_WAIT };
  by.send(P.NUSE_OP_CONNECT, { ...ask, data: sockaddr("127.0.0.1", PORT) }, socket.fd);
  by.send(P.NUSE_OP_CONNECT, ask);
  assertThrows(() => world.until("closed", () => by.takeReply()), Error, "ended");
  assertEquals(world.service.counters.requestsMalformed, 1);
  assertEquals([socket.state, world.service.clientCount], [CONNECTING, 1]);
});

Deno.test("control: a child gets a connection of its own while its parent waits", () => {
  using world = new World();
  const program = world.program();
  const parent = program.fork();
  parent.send(P.NUSE_OP_SETTLE);
  const child = parent.fork(); // its ATTACH comes in the same turn
  assertEquals(child.request(P.NUSE_OP_HELLO).result, 0);
  assertEquals(world.until("the parent's reply", () => parent.takeReply()).result, 0);
  assertEquals(parent.request(P.NUSE_OP_HELLO).result, 0);
  assertEquals(world.service.counters.requestsMalformed, 0);
});

Deno.test("control: a descriptor that nobody asked for is closed", () => {
  using world = new World();
  const program = world.program();
  const pair = socketPair(SOCK_SEQPACKET) as [number, number];
  program.send(P.NUSE_OP_HELLO, {}, pair[1]);
  program.sys.close(pair[1]);
  world.until("reply", () => program.takeReply());
  assertEquals(program.sys.poll(pair[0], POLLRDHUP, LIMIT_MS), GONE);
  program.sys.close(pair[0]);
});

Deno.test("control: a client that does not read its replies is cut off", () => {
  using world = new World();
  const program = world.program();
  for (let i = 0; i < 2000 && world.service.clientCount < 2; i++) {
    try {
      program.send(P.NUSE_OP_IFADDRS);
    } catch {
      break;
    }
    world.step();
  }
  world.until("dropped", () => world.service.counters.repliesLost === 1);
  assertEquals(world.service.clientCount, 0);
});

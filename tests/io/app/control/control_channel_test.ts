import { assertEquals, assertThrows } from "@std/assert";
import { AF_INET, SOCK_SEQPACKET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import { EINVAL, ENOENT } from "../../../../stack/mod.ts";
import { World } from "../world.ts";

Deno.test("control: HELLO gives the service's pid", () => {
  using world = new World();
  const { result, a } = world.program().request(P.NUSE_OP_HELLO, { a: 1 });
  assertEquals([result, a], [0, Deno.pid]);
  assertEquals(world.service.clientCount, 1);
});

Deno.test("control: an attached child has a connection of its own", () => {
  using world = new World();
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  const child = program.fork();
  const who = child.request(P.NUSE_OP_WHO, { cookie: socket.cookie });
  assertEquals([who.result, who.a, who.b, who.c], [0, P.NUSE_KIND_STREAM, AF_INET, 1 | 6 << 8]);
  assertEquals(world.service.clientCount, 2);
  child.close();
  world.until("gone", () => world.service.clientCount === 1);
});

Deno.test("control: unknown operations and cookies", () => {
  using world = new World();
  const program = world.program();
  const { cookie } = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(program.request(999, { cookie }).result, -EINVAL);
  assertEquals(program.request(999).result, -ENOENT);
  assertEquals(program.request(P.NUSE_OP_WHO, { cookie: 1 }).result, -ENOENT);
  assertEquals(program.request(P.NUSE_OP_BIND, { cookie: 1 }).result, -ENOENT);
});

Deno.test("control: malformed requests end the connection", () => {
  for (const lenBytes of [1, P.NUSE_HEADER_LEN, P.NUSE_HEADER_LEN + P.NUSE_DATA_MAX + 1]) {
    using world = new World();
    const program = world.program();
    world.memory.u8.fill(0x5a, program.bufferOff, program.bufferOff + lenBytes);
    program.sendRaw(lenBytes);
    assertThrows(() => world.until("closed", () => program.takeReply()), Error, "ended");
    assertEquals(world.service.counters.requestsMalformed, 1);
    assertEquals(world.service.clientCount, 0);
  }
});

Deno.test("control: a descriptor that nobody asked for is closed", () => {
  using world = new World();
  const program = world.program();
  const pair = socketPair(SOCK_SEQPACKET) as [number, number];
  program.send(P.NUSE_OP_HELLO, {}, pair[1]);
  program.sys.close(pair[1]);
  world.until("reply", () => program.takeReply());
  const gone = 0x2010; // POLLHUP | POLLRDHUP: the other end is closed everywhere
  assertEquals(program.sys.poll(pair[0], 0x2000, 0), gone);
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

Deno.test("control: no more clients than allowed", () => {
  using world = new World({ maxClients: 1 });
  const first = world.program();
  first.request(P.NUSE_OP_HELLO);
  const second = world.program();
  world.until("refused", () => world.service.counters.clientsRefused === 1);
  assertThrows(() => second.request(P.NUSE_OP_HELLO));
  first.request(P.NUSE_OP_HELLO);
});

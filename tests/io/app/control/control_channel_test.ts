import { assertEquals, assertThrows } from "@std/assert";
import { AF_INET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { World } from "../world.ts";

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

Deno.test("control: no more clients than allowed", () => {
  using world = new World({ maxClients: 1 });
  const first = world.program();
  first.request(P.NUSE_OP_HELLO);
  const second = world.program();
  world.until("refused", () => world.service.counters.clientsRefused === 1);
  assertThrows(() => second.request(P.NUSE_OP_HELLO));
  first.request(P.NUSE_OP_HELLO);
});

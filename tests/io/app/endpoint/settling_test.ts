import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { connectedStreams, POLLIN } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5021;

Deno.test("SETTLE: what was sent before is with the peer's program when the reply comes", () => {
  using world = new World();
  const { client, server } = connectedStreams(world.program(), PORT);
  for (let i = 0; i < 3; i++) {
    for (const [from, to] of [[client, server], [server, client]]) {
      assertEquals(from.send(new Uint8Array([i])), 1);
      assertEquals(from.request(P.NUSE_OP_SETTLE).result, 0);
      assertEquals([to.poll(POLLIN), to.recv()], [POLLIN, new Uint8Array([i])]);
    }
  }
});

Deno.test("SETTLE: of a socket that has ended, and from a program that goes away meanwhile", () => {
  using world = new World();
  const program = world.program();
  const { client, server } = connectedStreams(program, PORT);
  const child = program.fork();
  assertEquals(child.request(P.NUSE_OP_HELLO).result, 0);
  child.send(P.NUSE_OP_SETTLE, { cookie: client.cookie });
  child.close();
  world.steps(3);
  server.close();
  client.close();
  world.until("both closed", () => world.service.counters.socketsClosed === 2);
  assertEquals(client.request(P.NUSE_OP_SETTLE).result < 0, true);
});

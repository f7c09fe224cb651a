/**
 * What the program says of its bytes holds for those in a ring, too; the bytes themselves:
 * stream_endpoint_test.ts and rings_test.ts.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { MSG_OOB } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EAGAIN } from "../../../../stack/mod.ts";
import { connectedStreams } from "../program.ts";
import { ProgramRing } from "../program_ring.ts";
import { World } from "../world.ts";

const PORT = 5001;

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function withRing(world: World) {
  const streams = connectedStreams(world.program(), PORT);
  const ring = ProgramRing.enter(world, streams.client);
  assert(typeof ring !== "number");
  return { ...streams, ring };
}

Deno.test("from a ring: MSG_MORE holds back what follows, not what was before", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = withRing(world);
  using _ = ring;
  ring.put(text("whole."));
  assertEquals(client.request(P.NUSE_OP_MORE, { a: 1 }).result, 0);
  ring.put(text("a head, "));
  assertEquals(server.receiveText(), "whole.");
  world.steps(5);
  assertEquals(server.recv(), -EAGAIN);
  ring.put(text("a body"));
  client.program.send(P.NUSE_OP_MORE, { cookie: client.cookie, a: 0 });
  assertEquals(server.receiveText(), "a head, a body");
});

Deno.test("from a ring: an urgent byte amid it is urgent", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = withRing(world);
  using _ = ring;
  assertEquals(client.request(P.NUSE_OP_MORE, { a: P.NUSE_MORE_URGENT, b: 4 }).result, 0);
  ring.put(text("abc!defg"));
  assertEquals(server.request(P.NUSE_OP_URGENT).result, 0);
  assertEquals(server.receiveText(), "abc");
  const { arena, memory } = world;
  const { sys, bufferOff } = server.program;
  assertEquals(sys.recv(server.fd, arena.base, bufferOff, 1, 0, 0, MSG_OOB), 1);
  assertEquals(memory.u8[bufferOff], "!".charCodeAt(0));
  assertEquals(server.receiveText(), "defg");
});

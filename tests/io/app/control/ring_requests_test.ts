import { assert, assertEquals } from "@std/assert";
import { AF_INET, SIOCOUTQ, SOCK_DGRAM, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EAGAIN, EOPNOTSUPP, TCP_NOTSENT_LOWAT } from "../../../../stack/mod.ts";
import { connectedStreams, type ProgramSocket } from "../program.ts";
import { ProgramRing } from "../program_ring.ts";
import { World } from "../world.ts";

const PORT = 5001;
const IPPROTO_TCP = 6;

function ask(socket: ProgramSocket, what: number): number {
  return socket.request(P.NUSE_OP_RING, { a: what }).result;
}

Deno.test("RING: for connected streams only, and in its range", () => {
  using world = new World({ rings: true });
  const program = world.program();
  assertEquals(ask(program.socket(AF_INET, SOCK_DGRAM), P.NUSE_RING_ENTER), -EOPNOTSUPP);
  const stream = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(ask(stream, P.NUSE_RING_ENTER), -EAGAIN);
  const { listener } = connectedStreams(program, PORT);
  assertEquals(ask(listener, P.NUSE_RING_ENTER), -EOPNOTSUPP);
  assertEquals(world.service.counters.ringsMade, 0);
  const { NUSE_RING_LOOK, NUSE_RING_LEAVE, NUSE_RING_RECEIVE_LOOK, NUSE_RING_RECEIVE_SHOW } = P;
  const silent = [NUSE_RING_LOOK, NUSE_RING_LEAVE, NUSE_RING_RECEIVE_LOOK];
  for (const what of [-1, ...silent, NUSE_RING_RECEIVE_SHOW + 1]) {
    program.send(P.NUSE_OP_RING, { cookie: stream.cookie, a: what }); // nobody answers
  }
  assertEquals(ask(stream, P.NUSE_RING_ENTER), -EAGAIN, "it is the next answer");
});

Deno.test("RING: not where the pair is measured by TCP_NOTSENT_LOWAT, nor after the end", () => {
  using world = new World({ rings: true });
  const { client, server } = connectedStreams(world.program(), PORT);
  assertEquals(client.setInt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16_384), 0);
  assertEquals(ask(client, P.NUSE_RING_ENTER), -EAGAIN);
  server.shutdown(1);
  world.steps(5);
  assertEquals(ask(server, P.NUSE_RING_ENTER), -EAGAIN);
});

Deno.test("RING: one at a time, and another when its process is silent", () => {
  using world = new World({ rings: true });
  const { client, server } = connectedStreams(world.program(), PORT);
  const first = ProgramRing.enter(world, client);
  assert(typeof first !== "number");
  assertEquals(ask(client, P.NUSE_RING_ENTER), -EAGAIN);
  first.put(new TextEncoder().encode("of the first, "));
  assertEquals(server.receiveText(), "of the first, ");
  const second = world.until("it is taken for gone", () => {
    const ring = ProgramRing.enter(world, client);
    return typeof ring === "number" ? null : ring;
  });
  assert(first.has(P.NUSE_RING_GONE));
  second.put(new TextEncoder().encode("of the second"));
  assertEquals(server.receiveText(), "of the second");
  first[Symbol.dispose]();
  second[Symbol.dispose]();
});

Deno.test("RING: SIOCOUTQ counts what is in it", () => {
  using world = new World({ rings: true });
  const { client } = connectedStreams(world.program(), PORT);
  const ring = ProgramRing.enter(world, client);
  assert(typeof ring !== "number");
  assertEquals(client.setInt(IPPROTO_TCP, 3, 1), 0, "a cork: nothing is acknowledged");
  assertEquals(ring.put(new Uint8Array(1000)), 1000);
  const { data } = client.request(P.NUSE_OP_IOCTL, { a: SIOCOUTQ, data: new Uint8Array(4) });
  assertEquals(new DataView(data.buffer).getInt32(0, true), 1000);
  ring[Symbol.dispose]();
});

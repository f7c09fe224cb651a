/**
 * Who gets rings that bring bytes, and how they end; to_program_test.ts has what goes by them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import type { ReceiveRing } from "../../../../io/app/endpoint/receive_ring.ts";
import { ReceiveRings } from "../../../../io/app/endpoint/receive_rings.ts";
import { EAGAIN, EOPNOTSUPP } from "../../../../stack/mod.ts";
import { connectedStreams } from "../program.ts";
import { ProgramReceiveRing } from "../program_receive_ring.ts";
import { World } from "../world.ts";

const PORT = 5001;

Deno.test("receive rings: they are given to nobody unless they are on", () => {
  using world = new World({ rings: true, receiveRings: false });
  const { client } = connectedStreams(world.program(), PORT);
  assertEquals(ProgramReceiveRing.enter(world, client), -EOPNOTSUPP);
});

Deno.test("receive rings: all memory comes back, whoever ends first, read or not", () => {
  using world = new World({ rings: true });
  const program = world.program();
  const warm = connectedStreams(program, PORT);
  for (const socket of [warm.client, warm.server, warm.listener]) socket.close();
  world.steps(5);
  const before = world.memory.usedBytes;
  for (let i = 0; i < 8; i++) {
    const { client, server, listener } = connectedStreams(program, PORT + 1 + i);
    const ring = ProgramReceiveRing.enter(world, client);
    assert(typeof ring !== "number");
    server.send(new Uint8Array(100_000));
    world.until("something came", () => ring.unread > 0);
    if (i & 4) world.until("it is read", () => ring.take(200_000).length === 0);
    if (i % 3 === 0) client.close();
    if (i % 3 === 1) server.close();
    if (i % 3 === 2) ring.setFlag(P.NUSE_RING_GONE);
    world.steps(5);
    client.close();
    server.close();
    listener.close();
    ring[Symbol.dispose]();
  }
  world.until("it is back", () => world.memory.usedBytes <= before);
  assertEquals([world.memory.badFrees, world.service.counters.faults], [0, 0]);
});

Deno.test("receive rings: not all for one process, and silent ones are given up", () => {
  using world = new World();
  const limits = { maxSockets: 8, maxClients: 8, maxEnded: 8 };
  const app = new AppContext(world.stack, world.loop, world.arena, limits);
  const rings = new ReceiveRings(app);
  rings.isOn = true;
  const account = app.accounts.of(1);
  const left: number[] = [];
  let got = 0;
  for (; got < 200; got++) {
    const number = got;
    const user = {
      account,
      receiveRing: null as ReceiveRing | null,
      isHeldBack: false,
      lookAtReceiveRing: () => Infinity,
      leaveReceiveRing: () => {
        left.push(number);
        rings.forget(user);
      },
    };
    const made = rings.make(user, 0, 0);
    if (typeof made === "number") {
      assertEquals(made, -EAGAIN);
      break;
    }
    app.sys.close(made.fd);
    user.receiveRing = made.ring;
  }
  assert(got > 4 && got < 128, `${got}`);
  assertEquals([rings.size, account.receiveRings], [got, got]);
  rings.look(1);
  assertEquals(left.length, 0);
  rings.look(11_000_000);
  assertEquals([left.length, rings.size, account.receiveRings], [got, 0, 0]);
});

Deno.test("receive rings: whatever is written into the words, others go on", () => {
  using world = new World({ rings: true });
  const other = connectedStreams(world.program(), PORT + 1);
  let seed = 1;
  for (let round = 0; round < 40; round++) {
    const { client, server } = connectedStreams(world.program(), PORT + 2 + round);
    const ring = ProgramReceiveRing.enter(world, client);
    assert(typeof ring !== "number");
    for (let i = 0; i < 8; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      ring.words[P.NUSE_RING_WORD_OFF >> 2] = seed;
      ring.words[P.NUSE_RING_LIMIT_OFF >> 2] = seed >>> 3;
      server.send(new Uint8Array(5000));
      if (i % 3 === 0) ring.tell(seed & 1 ? P.NUSE_RING_RECEIVE_LOOK : P.NUSE_RING_LOOK);
      world.steps(2);
    }
    client.close();
    ring[Symbol.dispose]();
  }
  other.client.send(new TextEncoder().encode("alive"));
  assertEquals(other.server.receiveText(), "alive");
  assertEquals(world.service.counters.faults, 0);
});

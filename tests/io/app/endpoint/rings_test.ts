/**
 * Rings as a program and the service use them together; send_ring_test.ts has the word alone.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { AF_INET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import type { Account } from "../../../../io/app/endpoint/account.ts";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import {
  Rings,
  ringSetting,
  type RingUser,
  ROUND_US,
  SILENT_MAX_US,
} from "../../../../io/app/endpoint/rings.ts";
import type { SendRing } from "../../../../io/app/endpoint/send_ring.ts";
import { EAGAIN, ECONNRESET, EOPNOTSUPP, type StreamSocket } from "../../../../stack/mod.ts";
import { connectedStreams, POLLIN, POLLOUT, type ProgramSocket } from "../program.ts";
import { INDEX_MASK, ProgramRing } from "../program_ring.ts";
import { World } from "../world.ts";

Deno.test("rings: both ways, unless NUSE_RINGS says otherwise", () => {
  const ways = (value?: string) => Object.values(ringSetting(value));
  assertEquals([ways(), ways("1")], [[true, true], [true, true]]);
  assertEquals(ways("send"), [true, false]);
  assertEquals(ways("0"), [false, false]);
});

const PORT = 5001;
const SHUT_WR = 1;

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Of the loop, in which much is sent: no limit of time. */
const STEPS_MAX = 50_000;
const PERIOD = 65_521;
const PATTERN = Uint8Array.from({ length: PERIOD }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);

/** Bytes that tell their place, from place `from` on. */
function numbered(len: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(len);
  for (let i = 0; i < len;) {
    const at = (from + i) % PERIOD;
    const part = PATTERN.subarray(at, at + len - i);
    bytes.set(part, i);
    i += part.length;
  }
  return bytes;
}

/** The first place where they are not `numbered`; -1: they are. */
function wrongAt(bytes: Uint8Array, from = 0): number {
  const right = numbered(bytes.length, from);
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== right[i]) return i;
  return -1;
}

interface Streams {
  client: ProgramSocket;
  server: ProgramSocket;
  ring: ProgramRing;
}

function streamsWithRing(world: World, port: number = PORT): Streams {
  const { client, server } = connectedStreams(world.program(), port);
  const ring = ProgramRing.enter(world, client);
  if (typeof ring === "number") throw new Error(`no ring: ${ring}`);
  return { client, server, ring };
}

/** All that comes until there are `len` bytes. */
function receiveAll(world: World, server: ProgramSocket, len: number): Uint8Array {
  const all = new Uint8Array(len);
  let at = 0;
  for (let step = 0; step < STEPS_MAX && at < len; step++) {
    const got = server.recv();
    if (typeof got === "number") {
      world.step();
    } else {
      all.set(got, at);
      at += got.length;
    }
  }
  return all.subarray(0, at);
}

Deno.test("rings: they are given to nobody unless they are on", () => {
  using world = new World();
  const { client } = connectedStreams(world.program(), PORT);
  assertEquals(ProgramRing.enter(world, client), -EOPNOTSUPP);
});

Deno.test("rings: bytes go by the ring, also when the service sleeps", () => {
  using world = new World({ rings: true });
  const { server, ring } = streamsWithRing(world);
  using _ = ring;
  assertEquals(ring.put(text("at once")), 7);
  assertEquals(server.receiveText(), "at once");
  world.until("it sleeps", () => ring.has(P.NUSE_RING_ASLEEP));
  assertEquals(ring.put(text("it is told")), 10);
  assertEquals(server.receiveText(), "it is told");
  assertEquals(world.service.counters.bytesByRing, 17);
});

Deno.test("rings: all that is put in arrives in order, over and over the ring's end", () => {
  using world = new World({ rings: true });
  const { server, ring } = streamsWithRing(world);
  using _ = ring;
  const total = ring.capacity + (1 << 20);
  let put = 0;
  let received = 0;
  for (let step = 0; step < STEPS_MAX && received < total; step++) {
    if (put < total) put += ring.put(numbered(Math.min(200_001, total - put), put));
    world.step();
    const got = server.recv();
    if (typeof got === "number") continue;
    assertEquals(wrongAt(got, received), -1, `from ${received}`);
    received += got.length;
  }
  assertEquals(received, total);
});

Deno.test("rings: what is in the ring comes before what is in the pair", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  ring.put(text("ring, "));
  client.send(text("pair, "));
  world.until("the pair is empty", () => client.program.sys.ioctlInt(client.fd, 0x5411) === 0);
  ring.put(text("ring."));
  assertEquals(new TextDecoder().decode(receiveAll(world, server, 17)), "ring, pair, ring.");
});

Deno.test("rings: nobody is kept from the pair for long by who copies for ever", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  ring.put(text("first, "));
  ring.setFlag(P.NUSE_RING_BUSY);
  client.send(text("second"));
  assertEquals(new TextDecoder().decode(receiveAll(world, server, 13)), "first, second");
  assert(ring.has(P.NUSE_RING_GONE), "the ring is lost");
  assertEquals(world.service.counters.ringsBroken, 0);
});

Deno.test("rings: LEAVE: what is in it arrives, and the pair goes on", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  ring.put(text("the last, "));
  ring.setFlag(P.NUSE_RING_GONE);
  ring.tell(P.NUSE_RING_LEAVE);
  client.send(text("and on"));
  assertEquals(new TextDecoder().decode(receiveAll(world, server, 16)), "the last, and on");
  const again = ProgramRing.enter(world, client);
  assert(typeof again !== "number", "another one is to be had");
  again.put(text("again"));
  assertEquals(server.receiveText(), "again");
  again[Symbol.dispose]();
});

Deno.test("rings: who writes into what is not granted is reset, and nobody else", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  const other = connectedStreams(client.program, PORT + 1);
  ring.put(text("sound"));
  assertEquals(server.receiveText(), "sound");
  ring.advance((ring.room + 1) & INDEX_MASK);
  client.send(text("x")); // for the service to look
  world.until("the reset", () => world.service.counters.ringsBroken > 0);
  const outcome = world.until("it shows", () => {
    const got = server.recv();
    return got === -EAGAIN ? null : got;
  });
  assertEquals(typeof outcome === "number" ? outcome : outcome.length, 0);
  assertEquals(server.soError, ECONNRESET);
  other.client.send(text("the other"));
  assertEquals(other.server.receiveText(), "the other");
});

Deno.test("rings: whatever is written into the words, others go on", () => {
  using world = new World({ rings: true });
  const other = connectedStreams(world.program(), PORT + 1);
  let seed = 1;
  for (let round = 0; round < 40; round++) {
    const { client, ring } = streamsWithRing(world, PORT + 2 + round);
    using _ = ring;
    for (let i = 0; i < 8; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      ring.word = seed;
      if (i % 2 === 0) client.send(text("x"));
      if (i % 3 === 0) ring.tell(seed & 1 ? P.NUSE_RING_LOOK : P.NUSE_RING_LEAVE);
      world.steps(2);
    }
    client.close();
  }
  other.client.send(text("alive"));
  assertEquals(other.server.receiveText(), "alive");
  assertEquals(world.service.counters.faults, 0);
});

Deno.test("rings: behind a full ring a piece waits in the pair until there is room", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  let sent = 0;
  for (let idle = 0; idle < 100; world.steps(1)) { // nobody reads
    const n = ring.put(numbered(300_000, sent));
    sent += n;
    idle = n > 0 ? 0 : idle + 1;
  }
  sent += ring.put(numbered(ring.room, sent)); // a probe of the window may have taken some
  assertEquals(ring.room, 0);
  assertEquals(client.send(numbered(8000, sent)), 8000);
  world.steps(20);
  assert(client.program.sys.ioctlInt(client.fd, 0x5411) > 0, "it waits in the pair");
  const all = receiveAll(world, server, sent + 8000);
  assertEquals(wrongAt(all), -1);
  assertEquals(client.await(POLLOUT), POLLOUT);
});

Deno.test("rings: close and shutdown: what is in the ring arrives before the end", () => {
  using world = new World({ rings: true });
  for (const [i, how] of ["close", "shutdown"].entries()) {
    const { client, server, ring } = streamsWithRing(world, PORT + i);
    using _ = ring;
    const bytes = numbered(100_000);
    assertEquals(ring.put(bytes), bytes.length, how);
    if (how === "close") client.close();
    else assertEquals(client.shutdown(SHUT_WR), 0);
    assertEquals(receiveAll(world, server, bytes.length), bytes, how);
    assertEquals(server.receive(), new Uint8Array(0), how);
    assert(ring.has(P.NUSE_RING_GONE), how);
  }
});

Deno.test("rings: a connection that the peer has reset has none any more", () => {
  using world = new World({ rings: true });
  const { client, server, ring } = streamsWithRing(world);
  using _ = ring;
  ring.put(text("unread"));
  server.await(POLLIN);
  server.close(); // with bytes unread: RST
  world.until("it is gone", () => {
    ring.put(text("more"));
    return ring.has(P.NUSE_RING_GONE);
  });
  assertEquals(client.receive(), new Uint8Array(0));
  assertEquals(client.soError, ECONNRESET);
});

Deno.test("rings: all memory comes back, whoever ends first", () => {
  using world = new World({ rings: true });
  const program = world.program();
  const warm = connectedStreams(program, PORT);
  warm.client.close();
  world.steps(5);
  const before = world.memory.usedBytes;
  for (let i = 0; i < 6; i++) {
    const { client, server, listener } = connectedStreams(program, PORT + 1 + i);
    const ring = ProgramRing.enter(world, client);
    assert(typeof ring !== "number");
    ring.put(numbered(100_000));
    if (i % 3 === 0) client.close();
    if (i % 3 === 1) server.close();
    world.steps(5);
    client.close();
    server.close();
    listener.close();
    ring[Symbol.dispose]();
  }
  world.until("it is back", () => world.memory.usedBytes <= before);
  assertEquals(world.memory.badFrees, 0);
});

/** The rings of a service of their own, that are on. */
function ownRings(world: World): Rings {
  const limits = { maxSockets: 8, maxClients: 8, maxEnded: 8 };
  const rings = new Rings(new AppContext(world.stack, world.loop, world.arena, limits));
  rings.isOn = true;
  return rings;
}

/** Who has one of them; `looks`: how often it was looked at. */
class User implements RingUser {
  sendRing: SendRing | null = null;
  looks = 0;
  hasLeft = false;

  constructor(readonly account: Account | null) {}

  lookAtRing(): void {
    this.looks++;
  }

  leaveRing(): void {
    this.hasLeft = true;
  }

  /** Gets one, or -errno. */
  make(world: World, rings: Rings): number {
    const socket = world.stack.socket(AF_INET, SOCK_STREAM, 0);
    if (typeof socket === "number" || socket.kind !== "stream") throw new Error("socket");
    const made = rings.make(this, socket as StreamSocket, 0);
    if (typeof made === "number") return made;
    rings.app.sys.close(made.fd);
    this.sendRing = made.ring;
    return 0;
  }
}

Deno.test("rings: one process does not get all of them, and silent ones are given up", () => {
  using world = new World();
  const rings = ownRings(world);
  const account = rings.app.accounts.of(1);
  const users: User[] = [];
  let made = 0;
  while (made === 0 && users.length < 200) {
    const user = new User(account);
    made = user.make(world, rings);
    if (made === 0) users.push(user);
  }
  assertEquals(made, -EAGAIN);
  assert(users.length > 4 && users.length < 128, `${users.length}`);
  const left = () => users.filter(({ hasLeft }) => hasLeft).length;
  rings.look(1);
  assertEquals(left(), 0);
  rings.look(SILENT_MAX_US);
  assertEquals(left(), 0, "silent for as long as one may be");
  rings.look(SILENT_MAX_US + ROUND_US);
  assertEquals(left(), users.length);
});

Deno.test("rings: one that ends while it is cold leaves the hot ones hot", () => {
  using world = new World();
  const rings = ownRings(world);
  const account = rings.app.accounts.of(1);
  const [cold, hot] = [new User(account), new User(account)];
  for (const user of [cold, hot]) assertEquals(user.make(world, rings), 0);
  for (let turn = 0; turn < 100; turn++) rings.look(1);
  assertEquals([cold.looks, hot.looks], [32, 32], "then they are asleep");
  rings.heat(hot, hot.sendRing!);
  rings.heat(hot, hot.sendRing!);
  assert(rings.unshare(cold, cold.sendRing!));
  assertEquals([rings.size, account.rings], [1, 1]);
  rings.look(2);
  assertEquals([cold.looks, hot.looks], [32, 33], "once a turn");
});

import { assert, assertEquals } from "@std/assert";
import { JoinConnection } from "../../../../ffi/join.ts";
import { libc } from "../../../../ffi/libc.ts";
import {
  decodeAnswer,
  encodeJoin,
  JOIN_MESSAGE_MAX,
  type JoinAnswer,
  type JoinRequest,
  type RunFacts,
} from "../../../../io/app/join/messages.ts";
import { joinDescriptors } from "../../../../io/app/join/join_channel.ts";
import { World } from "../world.ts";

const FACTS: RunFacts = {
  version: "1",
  name: "lab",
  pid: 7,
  frontPid: null,
  command: "true",
  since: "",
  isKept: false,
  isNetworkShared: true,
  names: { hostname: null, nameservers: [], search: [] },
};

interface Options {
  readonly isKept?: boolean;
  readonly net?: number;
  readonly user?: number;
}

function makeWorld({ isKept = false, net = -1, user = -1 }: Options = {}) {
  const counts: number[] = [];
  const facts = { ...FACTS, isKept };
  const onJoined = (count: number) => void counts.push(count);
  const learned = { nameservers: () => ["198.18.0.53"], searchDomains: () => ["lab.test"] };
  const run = { facts, net, user, ...learned, onJoined };
  return { world: new World({ run }), counts };
}

function connect(world: World): JoinConnection {
  const connection = JoinConnection.connect(`${world.runDir}/join`, JOIN_MESSAGE_MAX);
  assert(typeof connection !== "number");
  return connection;
}

function ask(world: World, connection: JoinConnection, ask: JoinRequest["ask"], version = "1") {
  assertEquals(connection.send(encodeJoin({ ask, version })), 0);
  return answerOf(world, connection);
}

function answerOf(world: World, connection: JoinConnection) {
  const received = world.until("an answer", () => connection.receive(0));
  return { answer: decodeAnswer(received.bytes) as JoinAnswer, fd: received.fd };
}

/** The other end has closed it: what is sent now reaches nobody. */
const isCut = (world: World, connection: JoinConnection) =>
  world.until("the end", () => connection.send(new Uint8Array(1)) < 0);

Deno.test("list: what the run is, again and again, and it counts as nothing", () => {
  const { world, counts } = makeWorld();
  using _ = world;
  const connection = connect(world);
  for (let i = 0; i < 2; i++) {
    const { answer } = ask(world, connection, "list");
    assert(answer.kind === "run");
    const { name, sockets, joined, interfaces, nameservers, searchDomains } = answer.run;
    assertEquals({ name, sockets, joined }, { name: "lab", sockets: 0, joined: 0 });
    assertEquals([interfaces, nameservers, searchDomains], [[], ["198.18.0.53"], ["lab.test"]]);
  }
  connection.close();
  world.steps(2);
  assertEquals(counts, []);
});

Deno.test("join: the namespaces come along; the connection is the program", () => {
  const [net, user] = ["net", "user"].map((name) => Deno.openSync(`/proc/self/ns/${name}`));
  const numbers = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name));
  const fdOf = (ino: number | null) =>
    numbers.find((fd) => {
      try {
        return Deno.statSync(`/proc/self/fd/${fd}`).ino === ino;
      } catch {
        return false;
      }
    })!;
  const [netIno, userIno] = [net.statSync().ino, user.statSync().ino];
  const { world, counts } = makeWorld({ net: fdOf(netIno), user: fdOf(userIno) });
  using _ = world;
  const connection = connect(world);
  const joined = ask(world, connection, "join");
  assert(joined.answer.kind === "joined" && joined.answer.hasUser);
  const second = answerOf(world, connection);
  assertEquals(second.answer.kind, "user");
  const inodes = [joined, second].map(({ fd }) => Deno.statSync(`/proc/self/fd/${fd}`).ino);
  assertEquals(inodes, [netIno, userIno]);
  for (const { fd } of [joined, second]) libc().close(fd);
  connection.close();
  world.until("the program's end", () => counts.length === 2);
  assertEquals(counts, [1, 0]);
  net.close();
  user.close();
});

Deno.test("another version is told so, and may not join; nonsense is cut off", () => {
  const { world, counts } = makeWorld();
  using _ = world;
  const older = connect(world);
  const { answer } = ask(world, older, "join", "0.9");
  assertEquals(answer.version, "1");
  assert(answer.kind === "refused");
  assertEquals(answer.why, "it is nuse 1, and this is 0.9");
  older.close();
  const strange = connect(world);
  strange.send(new TextEncoder().encode("hello"));
  assert(isCut(world, strange));
  strange.close();
  assertEquals(counts, []);
});

Deno.test("a descriptor that is no door is not taken for one, and hurts nobody", () => {
  const { world } = makeWorld();
  using _ = world;
  const connection = connect(world);
  ask(world, connection, "join");
  const base = Deno.UnsafePointer.of(new Uint8Array(8)) as Deno.PointerObject;
  const file = libc().eventfd();
  assertEquals(libc().sendFd(connection.fd, base, 0, 1, file), 1);
  libc().close(file);
  world.steps(3);
  assertEquals(world.service.counters.faults, 0);
  const other = connect(world);
  const { answer } = ask(world, other, "list");
  assert(answer.kind === "run");
  assertEquals(answer.run.joined, 1);
  other.close();
  connection.close();
});

Deno.test("the run is over: who has joined is told; a kept run stays, and others may come", () => {
  for (const isKept of [false, true]) {
    const { world } = makeWorld({ isKept });
    const connection = connect(world);
    ask(world, connection, "join");
    world.service.beginDrain(world.loop.nowUs);
    assertEquals(world.service.isIdle(world.loop.nowUs), !isKept);
    const late = connect(world);
    assertEquals(ask(world, late, "join").answer.kind, isKept ? "joined" : "refused");
    late.close();
    world.steps(2);
    world[Symbol.dispose]();
    const last = connection.receive(1000);
    assertEquals(decodeAnswer(last!.bytes)?.kind, "ended");
    assertEquals(connection.receive(1000), null);
    connection.close();
  }
});

Deno.test("with the last joined program a kept run may go", () => {
  const { world, counts } = makeWorld({ isKept: true });
  using _ = world;
  const [first, second] = [connect(world), connect(world)];
  ask(world, first, "join");
  ask(world, second, "join");
  world.service.beginDrain(world.loop.nowUs);
  first.close();
  world.until("one left", () => counts.at(-1) === 1);
  assertEquals(world.service.isIdle(world.loop.nowUs), false);
  second.close();
  world.until("none left", () => counts.at(-1) === 0);
  assertEquals(world.service.isIdle(world.loop.nowUs), true);
});

Deno.test("connections have a bound: what is set aside for them", () => {
  assertEquals([joinDescriptors(256), joinDescriptors(1024), joinDescriptors(Infinity)], [
    16,
    64,
    128,
  ]);
  const { world } = makeWorld();
  using _ = world;
  const all = Array.from({ length: 65 }, () => {
    const connection = connect(world);
    world.step();
    return connection;
  });
  assert(isCut(world, all[64]));
  all[0].close();
  world.steps(2);
  const again = connect(world);
  assertEquals(ask(world, again, "list").answer.kind, "run");
  for (const connection of [...all.slice(1), again]) connection.close();
});

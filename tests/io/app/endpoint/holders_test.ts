import { assertEquals } from "@std/assert";
import { AF_INET, SOCK_CLOEXEC, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { socketCookie, socketPair } from "../../../../ffi/socket.ts";
import { Holder, Holders } from "../../../../io/app/endpoint/holders.ts";
import { type Program, sockaddr } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5031;

/** What a stranger may try that knows nothing but the cookie. */
const ATTEMPTS = [
  { op: P.NUSE_OP_WHO },
  { op: P.NUSE_OP_BIND, data: sockaddr("127.0.0.1", PORT) },
  { op: P.NUSE_OP_CONNECT, data: sockaddr("127.0.0.1", PORT) },
  { op: P.NUSE_OP_LISTEN, a: 1 },
  { op: P.NUSE_OP_NAME },
  { op: P.NUSE_OP_SHUTDOWN, a: 2 },
  { op: P.NUSE_OP_GETOPT, a: 1, b: 4, c: 4 },
  { op: P.NUSE_OP_SETOPT, a: 1, b: 2, data: new Uint8Array([1, 0, 0, 0]) },
  { op: P.NUSE_OP_MORE, a: 1 },
  { op: P.NUSE_OP_ERRQUEUE },
  { op: P.NUSE_OP_CHECK },
];

function results(program: Program, cookie: number, ...shown: number[]): number[] {
  return ATTEMPTS.map(({ op, ...ask }) => program.request(op, { cookie, ...ask }, ...shown).result);
}

Deno.test("possession: a cookie alone opens nothing, nor does another socket's descriptor", () => {
  using world = new World();
  const owner = world.program();
  const socket = owner.socket(AF_INET, SOCK_STREAM);
  const stranger = world.program();
  const own = stranger.socket(AF_INET, SOCK_STREAM);
  const refused = ATTEMPTS.map(() => -P.NUSE_NOT_SHOWN);
  assertEquals(results(stranger, socket.cookie), refused);
  assertEquals(results(stranger, socket.cookie, own.fd), refused);
  assertEquals(world.service.counters.socketsNotShown, 2 * ATTEMPTS.length);
  assertEquals([socket.state, socket.name(0)], [0, "0.0.0.0 0"]);
  stranger.send(P.NUSE_OP_POST_SETOPT, { ...ATTEMPTS[7], cookie: socket.cookie });
  assertEquals(stranger.request(P.NUSE_OP_HELLO).result, 0); // nobody answered the other
});

Deno.test("possession: shown once, it holds for the connection, and for no other", () => {
  using world = new World();
  const owner = world.program();
  const socket = owner.socket(AF_INET, SOCK_STREAM);
  const child = owner.fork();
  const who = (by: Program, ...shown: number[]) =>
    by.request(P.NUSE_OP_WHO, { cookie: socket.cookie }, ...shown).result;
  assertEquals([who(owner), who(child), who(child, socket.fd), who(child)], [
    0,
    -P.NUSE_NOT_SHOWN,
    0,
    0,
  ]);
  assertEquals(who(owner.fork()), -P.NUSE_NOT_SHOWN);
});

Deno.test("possession: a listener's and a failed pair's go on; what has ended is held, too", () => {
  using world = new World();
  const owner = world.program();
  const stranger = world.program();
  const listener = owner.socket(AF_INET, SOCK_STREAM);
  assertEquals([listener.bind("127.0.0.1", PORT), listener.listen(1)], [0, 0]);
  const name = (by: Program, cookie: number) => by.request(P.NUSE_OP_NAME, { cookie }).result;
  assertEquals(name(owner, listener.cookie), 0);
  assertEquals(name(stranger, listener.cookie), -P.NUSE_NOT_SHOWN);
  assertEquals(listener.shutdown(2), 0);
  assertEquals(name(stranger, listener.cookie), -P.NUSE_NOT_SHOWN);
  assertEquals(name(owner, listener.cookie), 0);
});

/** OPEN of a stream by a pair whose cookie is `cookie`, or said to be. */
function openAs(program: Program, cookie: number): number {
  const pair = socketPair(SOCK_STREAM | SOCK_CLOEXEC) as [number, number];
  const own = Number(socketCookie(pair[0]));
  const ask = { cookie: cookie || own, a: AF_INET, b: SOCK_STREAM };
  program.send(P.NUSE_OP_OPEN, ask, pair[1]);
  program.sys.close(pair[1]);
  return pair[0];
}

Deno.test("open: who takes another's cookie gets nothing of his; both keep what they have", () => {
  using world = new World();
  const first = world.program();
  const second = world.program();
  const who = (by: Program, cookie: number, ...shown: number[]) =>
    by.request(P.NUSE_OP_WHO, { cookie }, ...shown).result;
  const fd = openAs(first, 0);
  const cookie = Number(socketCookie(fd));
  const other = openAs(second, cookie);
  assertEquals([who(first, cookie), who(second, cookie, other)], [0, -P.NUSE_NOT_SHOWN]);
  // Which of them says the truth has not been shown: nobody else comes to hold it.
  assertEquals([who(second, cookie, fd), who(first, cookie)], [-P.NUSE_NOT_SHOWN, 0]);
  for (const each of [fd, other]) first.sys.close(each);
});

Deno.test("open: what has been shown to be true is not contested any more", () => {
  using world = new World();
  const first = world.program();
  const child = first.fork();
  const second = world.program();
  const fd = openAs(first, 0);
  const cookie = Number(socketCookie(fd));
  const who = (by: Program, ...shown: number[]) =>
    by.request(P.NUSE_OP_WHO, { cookie }, ...shown).result;
  assertEquals(who(child, fd), 0);
  const other = openAs(second, cookie);
  assertEquals([who(second), who(first.fork(), fd)], [-P.NUSE_NOT_SHOWN, 0]);
  const made = first.socket(AF_INET, SOCK_STREAM);
  const third = openAs(second, made.cookie);
  assertEquals(second.request(P.NUSE_OP_WHO, { cookie: made.cookie }, made.fd).result, 0);
  for (const each of [fd, other, third]) first.sys.close(each);
});

Deno.test("possession: a thread's connection has that of its process", () => {
  using world = new World();
  const program = world.program();
  const { cookie } = program.socket(AF_INET, SOCK_STREAM);
  const thread = program.fork(true);
  assertEquals(thread.request(P.NUSE_OP_WHO, { cookie }).result, 0);
});

Deno.test("holders: connections that are gone make room", () => {
  const holders = new Holders();
  const clients = Array.from({ length: 100 }, () => new Holder());
  for (const client of clients) {
    client.connections++;
    holders.add(client);
    holders.add(client);
    assertEquals(holders.has(client), true);
    client.connections--;
  }
  const [first, second] = [new Holder(), new Holder()];
  first.connections = second.connections = 1;
  holders.add(first);
  holders.add(second);
  assertEquals([holders.has(first), holders.has(second), holders.has(clients[0])], [
    true,
    true,
    false,
  ]);
});

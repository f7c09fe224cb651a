import { assertEquals } from "@std/assert";
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EINVAL,
  EOPNOTSUPP,
} from "../../../../stack/mod.ts";
import { POLLHUP, sockaddr } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5007;

Deno.test("bind: names and refusals", () => {
  using world = new World();
  const program = world.program();
  const a = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(a.name(0), "0.0.0.0 0");
  assertEquals(a.bind("198.51.100.1", PORT), -EADDRNOTAVAIL);
  assertEquals(a.bind("127.0.0.1", PORT), 0);
  assertEquals(a.name(0), `127.0.0.1 ${PORT}`);
  assertEquals(a.bind("127.0.0.1", PORT + 1), -EINVAL);
  const b = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(b.bind("127.0.0.1", PORT), -EADDRINUSE);
  const data = sockaddr("127.0.0.1", PORT, AF_INET6);
  assertEquals(b.request(P.NUSE_OP_BIND, { data }).result, -EAFNOSUPPORT);
  assertEquals(b.request(P.NUSE_OP_BIND, { data: new Uint8Array(4) }).result, -EINVAL);
});

Deno.test("bind: AF_UNSPEC with the wildcard counts as AF_INET", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  const unspec = sockaddr("0.0.0.0", PORT);
  unspec[0] = 0;
  const other = sockaddr("127.0.0.1", PORT);
  other[0] = 0;
  assertEquals(socket.request(P.NUSE_OP_BIND, { data: other }).result, -EAFNOSUPPORT);
  assertEquals(socket.request(P.NUSE_OP_BIND, { data: unspec }).result, 0);
  assertEquals(socket.name(0), `0.0.0.0 ${PORT}`);
});

Deno.test("socket: what there is not", () => {
  using world = new World();
  const { result } = world.program().request(P.NUSE_OP_SOCKET, { a: 1, b: SOCK_STREAM });
  assertEquals(result, -EAFNOSUPPORT);
  assertEquals(world.service.counters.socketsRefused, 1);
});

Deno.test("open: the program makes the pair, and asks at once on any connection", () => {
  using world = new World();
  const program = world.program();
  const child = program.fork();
  child.request(P.NUSE_OP_HELLO);
  // both are read in one turn, the child's first
  const first = program.open(AF_INET, SOCK_STREAM, 6);
  const second = program.open(AF_INET, SOCK_DGRAM, 17);
  child.send(P.NUSE_OP_WHO, { cookie: second.cookie }, second.fd);
  const who = world.until("the reply", () => child.takeReply());
  assertEquals([who.result, who.a, who.c], [0, P.NUSE_KIND_DATAGRAM, SOCK_DGRAM | 17 << 8]);
  assertEquals([first.state, second.state], [0, 0]);
  assertEquals(first.bind("127.0.0.1", PORT), 0);
  assertEquals(world.service.socketCount, 2);
  child.close();
});

Deno.test("open: what is refused is closed", () => {
  using world = new World({ maxSockets: 1 });
  const program = world.program();
  const odd = program.open(1, SOCK_STREAM, 0);
  odd.await(POLLHUP);
  const only = program.open(AF_INET, SOCK_STREAM, 6);
  program.send(P.NUSE_OP_OPEN, { cookie: 4711, a: AF_INET, b: SOCK_STREAM }); // no descriptor
  program.open(AF_INET, SOCK_STREAM, 6).await(POLLHUP);
  assertEquals(world.service.counters.socketsRefused, 3);
  assertEquals(only.request(P.NUSE_OP_WHO).result, 0);
  assertEquals(program.request(P.NUSE_OP_WHO, { cookie: odd.cookie }).result, -P.NUSE_NO_SOCKET);
});

Deno.test("listen and name: what does not fit", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(socket.listen(1), -EOPNOTSUPP);
  assertEquals(socket.request(P.NUSE_OP_NAME, { a: 2 }).result, -EINVAL);
});

Deno.test("close: of a socket that nobody knows, whatever is said of it", () => {
  using world = new World();
  const program = world.program();
  for (const b of [0, 1, 100]) {
    assertEquals(program.request(P.NUSE_OP_CLOSE, { cookie: 4711, b }).result, 0);
  }
  const socket = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(socket.request(P.NUSE_OP_CLOSE, { b: 1 }).result, 0);
  assertEquals([world.service.counters.faults, socket.state], [0, 0]);
});

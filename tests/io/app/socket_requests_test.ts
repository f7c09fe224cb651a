import { assertEquals } from "@std/assert";
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, EOPNOTSUPP } from "../../../stack/mod.ts";
import { sockaddr } from "./program.ts";
import { World } from "./world.ts";

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

Deno.test("listen and name: what does not fit", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(socket.listen(1), -EOPNOTSUPP);
  assertEquals(socket.request(P.NUSE_OP_NAME, { a: 2 }).result, -EINVAL);
});

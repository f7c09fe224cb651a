import { assertEquals } from "@std/assert";
import { AF_INET, SHUT_RDWR, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { EAGAIN, EINVAL, ENOTCONN } from "../../../../stack/mod.ts";
import { connectedStreams } from "../program.ts";
import { World } from "../world.ts";

Deno.test("control: HELLO gives the service's pid", () => {
  using world = new World();
  const { result, a } = world.program().request(P.NUSE_OP_HELLO, { a: 1 });
  assertEquals([result, a], [0, Deno.pid]);
  assertEquals(world.service.clientCount, 1);
});

Deno.test("control: unknown operations and cookies", () => {
  using world = new World();
  const program = world.program();
  const { cookie } = program.socket(AF_INET, SOCK_STREAM);
  assertEquals(program.request(999, { cookie }).result, -EINVAL);
  assertEquals(program.request(999).result, -P.NUSE_NO_SOCKET);
  assertEquals(program.request(P.NUSE_OP_WHO, { cookie: 1 }).result, -P.NUSE_NO_SOCKET);
  assertEquals(program.request(P.NUSE_OP_BIND, { cookie: 1 }).result, -P.NUSE_NO_SOCKET);
});

Deno.test("operations: a socket that has ended refuses what needs a connection", () => {
  using world = new World();
  const program = world.program();
  const { client, server } = connectedStreams(program, 5017);
  const { cookie } = server;
  assertEquals([server.shutdown(SHUT_RDWR), client.shutdown(SHUT_RDWR)], [0, 0]);
  world.until("ended", () => program.request(P.NUSE_OP_SHUTDOWN, { cookie }).result === -ENOTCONN);
  const result = (op: number) => program.request(op, { cookie }).result;
  assertEquals([P.NUSE_OP_BIND, P.NUSE_OP_CONNECT, P.NUSE_OP_LISTEN].map(result), [
    -EINVAL,
    -EINVAL,
    -EINVAL,
  ]);
  assertEquals([P.NUSE_OP_CHECK, 999].map(result), [-ENOTCONN, -ENOTCONN]);
  assertEquals([P.NUSE_OP_SETOPT, P.NUSE_OP_WHO].map(result), [0, 0]);
  assertEquals(result(P.NUSE_OP_ERRQUEUE), -EAGAIN);
});

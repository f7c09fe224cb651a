import { assert, assertEquals } from "@std/assert";
import { AF_INET, FIONREAD, SOCK_DGRAM, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { ENOENT, ENOPROTOOPT } from "../../../../stack/mod.ts";
import { connectedStreams, type ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_TIMESTAMP = 29;
const IP_RECVTTL = 12;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CONGESTION = 13;

Deno.test("options go to the stack and back, and show in the state", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(socket.setInt(SOL_SOCKET, SO_TIMESTAMP, 1), 0);
  assertEquals(socket.setInt(0, IP_RECVTTL, 1), 0);
  assertEquals(socket.state, P.NUSE_STATE_TIMESTAMP | P.NUSE_STATE_RECVTTL);
  assertEquals(socket.setInt(SOL_SOCKET, SO_TIMESTAMP, 0), 0);
  assertEquals(socket.state, P.NUSE_STATE_RECVTTL);
  assertEquals(socket.getInt(SOL_SOCKET, 3), SOCK_DGRAM);
  assertEquals(socket.setInt(99, 1, 1), -ENOPROTOOPT);
});

Deno.test("options: posted ones have no reply, and are set before what is asked next", () => {
  using world = new World();
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  const data = new Uint8Array([1, 0, 0, 0]);
  const ask = { cookie: socket.cookie, a: IPPROTO_TCP, b: TCP_NODELAY, data };
  program.send(P.NUSE_OP_POST_SETOPT, ask);
  assertEquals(socket.getInt(IPPROTO_TCP, TCP_NODELAY), 1);
  assertEquals(program.takeReply(), null);
});

Deno.test("options: ENOENT is the option's answer, not that of a socket that is gone", () => {
  using world = new World();
  const program = world.program();
  const socket = program.socket(AF_INET, SOCK_STREAM);
  const data = new TextEncoder().encode("nosuch");
  const ask = { a: IPPROTO_TCP, b: TCP_CONGESTION, data };
  assertEquals(socket.request(P.NUSE_OP_SETOPT, ask).result, -ENOENT);
  const unknown = program.request(P.NUSE_OP_SETOPT, { ...ask, cookie: 1 });
  assertEquals(unknown.result, -P.NUSE_NO_SOCKET);
});

Deno.test("options: a long value is cut to what a reply can carry", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  const answer = socket.request(P.NUSE_OP_GETOPT, { a: SOL_SOCKET, b: 3, c: 1 << 30 });
  assertEquals([answer.result, answer.data.length], [0, 4]);
});

Deno.test("SO_MEMINFO counts what lies in the pair", () => {
  using world = new World();
  const program = world.program();
  const { client, server } = connectedStreams(program, 5031);
  const info = (socket: ProgramSocket) => {
    const ask = { a: SOL_SOCKET, b: 55, c: 36 };
    const { data } = socket.request(P.NUSE_OP_GETOPT, ask);
    return [...new Uint32Array(data.buffer, data.byteOffset, 9)];
  };
  assertEquals([info(server)[0], info(client)[5]], [0, 0]);
  client.send(new Uint8Array(1000));
  world.until("the bytes", () => program.sys.ioctlInt(server.fd, FIONREAD) === 1000);
  assert(info(server)[0] >= 1000);
  assertEquals(server.getInt(SOL_SOCKET, SO_TYPE), SOCK_STREAM, "no other option does");
  assertEquals(server.receive(), new Uint8Array(1000));
  assertEquals(info(server)[0], 0);
  while (client.send(new Uint8Array(100_000)) > 0) world.steps(1);
  assert(info(client)[5] > 100_000);
});

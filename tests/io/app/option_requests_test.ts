import { assertEquals } from "@std/assert";
import { AF_INET, SOCK_DGRAM } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { ENOPROTOOPT } from "../../../stack/mod.ts";
import { World } from "./world.ts";

const SOL_SOCKET = 1;
const SO_TIMESTAMP = 29;
const IP_RECVTTL = 12;

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

Deno.test("options: a long value is cut to what a reply can carry", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  const answer = socket.request(P.NUSE_OP_GETOPT, { a: SOL_SOCKET, b: 3, c: 1 << 30 });
  assertEquals([answer.result, answer.data.length], [0, 4]);
});

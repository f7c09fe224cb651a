import { assertEquals } from "@std/assert";
import { AF_INET, SOCK_DGRAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import {
  DGRAM_EXTRAS_LEN_OFF,
  DGRAM_FLAGS_OFF,
  DGRAM_HAS_EXTRAS,
  DGRAM_HEADER_LEN,
  EAGAIN,
  EDESTADDRREQ,
  EINVAL,
} from "../../../../stack/mod.ts";
import { World } from "../world.ts";

Deno.test("CHECK of a whole header: as if it were sent; one that is cut is refused", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  const header = new Uint8Array(DGRAM_HEADER_LEN);
  const check = () => socket.request(P.NUSE_OP_CHECK, { a: 3, b: 1, data: header }).result;
  assertEquals(check(), -EDESTADDRREQ);
  assertEquals(socket.connect("127.0.0.1", 5998, 0), 0);
  assertEquals(check(), 0);
  const dv = new DataView(header.buffer);
  dv.setUint16(DGRAM_FLAGS_OFF, DGRAM_HAS_EXTRAS, true);
  dv.setUint16(DGRAM_EXTRAS_LEN_OFF, 24, true);
  assertEquals(check(), -EINVAL);
  const short = header.subarray(1);
  assertEquals(socket.request(P.NUSE_OP_CHECK, { a: 3, b: 1, data: short }).result, -EINVAL);
});

Deno.test("EXTRAS: there are none of that number", () => {
  using world = new World();
  const socket = world.program().socket(AF_INET, SOCK_DGRAM);
  assertEquals(socket.request(P.NUSE_OP_EXTRAS, { a: 1 }).result, -EAGAIN);
});

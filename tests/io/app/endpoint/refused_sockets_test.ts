import { assertEquals } from "@std/assert";
import { AF_INET, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { RefusedSockets } from "../../../../io/app/endpoint/refused_sockets.ts";
import { ENFILE } from "../../../../stack/mod.ts";
import { World } from "../world.ts";

Deno.test("refused sockets: known by cookie, the oldest are forgotten first", () => {
  const refused = new RefusedSockets(2);
  for (const cookie of [7, 8, 9]) refused.add(cookie, cookie + 100);
  assertEquals([6, 7, 8, 9].map((cookie) => refused.errnoOf(cookie)), [0, 0, 108, 109]);
});

Deno.test("a socket that was opened where there was no room says so when it is used", () => {
  using world = new World({ maxSockets: 1 });
  const program = world.program();
  program.socket(AF_INET, SOCK_STREAM);
  const refused = program.open(AF_INET, SOCK_STREAM, 0);
  assertEquals(refused.connect("127.0.0.1", 5040), -ENFILE);
  assertEquals(refused.bind("127.0.0.1", 5040), -ENFILE);
  // After exec(): not one of ours any more.
  assertEquals(refused.request(P.NUSE_OP_WHO).result, -P.NUSE_NO_SOCKET);
});

import { assertEquals } from "@std/assert";
import { AF_INET, SHUT_RDWR, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import * as P from "../../../../ffi/shim/protocol.ts";
import { connectedStreams, type ProgramSocket } from "../program.ts";
import { World } from "../world.ts";

const PORT = 5005;

Deno.test("ended sockets: still known by cookie; the oldest is forgotten first", () => {
  using world = new World({ maxEnded: 2 });
  const program = world.program();
  const clients: ProgramSocket[] = [];
  for (let i = 0; i < 3; i++) {
    const { client, server } = connectedStreams(program, PORT + i);
    assertEquals(client.shutdown(SHUT_RDWR), 0);
    server.close();
    clients.push(client);
  }
  world.until("ended", () => clients[0].request(P.NUSE_OP_WHO).result === -P.NUSE_NO_SOCKET);
  for (let i = 1; i < 3; i++) {
    const who = clients[i].request(P.NUSE_OP_WHO);
    assertEquals([who.result, who.a, who.b, who.c & 255], [0, 1, AF_INET, SOCK_STREAM]);
    assertEquals(clients[i].request(P.NUSE_OP_SETOPT, { a: 1, b: 9 }).result, 0);
    assertEquals(clients[i].connect("127.0.0.1", PORT, 0), -106);
    assertEquals(clients[i].request(P.NUSE_OP_ERRQUEUE).result, -11);
  }
});

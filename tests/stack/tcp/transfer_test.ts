import { assert, assertEquals } from "@std/assert";
import { transfer, World } from "./support/world.ts";

Deno.test("handshake, data both ways, close", () => {
  const world = new World();
  const [client, server, listener] = world.connect();
  assertEquals(client.stateName, "ESTABLISHED");
  assertEquals(server.stateName, "ESTABLISHED");
  transfer(world, [world.a, client], [world.b, server], 300_000);
  transfer(world, [world.b, server], [world.a, client], 300_000);
  client.shutdown(1, world.nowUs);
  world.run(100_000);
  assertEquals(client.stateName, "FIN-WAIT-2");
  assertEquals(server.stateName, "CLOSE-WAIT");
  assert(server.recvEof);
  server.close(world.nowUs);
  world.run(100_000);
  assertEquals(client.stateName, "TIME-WAIT");
  client.close(world.nowUs);
  listener.close(world.nowUs);
  world.run(61_000_000);
  assertEquals(world.a.tcp.flowCount, 0);
  assertEquals(world.b.tcp.flowCount, 0);
  assertEquals(world.a.tcp.bindings.count, 0);
  assertEquals(world.b.tcp.bindings.count, 0);
});

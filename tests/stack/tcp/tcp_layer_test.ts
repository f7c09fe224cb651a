import { assert, assertEquals } from "@std/assert";
import { Peer } from "./support/peer.ts";
import { DROP, transfer, World } from "./support/world.ts";
import { seededRandom } from "./support/host.ts";

Deno.test("sequence numbers that wrap: transfer across 2^32 and 2^31", () => {
  for (const near of [0xffff_f000 | 0, 0x7fff_f000]) {
    const world = new World();
    const listener = world.b.tcp.createSocket(2);
    listener.bind(world.b.address, 80, world.nowUs);
    listener.listen(4, world.nowUs);
    const client = world.a.tcp.createSocket(2);
    world.a.tcp.isn.isn = () => near;
    world.b.tcp.isn.isn = () => near + 2000;
    client.connect(world.b.address, 80, world.nowUs);
    world.run(100_000);
    const server = listener.accept()!;
    const random = seededRandom(5);
    world.filter = () => ((random() >>> 0) % 100 < 3 ? DROP : 0);
    transfer(world, [world.a, client], [world.b, server], 100_000);
    transfer(world, [world.b, server], [world.a, client], 100_000);
  }
});

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

Deno.test("ten thousand idle connections: memory and lookup", () => {
  const peer = new Peer({ config: { somaxconn: 20_000, synBacklogMax: 20_000 } });
  const listener = peer.listen(20_000);
  peer.host.onSend = () => {};
  const used = peer.host.memory.usedBytes;
  for (let i = 0; i < 10_000; i++) {
    peer.inject({ flags: "S", sport: 10_000 + i, seq: 1000 });
  }
  let dropped = 0;
  peer.host.tcp.demux.forEach((flow) => {
    const { iss } = flow as unknown as { iss: number };
    peer.hostIss = iss;
    peer.inject({ flags: ".", sport: flow.remotePort, seq: 1001, ack: 1 });
    dropped++;
  });
  peer.flush();
  assertEquals(dropped, 10_000);
  assertEquals(listener.listening!.acceptQueueLength, 10_000);
  assertEquals(peer.host.memory.usedBytes, used, "no ring is held");
  listener.close(peer.nowUs);
  assertEquals(peer.host.tcp.flowCount, 0);
  assertEquals(peer.host.tcp.bindings.count, 0);
});

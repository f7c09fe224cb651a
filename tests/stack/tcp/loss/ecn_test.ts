import { assert, assertEquals } from "@std/assert";
import { transfer, World } from "../support/world.ts";

Deno.test("ecn: a path that marks instead of dropping costs no retransmission", () => {
  const world = new World({ delayUs: 10_000, a: { config: { ecn: 1 } } });
  const receive = world.b.receive.bind(world.b);
  let packets = 0;
  let marked = 0;
  world.b.receive = (packet, nowUs) => {
    const isMarked = (packet.tos & 3) === 2 && ++packets % 40 === 0;
    if (isMarked) marked++;
    receive(isMarked ? { ...packet, tos: packet.tos | 3 } : packet, nowUs);
  };
  const [client, server] = world.connect();
  assert(client.tcb.hasEcn && server.tcb.hasEcn);
  transfer(world, [world.a, client], [world.b, server], 2_000_000);
  assert(marked > 10);
  assertEquals(world.a.counters.tcp.retransSegs, 0);
  assert(client.tcb.ssthresh < 1 << 24, "the window was reduced");
  assert(client.tcb.cwnd < 2_000_000);
});

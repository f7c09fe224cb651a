import { assert, assertEquals } from "@std/assert";
import { EPOLLIN, EPOLLOUT } from "../../../../ffi/abi/epoll.ts";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { ProbeEndpoint } from "../probe_endpoint.ts";
import { World } from "../world.ts";

const LIMITS = { maxSockets: 8, maxClients: 8, maxEnded: 8 };

Deno.test("endpoint: EPOLLOUT is armed while the pair is full and disarmed when idle", () => {
  using world = new World();
  const app = new AppContext(world.stack, world.loop, world.arena, LIMITS);
  const probe = ProbeEndpoint.make(app);
  world.steps(2);
  assertEquals(probe.seen, []);
  const count = probe.fill();
  assert(count > 10);
  world.steps(2);
  assertEquals([probe.seen, probe.isWaiting], [[], true]);
  probe.take(count - 2);
  world.step();
  assertEquals([probe.seen.splice(0), probe.isWaiting], [[EPOLLOUT], false]);
  probe.take(1);
  world.step();
  assertEquals(probe.seen.splice(0), [EPOLLOUT]);
  probe.take(1);
  world.step();
  assertEquals(probe.seen, []);
  probe.end(0);
});

Deno.test("endpoint: what the program writes is reported once, at the edge", () => {
  using world = new World();
  const app = new AppContext(world.stack, world.loop, world.arena, LIMITS);
  const probe = ProbeEndpoint.make(app);
  app.sys.send(probe.programFd, app.base, app.scratchOff, 5, 0, 0, 0);
  world.steps(3);
  assertEquals(probe.seen, [EPOLLIN]);
  probe.end(0);
});

Deno.test("endpoint: after detach nothing is reported, and it is in no table", () => {
  using world = new World();
  const app = new AppContext(world.stack, world.loop, world.arena, LIMITS);
  const probe = ProbeEndpoint.make(app);
  assertEquals([app.endpoints.get(probe.cookie), probe.socket.owner], [probe, probe]);
  probe.detach(0);
  app.sys.send(probe.programFd, app.base, app.scratchOff, 5, 0, 0, 0);
  world.steps(2);
  assertEquals([probe.seen, probe.isReleased], [[], true]);
  assertEquals([app.endpoints.get(probe.cookie), probe.socket.owner], [null, null]);
  app.sys.close(probe.fd);
  app.sys.close(probe.programFd);
});

import { assertEquals, assertThrows } from "@std/assert";
import { MSG_DONTWAIT, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import { SysError } from "../../../../ffi/errno.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { EAGAIN } from "../../../../stack/mod.ts";
import { ProbeEndpoint } from "../probe_endpoint.ts";
import { World } from "../world.ts";

const LIMITS = { maxSockets: 8, maxClients: 8, maxEnded: 8 };

function context(world: World): AppContext {
  return new AppContext(world.stack, world.loop, world.arena, LIMITS);
}

Deno.test("dirty endpoints get one turn each, in order, and may ask for another", () => {
  using world = new World();
  const app = context(world);
  const order: string[] = [];
  const a = ProbeEndpoint.make(app, () => order.push("a"));
  const b = ProbeEndpoint.make(app, () => {
    order.push("b");
    if (order.length < 4) app.markDirty(b);
  });
  app.markDirty(b);
  app.markDirty(a);
  app.markDirty(b);
  app.runDirty(0);
  assertEquals([order, app.hasDirty], [["b", "a"], true]);
  app.runDirty(0);
  app.runDirty(0);
  assertEquals([order, app.hasDirty], [["b", "a", "b", "b"], false]);
});

Deno.test("starved endpoints are dirty when a socket has gone", () => {
  using world = new World();
  const app = context(world);
  let turns = 0;
  const a = ProbeEndpoint.make(app, () => turns++);
  const b = ProbeEndpoint.make(app);
  app.noteStarved(a);
  app.noteStarved(a);
  app.runDirty(0);
  assertEquals(turns, 0);
  b.detach(0);
  app.runDirty(0);
  assertEquals([turns, app.hasDirty], [1, false]);
});

Deno.test("drainPair empties a descriptor", () => {
  using world = new World();
  const app = context(world);
  const [a, b] = socketPair(SOCK_STREAM) as [number, number];
  for (let i = 0; i < 3; i++) app.sys.send(a, app.base, app.scratchOff, 50_000, 0, 0, 0);
  app.drainPair(b);
  assertEquals(app.sys.recv(b, app.base, app.scratchOff, 1, 0, 0, MSG_DONTWAIT), -EAGAIN);
  app.sys.close(a);
  app.sys.close(b);
});

Deno.test("allocate says what it lacks", () => {
  using world = new World();
  assertThrows(() => context(world).allocate(1 << 29), SysError, "ENOMEM");
});

import { assertEquals } from "@std/assert";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { ProbeEndpoint } from "../probe_endpoint.ts";
import { World } from "../world.ts";

Deno.test("endpoint table: by cookie, with who is held and when one was last let go", () => {
  using world = new World();
  const limits = { maxSockets: 2, maxClients: 8, maxEnded: 8 };
  const app = new AppContext(world.stack, world.loop, world.arena, limits);
  const { endpoints } = app;
  assertEquals([endpoints.size, endpoints.heldCount, endpoints.isFull], [0, 0, false]);
  const a = ProbeEndpoint.make(app);
  const b = ProbeEndpoint.make(app);
  assertEquals([endpoints.size, endpoints.heldCount, endpoints.isFull], [2, 2, true]);
  assertEquals([endpoints.get(a.cookie), endpoints.get(0)], [a, null]);
  const c = ProbeEndpoint.make(app, () => {}, a.cookie + 1_000_000);
  assertEquals(endpoints.get(c.formerCookie), c);
  c.end(50);
  assertEquals([endpoints.get(c.formerCookie), endpoints.get(c.cookie)], [null, null]);
  a.markGone(100);
  a.markGone(150);
  assertEquals([endpoints.size, endpoints.heldCount, endpoints.lastReleaseUs], [2, 1, 100]);
  a.end(200);
  assertEquals([endpoints.size, endpoints.heldCount, endpoints.lastReleaseUs], [1, 1, 100]);
  b.end(300);
  assertEquals([endpoints.size, endpoints.heldCount, endpoints.lastReleaseUs], [0, 0, 300]);
});

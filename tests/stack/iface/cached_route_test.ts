import { assertEquals } from "@std/assert";
import { CachedRoute, VIA_LOOPBACK, VIA_NEIGHBOUR } from "../../../stack/iface/cached_route.ts";
import { RouteTable } from "../../../stack/iface/route_table.ts";
import { Host, ip } from "../net_fixture.ts";

Deno.test("a cached route is valid until the table's generation changes", () => {
  const { iface } = new Host();
  const table = new RouteTable();
  const [src, dst, gateway] = [ip("198.18.0.2"), ip("203.0.113.1"), ip("198.18.0.1")];
  const route = new CachedRoute(table, iface, src, dst, gateway, VIA_NEIGHBOUR, 65535, 0);
  assertEquals([route.valid, route.viaGateway, route.isLoopback], [true, true, false]);
  assertEquals([route.mtu, route.ifIndex, route.tx === iface.tx], [1500, iface.index, true]);
  const own = new CachedRoute(table, iface, src, src, src, VIA_LOOPBACK, 65535, 0);
  assertEquals([own.viaGateway, own.isLoopback], [false, true]);
  table.invalidate();
  assertEquals([route.valid, own.valid], [false, false]);
});

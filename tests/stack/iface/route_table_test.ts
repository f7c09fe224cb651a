import { assertEquals } from "@std/assert";
import { EEXIST, ESRCH } from "../../../stack/mod.ts";
import { RouteTable } from "../../../stack/iface/route_table.ts";
import { ip } from "../net_fixture.ts";

function route(cidr: string, gateway: string | null, ifIndex = 2, metric = 0) {
  const [dst, prefixLen] = cidr.split("/");
  return {
    dst: ip(dst),
    prefixLen: Number(prefixLen),
    gateway: gateway === null ? null : ip(gateway),
    ifIndex,
    metric,
  };
}

Deno.test("the longest prefix wins, then the metric, then who came first", () => {
  const table = new RouteTable();
  const generation = table.generation;
  table.add(route("0.0.0.0/0", "10.0.0.1", 2, 100));
  table.add(route("10.0.0.0/8", null));
  table.add(route("0.0.0.0/0", "10.0.0.2", 2, 50));
  table.add(route("10.1.0.0/16", null, 3));
  table.add(route("0.0.0.0/0", "10.0.0.3", 2, 50));
  assertEquals(table.generation > generation, true);
  const gatewayOf = (dst: string, ifIndex = 0) => table.lookup(ip(dst), ifIndex)?.gateway;
  assertEquals(gatewayOf("192.0.2.1")?.toString(), "10.0.0.2");
  assertEquals(table.lookup(ip("10.1.2.3"), 0)?.ifIndex, 3);
  assertEquals(table.lookup(ip("10.2.2.3"), 0)?.prefixLen, 8);
  assertEquals(table.lookup(ip("10.1.2.3"), 2)?.prefixLen, 8);
  assertEquals(table.lookup(ip("192.0.2.1"), 9), null);
  assertEquals(table.lookup(ip("2001:db8::1"), 0), null);
});

Deno.test("a route is there once, and gone when removed", () => {
  const table = new RouteTable();
  assertEquals(table.add(route("10.0.0.0/8", null)), 0);
  assertEquals(table.add(route("10.0.0.0/8", null)), -EEXIST);
  assertEquals(table.add(route("10.0.0.0/8", null, 2, 5)), 0);
  assertEquals(table.add(route("10.0.0.0/8", "10.0.0.1")), 0);
  assertEquals(table.remove(route("10.0.0.0/8", "10.0.0.9")), -ESRCH);
  assertEquals(table.remove(route("10.0.0.0/8", null)), 0);
  assertEquals(table.entries.length, 2);
});

Deno.test("a gateway that is silent is passed by, unless there is no other", () => {
  const table = new RouteTable();
  table.add(route("10.0.0.0/8", "10.0.0.1"));
  table.add(route("0.0.0.0/0", "10.0.0.2", 2, 50));
  table.add(route("0.0.0.0/0", "10.0.0.3", 2, 100));
  const gatewayOf = (...silent: string[]) =>
    table.lookup(ip("10.9.9.9"), 0, (addr) => silent.includes(`${addr}`))?.gateway?.toString();
  assertEquals(gatewayOf(), "10.0.0.1");
  assertEquals(gatewayOf("10.0.0.1"), "10.0.0.2");
  assertEquals(gatewayOf("10.0.0.1", "10.0.0.2"), "10.0.0.3");
  assertEquals(gatewayOf("10.0.0.1", "10.0.0.2", "10.0.0.3"), "10.0.0.1");
});

import { assertEquals } from "@std/assert";
import { PathMtuStore } from "../../../stack/iface/path_mtu.ts";
import { ip } from "../net_fixture.ts";

const A = ip("203.0.113.1");
const B = ip("203.0.113.2");

Deno.test("a path MTU is remembered, and forgotten when it expires", () => {
  const store = new PathMtuStore(552, 600e6);
  assertEquals([store.get(A), store.pollAtUs()], [0, Infinity]);
  assertEquals(store.lower(A, 1400, 1500, 5e6), 1400);
  assertEquals(store.lower(B, 1300, 1500, 7e6), 1300);
  assertEquals([store.get(A), store.get(B), store.pollAtUs()], [1400, 1300, 605e6]);
  assertEquals(store.poll(604e6), false);
  assertEquals(store.poll(605e6), true);
  assertEquals([store.get(A), store.get(B), store.pollAtUs()], [0, 1300, 607e6]);
});

Deno.test("less than the minimum is taken as the minimum, more than now as now", () => {
  const store = new PathMtuStore(552, 600e6);
  assertEquals(store.lower(A, 68, 1500, 0), 552);
  assertEquals(store.lower(A, 0, 1500, 0), 552);
  assertEquals(store.lower(A, 68, 400, 0), 400);
  assertEquals(store.lower(A, 9000, 1500, 0), 1500);
});

Deno.test("a renewed entry lives anew; the table is bounded", () => {
  const store = new PathMtuStore(552, 600e6);
  store.lower(A, 1400, 1500, 0);
  store.lower(B, 1400, 1500, 1e6);
  store.lower(A, 1300, 1400, 2e6);
  assertEquals(store.pollAtUs(), 601e6);
  for (let i = 0; i < 5000; i++) store.lower(ip(`10.0.${i >> 8}.${i & 255}`), 1000, 1500, 3e6);
  assertEquals(store.get(A), 0);
  assertEquals(store.get(ip("10.0.19.135")), 1000);
});

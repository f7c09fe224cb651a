import { assert, assertEquals } from "@std/assert";
import { EADDRNOTAVAIL, EINVAL, ENETUNREACH } from "../../../stack/mod.ts";
import type { IpAddress } from "../../../stack/mod.ts";
import { InterfaceTable } from "../../../stack/iface/interface_table.ts";
import { DEFAULT_IP_CONFIG } from "../../../stack/iface/config.ts";
import { Router } from "../../../stack/iface/router.ts";
import type { CachedRoute } from "../../../stack/iface/cached_route.ts";
import { ALL_OFFLOADS, Host, ip, NO_OFFLOAD, OUR_ADDR } from "../net_fixture.ts";

const FAR = ip("203.0.113.9");

function setUp(caps = NO_OFFLOAD, cacheEntries = 100): Router {
  const { stack } = new Host({ caps });
  const interfaces = new InterfaceTable();
  interfaces.all.push(...stack.interfaces);
  interfaces.refresh();
  const router = new Router(interfaces, {
    ...DEFAULT_IP_CONFIG,
    routeCacheEntries: cacheEntries,
  }, () => 5);
  const entry = { gateway: null, ifIndex: 2, metric: 0 };
  router.table.add({ ...entry, dst: ip("198.18.0.0"), prefixLen: 24 });
  return router;
}

function found(
  router: Router,
  dst: IpAddress,
  src: IpAddress | null = null,
  ifIndex = 0,
): CachedRoute {
  const route = router.route(dst, src, ifIndex, true);
  assert(typeof route !== "number", `${route}`);
  return route;
}

function addDefault(router: Router): void {
  const entry = { gateway: ip("198.18.0.1"), ifIndex: 2, metric: 0 };
  router.table.add({ ...entry, dst: ip("0.0.0.0"), prefixLen: 0 });
}

Deno.test("on-link, through a gateway, nowhere", () => {
  const router = setUp();
  const near = found(router, ip("198.18.0.9"));
  assertEquals([near.src.toString(), near.nextHop.toString()], ["198.18.0.2", "198.18.0.9"]);
  assertEquals([near.viaGateway, near.mtu, near.isLoopback], [false, 1500, false]);
  assertEquals(router.route(FAR, null, 0, true), -ENETUNREACH);
  addDefault(router);
  const far = found(router, FAR);
  assertEquals([far.nextHop.toString(), far.viaGateway], ["198.18.0.1", true]);
  assertEquals(router.route(ip("2001:db8::1"), null, 0, true), -ENETUNREACH);
});

Deno.test("ourselves: over the loopback, whatever the address", () => {
  const router = setUp();
  const own = found(router, OUR_ADDR);
  assertEquals([own.isLoopback, own.src.toString(), own.mtu], [true, "198.18.0.2", 65535]);
  assertEquals(found(router, ip("127.0.0.5")).src.toString(), "127.0.0.1");
  assertEquals(found(router, ip("0.0.0.0")).dst.toString(), "127.0.0.1");
  assertEquals(found(router, OUR_ADDR, ip("127.0.0.1")).src.toString(), "127.0.0.1");
});

Deno.test("a source must be ours, and loopback stays inside", () => {
  const router = setUp();
  assertEquals(router.route(ip("198.18.0.9"), FAR, 0, true), -EADDRNOTAVAIL);
  assertEquals(router.route(ip("198.18.0.9"), ip("127.0.0.1"), 0, true), -EINVAL);
  assertEquals(found(router, ip("198.18.0.9"), ip("0.0.0.0")).src.toString(), "198.18.0.2");
});

Deno.test("broadcast and multicast", () => {
  const router = setUp();
  const subnet = found(router, ip("198.18.0.255"));
  assertEquals([subnet.isBroadcast, subnet.groupHi, subnet.groupLo], [true, 0xffff, -1]);
  const everywhere = ip("255.255.255.255");
  assertEquals(router.route(everywhere, null, 0, true), -ENETUNREACH);
  assertEquals(found(router, everywhere, null, 2).isBroadcast, true);
  assertEquals(found(router, everywhere, OUR_ADDR).ifIndex, 2);
  const group = ip("239.129.2.3");
  assertEquals(router.route(group, null, 0, true), -ENETUNREACH);
  addDefault(router);
  const multicast = found(router, group);
  assertEquals([multicast.isMulticast, multicast.groupHi, multicast.groupLo], [
    true,
    0x0100,
    0x5e010203,
  ]);
  assertEquals([multicast.loopsBack, multicast.src.toString()], [true, "198.18.0.2"]);
  const quiet = router.route(group, null, 0, false);
  assertEquals(typeof quiet !== "number" && quiet.loopsBack, false);
});

Deno.test("bound to a device without a route: as if on-link", () => {
  const router = setUp();
  assertEquals(found(router, FAR, null, 2).nextHop.toString(), "203.0.113.9");
  assertEquals(router.route(FAR, null, 7, true), -ENETUNREACH);
});

Deno.test("routes are cached until something changes; the cache is bounded", () => {
  const router = setUp(NO_OFFLOAD, 10);
  const first = found(router, ip("198.18.0.9"));
  assertEquals(found(router, ip("198.18.0.9")) === first, true);
  addDefault(router);
  assertEquals(first.valid, false);
  const second = found(router, ip("198.18.0.9"));
  assertEquals(second === first, false);
  for (let i = 10; i < 19; i++) found(router, ip(`198.18.0.${i}`));
  assertEquals(found(router, ip("198.18.0.9")) === second, true, "ten are kept");
  for (let i = 20; i < 30; i++) found(router, ip(`198.18.0.${i}`));
  assertEquals(found(router, ip("198.18.0.9")) === second, false, "and no more");
  assertEquals(second.valid, true);
});

Deno.test("a lower path MTU is seen by all routes to the destination, and only there", () => {
  const router = setUp();
  addDefault(router);
  const route = found(router, FAR);
  const other = found(router, ip("203.0.113.10"));
  assertEquals(router.updatePmtu(FAR, 1400, 0), 1400);
  assertEquals([route.mtu, route.valid, other.mtu], [1400, false, 1500]);
  assertEquals(found(router, FAR).mtu, 1400);
  assertEquals(router.updatePmtu(FAR, 1450, 0), 0, "nothing has changed");
  assertEquals(found(router, FAR).mtu, 1400);
  router.updatePmtu(OUR_ADDR, 600, 0);
  assertEquals(found(router, OUR_ADDR).mtu, 65535);
});

Deno.test("segmentation: the device's where it can, ours for TCP where it cannot", () => {
  const soft = found(setUp(), ip("198.18.0.9"));
  assertEquals([soft.csumOffload, soft.gsoMaxBytes, soft.usoMaxBytes], [true, 65535, 0]);
  const caps = { ...ALL_OFFLOADS, gsoMaxBytes: 60000 };
  const hard = found(setUp(caps), ip("198.18.0.9"));
  assertEquals([hard.gsoMaxBytes, hard.usoMaxBytes], [60000, 60000]);
  const host = ip("198.18.0.9");
  const long = setUp({ ...ALL_OFFLOADS, long: { to: host, maxBytes: 260_000 } });
  const toHost = found(long, host);
  assertEquals([toHost.gsoMaxBytes, toHost.usoMaxBytes], [260_000, 65_535]);
  assertEquals(found(long, ip("198.18.0.10")).gsoMaxBytes, 65_535, "who is beyond it");
});

Deno.test("a redirect: only where a gateway leads, and not for ever", () => {
  const router = setUp();
  const better = ip("198.18.0.7");
  assertEquals(router.redirect(FAR, better, 0), false, "no route at all");
  assertEquals(router.redirect(ip("198.18.0.9"), better, 0), false, "on the link");
  addDefault(router);
  const before = found(router, FAR);
  assertEquals(router.redirect(FAR, better, 0), true);
  const after = found(router, FAR);
  assertEquals([before, after].map((r) => r.nextHop.toString()), ["198.18.0.1", "198.18.0.7"]);
  assertEquals(found(router, ip("203.0.113.10")).nextHop.toString(), "198.18.0.1");
  const endUs = router.pollAtUs();
  assert(endUs > 0 && endUs < Infinity);
  router.poll(endUs - 1);
  assertEquals(found(router, FAR).nextHop.toString(), "198.18.0.7");
  router.poll(endUs);
  assertEquals(found(router, FAR).nextHop.toString(), "198.18.0.1");
});

Deno.test("a lower path MTU is forgotten after a while, also by routes in use", () => {
  const router = setUp();
  addDefault(router);
  assertEquals(router.updatePmtu(FAR, 1400, 0), 1400);
  assertEquals([router.updatePmtu(FAR, 1400, 0), router.updatePmtu(FAR, 1500, 0)], [0, 0]);
  assertEquals(found(router, FAR).mtu, 1400);
  const endUs = router.pollAtUs();
  router.poll(endUs);
  assertEquals(found(router, FAR).mtu, 1500);
});

import { assert, assertEquals } from "@std/assert";
import {
  DGRAM_ADDR_OFF,
  DGRAM_HEADER_LEN,
  EACCES,
  EAFNOSUPPORT,
  ENETUNREACH,
  IpAddress,
} from "../../../stack/mod.ts";
import { PMTUDISC_DO, PMTUDISC_DONT, PMTUDISC_PROBE } from "../../../stack/mod.ts";
import { Destination } from "../../../stack/socket/destination.ts";
import type { SocketEnv } from "../../../stack/socket/socket_env.ts";
import { SocketOptions } from "../../../stack/base/socket_options.ts";
import type { Route } from "../../../stack/base/network.ts";
import { ip } from "../net_fixture.ts";

const ANY = ip("0.0.0.0");

/** A network that notes what it is asked. */
function setUp(fields: Partial<Route> = {}) {
  const asked: string[] = [];
  const kind = { isBroadcast: false, isMulticast: false };
  const route = { valid: true, mtu: 1500, dst: ip("10.0.0.1"), ...kind, ...fields };
  const dv = new DataView(new ArrayBuffer(DGRAM_HEADER_LEN));
  const env = {
    defaultTtl: 64,
    memory: { dv },
    network: {
      route: (dst: IpAddress, src: IpAddress | null, ifIndex: number, loop: boolean) => {
        asked.push(`${dst} from ${src} by ${ifIndex} ${loop}`);
        return route;
      },
    },
  } as unknown as SocketEnv;
  const options = new SocketOptions();
  return { asked, dv, route, options, destination: new Destination(env, options) };
}

Deno.test("the last destination's route is remembered while it is valid", () => {
  const { asked, route, destination } = setUp();
  const [a, b] = [ip("10.0.0.1").w3, ip("10.0.0.2").w3];
  for (const word of [a, a, b, a]) destination.routeToV4(word, ANY);
  assertEquals(asked.length, 3);
  (route as { valid: boolean }).valid = false;
  destination.routeToV4(a, ANY);
  assertEquals(asked.length, 4);
  (route as { valid: boolean }).valid = true;
  destination.forget();
  destination.routeToV4(a, ANY);
  assertEquals(asked.length, 5);
});

Deno.test("options choose source and interface", () => {
  const { asked, options, destination } = setUp();
  const [dst, group] = [ip("10.0.0.1"), ip("239.0.0.1")];
  destination.routeTo(dst, ip("10.0.0.9"), 3);
  options.multicastIfIndex = 4;
  options.multicastAddr = ip("10.0.0.8").w3;
  options.unicastIfIndex = 5;
  options.multicastLoop = false;
  destination.routeTo(group, ANY, 0);
  destination.routeTo(dst, ip("239.0.0.1"), 0); // bound to a group: no source
  options.ifIndex = 6;
  destination.routeTo(dst, ANY, 3);
  assertEquals(asked, [
    "10.0.0.1 from 10.0.0.9 by 3 true",
    "239.0.0.1 from 10.0.0.8 by 4 false",
    "10.0.0.1 from null by 5 false",
    "10.0.0.1 from null by 6 false",
  ]);
});

Deno.test("broadcast needs leave; SO_DONTROUTE refuses gateways", () => {
  const all = setUp({ isBroadcast: true });
  assertEquals(all.destination.routeTo(ip("10.0.0.255"), ANY, 0), -EACCES);
  all.options.broadcast = true;
  assert(typeof all.destination.routeTo(ip("10.0.0.255"), ANY, 0) !== "number");
  const far = setUp({ viaGateway: true });
  assert(typeof far.destination.routeTo(ip("10.0.0.1"), ANY, 0) !== "number");
  far.options.dontRoute = true;
  assertEquals(far.destination.routeTo(ip("10.0.0.1"), ANY, 0), -ENETUNREACH);
});

Deno.test("time to live, and when not to fragment", () => {
  const { route, options, destination } = setUp();
  const r = route as Route;
  assertEquals(destination.ttlOn(r), 64);
  options.ttl = 9;
  assertEquals(destination.ttlOn(r), 9);
  assertEquals(destination.ttlOn({ ...r, isMulticast: true }), 1);
  const decisions = () => [1500, 1501].map((len) => destination.dontFragment(r, len));
  assertEquals([decisions(), destination.refusesTooBig(r)], [[true, false], false]);
  options.mtuDiscover = PMTUDISC_DONT;
  assertEquals([decisions(), destination.refusesTooBig(r)], [[false, false], false]);
  for (const mode of [PMTUDISC_DO, PMTUDISC_PROBE]) {
    options.mtuDiscover = mode;
    assertEquals([decisions(), destination.refusesTooBig(r)], [[true, true], true]);
  }
});

Deno.test("a dual-stack socket has IPPROTO_IP's options for IPv4, IPPROTO_IPV6's for IPv6", () => {
  const { asked, options, destination } = setUp();
  Object.assign(options, { unicastIfIndex: 1, unicastIfIndex6: 2, multicastIfIndex: 3 });
  Object.assign(options, { multicastIfIndex6: 4, multicastLoop: false });
  for (const to of ["10.0.0.1", "2001:db8::1", "239.0.0.1", "ff02::1"]) {
    destination.routeTo(ip(to), ANY, 0);
  }
  assertEquals(asked, [
    "10.0.0.1 from null by 1 false",
    "2001:db8::1 from null by 2 true",
    "239.0.0.1 from null by 3 false",
    "ff02::1 from null by 4 true",
  ]);
  Object.assign(options, { ttl: 5, hops6: 6, multicastTtl: 7, multicastHops6: 8 });
  Object.assign(options, { mtuDiscover: PMTUDISC_DO, mtuDiscover6: PMTUDISC_DONT });
  const on = (to: string, isMulticast: boolean) =>
    ({ dst: ip(to), isMulticast, mtu: 1500 }) as unknown as Route;
  const routes = [on("10.0.0.1", false), on("2001:db8::1", false), on("239.0.0.1", true)];
  routes.push(on("ff02::1", true));
  assertEquals(routes.map((route) => destination.ttlOn(route)), [5, 6, 7, 8]);
  assertEquals(routes.map((r) => destination.dontFragment(r, 100)), [true, false, true, false]);
  assertEquals(routes.map((r) => destination.refusesTooBig(r)), [true, false, true, false]);
});

Deno.test("a header with an IPv6 address: IPv4 is what is mapped, and nothing else", () => {
  const { asked, dv, destination } = setUp();
  const words: [string, number[]][] = [
    ["10.0.0.1", [0, 0, 0xffff, 0x0a000001]],
    ["1::ffff:a00:1", [0x10000, 0, 0xffff, 0x0a000001]],
    ["::1:0:ffff:a00:1", [0, 1, 0xffff, 0x0a000001]],
    ["::a00:1", [0, 0, 0, 0x0a000001]],
  ];
  for (const [, address] of words) {
    address.forEach((word, i) => dv.setUint32(DGRAM_ADDR_OFF + 4 * i, word));
    destination.routeOfV6(0, false, ANY);
  }
  assertEquals(asked.map((text) => text.split(" ")[0]), words.map(([text]) => text));
});

Deno.test("from an IPv4 address nothing goes to an IPv6 one", () => {
  const { asked, destination } = setUp();
  assertEquals(destination.routeTo(ip("2001:db8::1"), ip("10.0.0.9"), 0), -EAFNOSUPPORT);
  destination.routeTo(ip("2001:db8::1"), ANY, 0);
  assertEquals(asked, ["2001:db8::1 from null by 0 true"]);
});

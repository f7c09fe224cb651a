import { assertEquals } from "@std/assert";
import { bytesOf, ip, PEER_MAC } from "../net_fixture.ts";
import { addressBytes, concat, Host6, icmp6Frame, PEER_LINK_LOCAL } from "../v6_fixture.ts";

const ALL_NODES = ip("ff02::1");
const FAR = ip("2001:db8:ffff::1");
/** Of the prefix 2001:db8:5::/64. */
const FORMED = "2001:db8:5::ff:fe00:2";

interface Told {
  lifetime?: number;
  preference?: number;
  options?: Uint8Array[];
  hopLimit?: number;
  src?: typeof PEER_LINK_LOCAL;
}

function u32(n: number): number[] {
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

function prefix(text: string, valid: number, preferred: number, flags = 0xc0, len = 64) {
  const head = Uint8Array.of(3, 4, len, flags, ...u32(valid), ...u32(preferred), 0, 0, 0, 0);
  return concat(head, addressBytes(ip(text)));
}

function servers(lifetime: number, ...all: string[]): Uint8Array {
  const head = Uint8Array.of(25, 1 + 2 * all.length, 0, 0, ...u32(lifetime));
  return concat(head, addressBytes(...all.map(ip)));
}

/** What a router says. */
function tell(host: Host6, told: Told): void {
  const { lifetime = 1800, preference = 0, options = [], hopLimit = 255 } = told;
  const src = told.src ?? PEER_LINK_LOCAL;
  const rest = ((64 << 24) | (preference << 19) | lifetime) >>> 0;
  const mac = concat(Uint8Array.of(1, 1), PEER_MAC);
  const body = concat(new Uint8Array(8), mac, ...options);
  host.inject(icmp6Frame(134, 0, rest, body, { src, dst: ALL_NODES, hopLimit }));
}

function listening(): Host6 {
  const host = new Host6();
  assertEquals(host.stack.startRouterDiscovery(host.iface.index, host.nowUs), 0);
  host.advance(1);
  host.sent();
  return host;
}

function gateways(host: Host6): string[] {
  return host.stack.routes.filter(({ prefixLen, gateway }) => prefixLen === 0 && gateway !== null)
    .map(({ gateway }) => gateway!.toString());
}

function addresses(host: Host6): string[] {
  return host.iface.addresses.map(({ addr, isDeprecated }) =>
    `${addr}${isDeprecated ? " deprecated" : ""}`
  );
}

Deno.test("router discovery: asks three times, four seconds apart, until a router is heard", () => {
  const host = new Host6();
  host.stack.startRouterDiscovery(host.iface.index, host.nowUs);
  host.advance(30e6);
  const asked = host.sent6().filter(({ payload }) => payload[0] === 133);
  assertEquals(asked.map(({ dst, header }) => `${dst} ${header.hopLimit}`), [
    "ff02::2 255",
    "ff02::2 255",
    "ff02::2 255",
  ]);
  assertEquals([...asked[0].payload.slice(8)], [1, 1, 2, 0, 0, 0, 0, 2]);
  const heard = listening();
  tell(heard, {});
  heard.advance(30e6);
  assertEquals(heard.sent6().filter(({ payload }) => payload[0] === 133).length, 0);
});

Deno.test("router discovery: a default route by its MAC address, for its lifetime", () => {
  const host = listening();
  tell(host, { lifetime: 60 });
  assertEquals(gateways(host), ["fe80::ff:fe00:1"]);
  const socket = host.datagram(2, 17, 10);
  assertEquals(host.send(socket, bytesOf(1), FAR, 9), 1);
  assertEquals(host.sentOne6().dstMac, "02:00:00:00:00:01");
  host.advance(61e6);
  assertEquals(gateways(host), []);
});

Deno.test("router discovery: a lifetime of 0 ends it at once; a preference orders them", () => {
  const host = listening();
  tell(host, { preference: 3 });
  tell(host, { src: ip("fe80::99"), preference: 1 });
  assertEquals(gateways(host), ["fe80::99", "fe80::ff:fe00:1"]);
  tell(host, { preference: 1 });
  tell(host, { src: ip("fe80::99"), preference: 3 });
  assertEquals(gateways(host), ["fe80::ff:fe00:1", "fe80::99"]);
  tell(host, { lifetime: 0 });
  assertEquals(gateways(host), ["fe80::99"]);
});

Deno.test("router discovery: an address in a prefix, once it is free", () => {
  const host = listening();
  tell(host, { options: [prefix("2001:db8:5::", 3600, 1800)] });
  assertEquals(host.stack.routers.isSettled(host.iface), false);
  assertEquals(addresses(host).includes(FORMED), false);
  host.advance(1e6);
  assertEquals(addresses(host).includes(FORMED), true);
  assertEquals(host.stack.routers.isSettled(host.iface), true);
  host.advance(1800e6);
  assertEquals(addresses(host).includes(`${FORMED} deprecated`), true);
  host.advance(1800e6);
  assertEquals(addresses(host).some((text) => text.startsWith(FORMED)), false);
});

Deno.test("router discovery: an address that a user has removed makes no work", () => {
  const host = listening();
  tell(host, { lifetime: 9000, options: [prefix("2001:db8:5::", 3600, 1800)] });
  host.advance(1e6);
  assertEquals(host.stack.removeAddress(host.iface.index, ip(FORMED), host.nowUs), 0);
  host.advance(1800e6);
  host.stack.poll(host.nowUs);
  assertEquals(host.stack.routers.pollAtUs() > host.nowUs, true);
});

Deno.test("router discovery: nobody is robbed of an address within two hours", () => {
  const host = listening();
  tell(host, { options: [prefix("2001:db8:5::", 86400, 86400)] });
  host.advance(1e6);
  tell(host, { options: [prefix("2001:db8:5::", 1, 0)] });
  host.advance(10e6);
  assertEquals(addresses(host).includes(`${FORMED} deprecated`), true);
  host.advance(7200e6);
  assertEquals(addresses(host).some((text) => text.startsWith(FORMED)), false);
});

Deno.test("router discovery: what is no prefix for an address", () => {
  const host = listening();
  const before = addresses(host);
  tell(host, {
    options: [
      prefix("2001:db8:5::", 3600, 3600, 0x80), // on the link, no more
      prefix("2001:db8:6::", 3600, 3600, 0xc0, 56),
      prefix("fe80::", 3600, 3600),
      prefix("2001:db8:7::", 100, 200), // preferred for longer than valid
      prefix("2001:db8:8::", 0, 0),
    ],
  });
  host.advance(1e6);
  assertEquals(addresses(host), before);
  const links = host.stack.routes.filter(({ gateway, dst }) =>
    gateway === null && dst.toString().startsWith("2001:db8:")
  );
  assertEquals(links.map(({ dst, prefixLen }) => `${dst}/${prefixLen}`), [
    "2001:db8::/64",
    "2001:db8:5::/64",
    "2001:db8:6::/56",
  ]);
});

Deno.test("router discovery: name servers, for their lifetime (RFC 8106)", () => {
  const host = listening();
  tell(host, { options: [servers(600, "2001:db8::53", "2001:db8::54")] });
  const known = () => host.stack.routers.nameServers.map(({ addr }) => addr.toString());
  assertEquals(known(), ["2001:db8::53", "2001:db8::54"]);
  tell(host, { options: [servers(0, "2001:db8::53")] });
  assertEquals(known(), ["2001:db8::54"]);
  host.advance(601e6);
  assertEquals(known(), []);
});

Deno.test("router discovery: who lies is bounded, who is far or malformed not heard", () => {
  const host = listening();
  tell(host, { hopLimit: 64 });
  tell(host, { src: ip("2001:db8::1") });
  tell(host, { options: [Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0)] });
  assertEquals(gateways(host), []);
  for (let i = 0; i < 100; i++) tell(host, { src: ip(`fe80::${i + 1}`) });
  const many = Array.from({ length: 30 }, (_, i) => prefix(`2001:db8:${i + 16}::`, 3600, 3600));
  tell(host, { options: many });
  host.advance(1e6);
  assertEquals(gateways(host).length, 8);
  assertEquals(host.iface.addresses.length, 3 + 16);
});

Deno.test("router discovery: who has not asked does not listen", () => {
  const host = new Host6();
  tell(host, { options: [prefix("2001:db8:5::", 3600, 3600)] });
  host.advance(1e6);
  assertEquals([gateways(host), addresses(host).length], [[], 3]);
});

function domains(lifetime: number, ...all: string[]): Uint8Array {
  const names = all.flatMap((name) => [
    ...name.split(".").flatMap((part) => [part.length, ...new TextEncoder().encode(part)]),
    0,
  ]);
  const units = 1 + Math.ceil(names.length / 8);
  const option = new Uint8Array(8 * units);
  option.set([31, units, 0, 0, ...u32(lifetime), ...names]);
  return option;
}

function route(text: string, len: number, lifetime: number, preference = 0, units = 2): Uint8Array {
  const bytes = addressBytes(ip(text)).slice(0, 8 * (units - 1));
  return concat(Uint8Array.of(24, units, len, preference << 3, ...u32(lifetime)), bytes);
}

function mtu(bytes: number): Uint8Array {
  return Uint8Array.of(5, 1, 0, 0, ...u32(bytes));
}

Deno.test("router discovery: search domains, for their lifetime (RFC 8106 5.2)", () => {
  const host = listening();
  tell(host, { options: [domains(600, "lab.test", "example.org")] });
  const { routers } = host.stack;
  assertEquals(routers.searchDomains, ["lab.test", "example.org"]);
  tell(host, { options: [domains(0, "lab.test")] });
  assertEquals(routers.searchDomains, ["example.org"]);
  host.advance(601e6);
  assertEquals(routers.searchDomains, []);
  for (let i = 0; i < 50; i++) tell(host, { options: [domains(600, `d${i}.test`)] });
  assertEquals(routers.searchDomains.length, 8);
});

Deno.test("router discovery: name servers that can be none are not taken", () => {
  const host = listening();
  tell(host, { options: [servers(600, "ff02::53", "::", "::1", "fe80::53")] });
  const told = host.stack.routers.nameServers;
  assertEquals(told.map(({ addr, iface }) => `${addr}%${iface.name}`), ["fe80::53%eth0"]);
});

Deno.test("router discovery: more routes, by preference, for their lifetime (RFC 4191 2.3)", () => {
  const host = listening();
  const more = () =>
    host.stack.routes.filter(({ gateway, prefixLen }) => gateway !== null && prefixLen > 0)
      .map(({ dst, prefixLen, metric }) => `${dst}/${prefixLen} ${metric}`);
  tell(host, {
    options: [
      route("2001:db8:7700::", 40, 600),
      route("2001:db8:9:9:9:9:9:9", 128, 600, 1, 3),
      route("2001:db8:66::", 48, 600, 2), // a preference that is reserved
      route("2001:db8:67::", 65, 600), // the prefix needs more room
      route("2001:db8:68::", 129, 600, 0, 3),
      route("fe80::", 64, 600),
      route("ff00::", 8, 600),
    ],
  });
  assertEquals(more(), ["2001:db8:9:9:9:9:9:9/128 512", "2001:db8:7700::/40 1024"]);
  tell(host, { options: [route("2001:db8:7700::", 40, 600, 3)] });
  assertEquals(more()[1], "2001:db8:7700::/40 2048");
  tell(host, { options: [route("2001:db8:7700::", 40, 0)] });
  assertEquals(more(), ["2001:db8:9:9:9:9:9:9/128 512"]);
  host.advance(601e6);
  assertEquals(more(), []);
  for (let i = 0; i < 60; i++) tell(host, { options: [route(`2001:db8:${i}::`, 48, 600)] });
  assertEquals(more().length, 16);
});

Deno.test("router discovery: a route to everywhere stands above the header (RFC 4191 3.1)", () => {
  const host = listening();
  const metrics = () =>
    host.stack.routes.filter(({ gateway, prefixLen }) => gateway !== null && prefixLen === 0)
      .map(({ metric }) => metric);
  tell(host, { lifetime: 0, options: [route("::", 0, 600, 1, 1)] });
  assertEquals(metrics(), [512]);
  tell(host, { lifetime: 1800, options: [route("::", 0, 0, 0, 1)] });
  assertEquals(metrics(), []);
});

Deno.test("router discovery: the link's MTU, of IPv6, within bounds (RFC 4861 6.3.4)", () => {
  const host = listening();
  tell(host, {});
  const mtuTo = (text: string) => {
    const found = host.stack.view.route(ip(text), null, 0);
    return typeof found === "number" ? found : found.mtu;
  };
  assertEquals(mtuTo("2001:db8:ffff::1"), 1500);
  for (const wrong of [1279, 1501, 0, 0xffffffff]) tell(host, { options: [mtu(wrong)] });
  assertEquals(mtuTo("2001:db8:ffff::1"), 1500);
  tell(host, { options: [mtu(1400)] });
  assertEquals([mtuTo("2001:db8:ffff::1"), mtuTo("198.18.0.1")], [1400, 1500]);
  const socket = host.datagram(2, 17, 10);
  host.sent();
  assertEquals(host.send(socket, new Uint8Array(1390), FAR, 9), 1390);
  assertEquals(host.sent6().map(({ header }) => header.payloadLen + 40 <= 1400), [true, true]);
});

Deno.test("router discovery: whoever speaks with our own address is no router", () => {
  const host = listening();
  tell(host, { src: ip("fe80::ff:fe00:2") });
  assertEquals(gateways(host), []);
});

Deno.test("router discovery: temporary addresses speak first (RFC 6724 5, rule 7)", () => {
  for (const [useTempaddr, isTemporary] of [[0, false], [1, false], [2, true]] as const) {
    const host = new Host6({ config: { ip: { useTempaddr } } });
    host.stack.startRouterDiscovery(host.iface.index, host.nowUs);
    host.advance(1);
    tell(host, { options: [prefix("2001:db8:5::", 9000, 9000)] });
    host.advance(1e6);
    assertEquals(host.iface.addresses.length, useTempaddr === 0 ? 4 : 5);
    const found = host.stack.view.route(ip("2001:db8:5::99"), null, 0);
    const src = typeof found === "number" ? null : host.iface.findAddress(found.src);
    assertEquals(src?.isTemporary, isTemporary, `${useTempaddr}`);
  }
});

Deno.test("router discovery: with a secret addresses are opaque (RFC 7217, RFC 8064)", () => {
  const host = new Host6({ config: { ip: { stableSecret: "2001:db8:1:2:3:4:5:6" } } });
  host.stack.startRouterDiscovery(host.iface.index, host.nowUs);
  host.advance(1);
  tell(host, { options: [prefix("2001:db8:5::", 9000, 9000)] });
  host.advance(1e6);
  const formed = addresses(host).filter((text) => text.startsWith("2001:db8:5:"));
  assertEquals([formed.length, formed.includes(FORMED)], [1, false]);
});

Deno.test("router discovery: a router that does not answer is passed by (RFC 4861 6.3.6)", () => {
  const host = listening();
  const via = () => {
    const found = host.stack.view.route(FAR, null, 0);
    return typeof found === "number" ? found : found.gateway?.toString();
  };
  const second = ip("fe80::99");
  tell(host, { preference: 1 });
  tell(host, { src: second, preference: 3 });
  assertEquals(via(), "fe80::ff:fe00:1");
  const socket = host.datagram(2, 17, 10);
  for (let i = 0; i < 12; i++) {
    host.send(socket, bytesOf(1), FAR, 9); // it was known, and is asked anew while it is used
    host.advance(1e6);
  }
  assertEquals(via(), "fe80::99");
  tell(host, { preference: 1 }); // it is back
  assertEquals(via(), "fe80::ff:fe00:1");
});

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

Deno.test("router discovery: an address that a user has removed makes no work until it ends", () => {
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
  const known = () => host.stack.routers.nameServers.map(String);
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

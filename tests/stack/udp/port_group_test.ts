import { assert, assertEquals } from "@std/assert";
import { UdpEndpoint } from "../../../stack/udp/mod.ts";
import { PortGroup } from "../../../stack/udp/port_group.ts";
import { Packet } from "../../../stack/base/packet.ts";
import { ip } from "../net_fixture.ts";

const SINK = { receive: () => {}, icmpError: () => {} };

function endpoint(local: string, fields: Partial<UdpEndpoint> = {}): UdpEndpoint {
  const domain = local.includes(":") && !local.includes("ffff") ? 10 : 2;
  return Object.assign(new UdpEndpoint(domain, SINK), { local: ip(local), ...fields });
}

function packetTo(dst: string, ifIndex = 2): Packet {
  const { w0, w1, w2, w3, family } = ip(dst);
  return Object.assign(new Packet(), { dst0: w0, dst1: w1, dst2: w2, dst3: w3, family, ifIndex });
}

Deno.test("who may bind beside whom", () => {
  const cases: [UdpEndpoint, UdpEndpoint, boolean][] = [
    [endpoint("0.0.0.0"), endpoint("0.0.0.0"), false],
    [endpoint("0.0.0.0"), endpoint("10.0.0.1"), false],
    [endpoint("10.0.0.1"), endpoint("10.0.0.2"), true],
    [endpoint("10.0.0.1"), endpoint("10.0.0.1"), false],
    [endpoint("0.0.0.0"), endpoint("::"), false],
    [endpoint("0.0.0.0"), endpoint("::", { isV6Only: true }), true],
    [endpoint("::"), endpoint("::", { isV6Only: true }), false],
    [endpoint("10.0.0.1"), endpoint("::"), false],
    [endpoint("0.0.0.0", { reuseAddr: true }), endpoint("0.0.0.0", { reuseAddr: true }), true],
    [endpoint("0.0.0.0", { reuseAddr: true }), endpoint("0.0.0.0"), false],
    [endpoint("0.0.0.0", { reusePort: true }), endpoint("0.0.0.0", { reusePort: true }), true],
    [endpoint("0.0.0.0", { reusePort: true }), endpoint("0.0.0.0", { reuseAddr: true }), false],
    [endpoint("0.0.0.0", { ifIndex: 2 }), endpoint("0.0.0.0", { ifIndex: 3 }), true],
    [endpoint("0.0.0.0", { ifIndex: 2 }), endpoint("0.0.0.0"), false],
  ];
  for (const [first, second, allowed] of cases) {
    const group = new PortGroup();
    group.add(first);
    assertEquals(group.permits(second, second.local), allowed);
  }
});

Deno.test("the best match: address, then device, then the latest", () => {
  const group = new PortGroup();
  const any = endpoint("0.0.0.0");
  const bound = endpoint("10.0.0.1");
  const device = endpoint("0.0.0.0", { ifIndex: 2 });
  const later = endpoint("0.0.0.0");
  const dual = endpoint("::");
  for (const e of [any, bound, device, later, dual]) group.add(e);
  assertEquals(group.find(packetTo("10.0.0.1"), 0), bound);
  assertEquals(group.find(packetTo("10.0.0.2"), 0), device);
  assertEquals(group.find(packetTo("10.0.0.2", 3), 0), later);
  group.remove(later);
  group.remove(any);
  assertEquals(group.find(packetTo("10.0.0.2", 3), 0), dual);
  dual.isV6Only = true;
  assertEquals(group.find(packetTo("10.0.0.2", 3), 0), null);
  assertEquals(group.find(packetTo("2001:db8::1", 3), 0), dual);
});

Deno.test("SO_REUSEPORT spreads by the hash, the same flow to the same endpoint", () => {
  const group = new PortGroup();
  const members = [1, 2, 3].map(() => endpoint("0.0.0.0", { reusePort: true }));
  for (const e of members) group.add(e);
  const seen = new Map<UdpEndpoint, number>();
  for (let hash = -300; hash < 300; hash++) {
    const found = group.find(packetTo("10.0.0.1"), hash);
    assert(found !== null && found === group.find(packetTo("10.0.0.1"), hash));
    seen.set(found, (seen.get(found) ?? 0) + 1);
  }
  assertEquals([...seen.values()], [200, 200, 200]);
});

Deno.test("connected endpoints are not looked at for strangers", () => {
  const group = new PortGroup();
  const e = endpoint("0.0.0.0");
  group.add(e);
  e.remote = ip("10.0.0.9");
  group.refresh(e);
  assertEquals(group.find(packetTo("10.0.0.1"), 0), null);
  assertEquals(group.all.length, 1);
  e.remote = null;
  group.refresh(e);
  assertEquals(group.find(packetTo("10.0.0.1"), 0), e);
});

import { assertEquals } from "@std/assert";
import { ENETUNREACH, ENODEV, type StackConfigOverrides } from "../../../stack/mod.ts";
import {
  arpFrame,
  bytesOf,
  Host,
  ip,
  OUR_ADDR,
  OUR_MAC,
  PEER_ADDR,
  PEER_MAC,
} from "../net_fixture.ts";

const SOCK_DGRAM = 2;

function routesOf({ stack }: Host): string[] {
  return stack.routes.map(({ dst, prefixLen }) => `${dst}/${prefixLen}`);
}

function setUp(host: Host, isUp: boolean, index = host.iface.index): number {
  return host.stack.admin.setInterfaceUp(index, isUp, host.nowUs);
}

Deno.test("down: no route, nothing comes in or leaves; up: what came with the address", () => {
  const host = new Host();
  const { iface, stack } = host;
  stack.addRoute({ dst: ip("203.0.113.0"), prefixLen: 24, gateway: PEER_ADDR });
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(setUp(host, false, 9), -ENODEV);
  assertEquals(setUp(host, false), 0);

  assertEquals([iface.isUp, iface.flags & 0x41, routesOf(host)], [false, 0, []]);
  assertEquals(host.send(socket, bytesOf(1), PEER_ADDR, 7), -ENETUNREACH);
  host.inject(arpFrame(1, PEER_MAC, PEER_ADDR, OUR_MAC, OUR_ADDR));
  assertEquals([host.sent(), iface.rxPackets > 0], [[], true]);
  assertEquals(stack.view.neighbours(host.nowUs), []);
  assertEquals(stack.isLocal(OUR_ADDR), true); // as on Linux

  assertEquals(setUp(host, true), 0);
  assertEquals(routesOf(host), ["198.18.0.0/24"]);
  host.inject(arpFrame(1, PEER_MAC, PEER_ADDR, OUR_MAC, OUR_ADDR));
  host.sent();
  assertEquals(host.send(socket, bytesOf(1), PEER_ADDR, 7), 1);
  host.sentOne();
});

Deno.test("what is queued when it goes down is lost, and counted", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(host.send(socket, bytesOf(1), PEER_ADDR, 7), 1);
  setUp(host, false);
  assertEquals([host.sent(), host.iface.txDropped], [[], 1]);
});

Deno.test("an address that it gets while it is down has its route when it is up", () => {
  const host = new Host();
  setUp(host, false);
  assertEquals(host.stack.addAddress(2, ip("198.18.1.2"), 24, host.nowUs), 0);
  assertEquals(routesOf(host), []);
  setUp(host, true);
  assertEquals(routesOf(host), ["198.18.0.0/24", "198.18.1.0/24"]);
});

Deno.test("IPv6: what was configured is lost, the link's own comes back", () => {
  const config: StackConfigOverrides = {};
  const host = new Host({ config });
  for (const text of ["fe80::1", "2001:db8::1"]) {
    assertEquals(host.stack.addAddress(2, ip(text), 64, host.nowUs), 0);
  }
  setUp(host, false);
  assertEquals(host.iface.addresses.map(({ addr }) => `${addr}`), [`${OUR_ADDR}`]);
  setUp(host, true);
  assertEquals(host.iface.addresses.map(({ addr }) => `${addr}`), [`${OUR_ADDR}`, "fe80::1"]);
  assertEquals(routesOf(host).sort(), ["198.18.0.0/24", "fe80::/64"]);
  setUp(host, false, 1);
  assertEquals(host.stack.interfaces[0].addresses.length, 1);
  setUp(host, true, 1);
  assertEquals(host.stack.isLocal(ip("::1")), true);
});

Deno.test("a VLAN goes down and comes up with what it is on", () => {
  const host = new Host();
  const vlan = host.stack.addVlan(2, 7, "eth0.7", OUR_MAC);
  if (typeof vlan === "number") throw new Error(`${vlan}`);
  setUp(host, false);
  assertEquals(vlan.isUp, false);
  setUp(host, true);
  assertEquals(vlan.isUp, true);
});

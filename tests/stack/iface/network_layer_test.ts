import { assertEquals } from "@std/assert";
import { EADDRNOTAVAIL, EEXIST, EINVAL, ENETUNREACH, ENODEV, ESRCH } from "../../../stack/mod.ts";
import { bytesOf, Host, ip, OUR_ADDR, parseUdpFrame, PEER_ADDR } from "../net_fixture.ts";

Deno.test("addresses: what can be added, and removed", () => {
  const { stack, iface, nowUs } = new Host();
  const add = (text: string, len: number, ifIndex = iface.index) =>
    stack.addAddress(ifIndex, ip(text), len, nowUs);
  assertEquals(add("198.18.0.2", 24), -EEXIST);
  assertEquals(add("198.18.1.2", 24, 9), -ENODEV);
  assertEquals(add("198.18.1.2", 33), -EINVAL);
  assertEquals(add("224.0.0.1", 24), -EINVAL);
  assertEquals(add("0.0.0.0", 24), -EINVAL);
  assertEquals(add("2001:db8::1", 129), -EINVAL);
  assertEquals(add("ff02::5", 64), -EINVAL);
  assertEquals(add("2001:db8::1", 64), 0);
  assertEquals(stack.removeAddress(iface.index, ip("2001:db8::1"), nowUs), 0);
  assertEquals(add("198.18.1.2", 24), 0);
  assertEquals(stack.routes.length, 2);
  assertEquals(stack.removeAddress(iface.index, ip("198.18.1.3"), nowUs), -EADDRNOTAVAIL);
  assertEquals(stack.removeAddress(iface.index, ip("198.18.1.2"), nowUs), 0);
  assertEquals([stack.routes.length, iface.addresses.length], [1, 1]);
});

Deno.test("addresses: the subnet's route goes with the last of its addresses", () => {
  const { stack, iface, nowUs } = new Host();
  for (const address of ["198.18.1.2", "198.18.1.3"]) {
    assertEquals(stack.addAddress(iface.index, ip(address), 24, nowUs), 0);
  }
  assertEquals(stack.removeAddress(iface.index, ip("198.18.1.2"), nowUs), 0);
  assertEquals(stack.routes.some(({ dst }) => dst.equals(ip("198.18.1.0"))), true);
  assertEquals(stack.removeAddress(iface.index, ip("198.18.1.3"), nowUs), 0);
  assertEquals(stack.routes.some(({ dst }) => dst.equals(ip("198.18.1.0"))), false);
});

Deno.test("routes: gateways must be on-link and not ourselves", () => {
  const { stack, iface } = new Host();
  const any = { dst: ip("0.0.0.0"), prefixLen: 0 };
  assertEquals(stack.addRoute({ ...any, gateway: ip("10.0.0.1") }), -ENETUNREACH);
  assertEquals(stack.addRoute({ ...any, gateway: OUR_ADDR }), -EINVAL);
  assertEquals(stack.addRoute({ ...any, gateway: null }), -ENODEV);
  assertEquals(stack.addRoute({ ...any, gateway: PEER_ADDR }), 0);
  assertEquals(stack.addRoute({ ...any, gateway: PEER_ADDR }), -EEXIST);
  const onLink = { dst: ip("10.1.2.3"), prefixLen: 8, gateway: null, ifIndex: iface.index };
  assertEquals(stack.addRoute(onLink), 0);
  assertEquals(stack.routes.map((r) => `${r.dst}/${r.prefixLen}`), [
    "198.18.0.0/24",
    "10.0.0.0/8",
    "0.0.0.0/0",
  ]);
  assertEquals(stack.removeRoute(onLink), 0);
  assertEquals(stack.removeRoute(onLink), -ESRCH);
});

Deno.test("sockets follow a changed route", () => {
  const host = new Host();
  const far = ip("203.0.113.1");
  const spec = { dst: ip("0.0.0.0"), prefixLen: 0, gateway: PEER_ADDR };
  host.stack.addRoute(spec);
  const socket = host.datagram(2, 0);
  socket.connect(far, 7, host.nowUs);
  assertEquals(host.send(socket, bytesOf(1), null), 1);
  assertEquals(parseUdpFrame(host.sentOne()).dst, "203.0.113.1");
  host.stack.removeRoute(spec);
  assertEquals(host.send(socket, bytesOf(1), null), -ENETUNREACH);
});

Deno.test("quiet only when nothing waits for a neighbour", () => {
  const host = new Host();
  assertEquals(host.stack.isQuiet(), true);
  const socket = host.datagram(2, 0);
  host.send(socket, bytesOf(1), ip("198.18.0.77"), 7);
  socket.close(host.nowUs);
  assertEquals(host.stack.isQuiet(), false);
  host.advance(4e6);
  assertEquals(host.stack.isQuiet(), true);
});

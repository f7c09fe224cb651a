import { assertEquals } from "@std/assert";
import { EADDRNOTAVAIL, EINVAL, ENETUNREACH } from "../../../stack/mod.ts";
import { bytesOf, FakeDevice, ip, NO_OFFLOAD } from "../net_fixture.ts";
import { Host6, OUR_ADDR6, OUR_LINK_LOCAL } from "../v6_fixture.ts";

const ANY = { dst: ip("::"), prefixLen: 0 };

/** A host with a second interface, which has a link-local address alone. */
function twoLinks() {
  const host = new Host6();
  const link = new FakeDevice(NO_OFFLOAD, 1500);
  const second = host.stack.addInterface({
    name: "eth1",
    mac: Uint8Array.of(2, 0, 0, 0, 1, 2),
    link,
  });
  host.stack.addAddress(second.index, ip("fe80::ff:fe00:102"), 64, host.nowUs);
  host.advance(30e6);
  host.sent();
  link.frames.length = 0;
  return { host, second, link };
}

Deno.test("routes: off the link without a route; with a gateway: by its MAC address", () => {
  const host = new Host6();
  const far = ip("2001:db8:ffff::1");
  const socket = host.datagram(2, 17, 10);
  assertEquals(host.send(socket, bytesOf(1), far, 7), -ENETUNREACH);
  assertEquals(host.stack.addRoute({ ...ANY, gateway: ip("2001:db8::1") }), 0);
  assertEquals(host.send(socket, bytesOf(1), far, 7), 1);
  const { dstMac, dst } = host.sentOne6();
  assertEquals([dstMac, dst], ["02:00:00:00:00:01", "2001:db8:ffff::1"]);
});

Deno.test("routes: a gateway by its address on the link", () => {
  const host = new Host6();
  const gateway = ip("fe80::ff:fe00:1");
  assertEquals(host.stack.addRoute({ ...ANY, gateway, ifIndex: host.iface.index }), 0);
  const socket = host.datagram(2, 17, 10);
  assertEquals(host.send(socket, bytesOf(1), ip("2001:db8:ffff::1"), 7), 1);
  const { dstMac, src } = host.sentOne6();
  assertEquals([dstMac, src], ["02:00:00:00:00:01", "2001:db8::2"]);
});

Deno.test("routes: the link of a link-local address: asked for, or that of the source", () => {
  const { host, second, link } = twoLinks();
  const peer = ip("fe80::99");
  const socket = host.datagram(2, 17, 10);
  const withLink = (index: number) => (dv: DataView, off: number) =>
    dv.setInt32(off + 36, index, true);
  host.send(socket, bytesOf(1), peer, 7, 0, withLink(second.index));
  host.flush();
  assertEquals([host.device.frames.length, link.frames.length], [0, 1]);
  const bound = host.datagram(2, 17, 10);
  bound.bind(OUR_LINK_LOCAL, 0, host.nowUs);
  link.frames.length = 0;
  host.send(bound, bytesOf(1), peer, 7);
  host.flush();
  assertEquals([host.device.frames.length, link.frames.length], [1, 0]);
});

Deno.test("routes: addresses that cannot go together", () => {
  const { host } = twoLinks();
  const socket = host.datagram(2, 17, 10);
  socket.bind(ip("::1"), 0, host.nowUs);
  assertEquals(host.send(socket, bytesOf(1), ip("2001:db8::1"), 7), -EINVAL);
  const other = host.datagram(2, 17, 10);
  assertEquals(other.bind(ip("2001:db8::77"), 0, host.nowUs), -EADDRNOTAVAIL);
});

Deno.test("routes: a host with nothing but link-local addresses has none to go far with", () => {
  const host = new Host6();
  host.stack.removeAddress(host.iface.index, OUR_ADDR6, host.nowUs);
  host.stack.addRoute({ ...ANY, gateway: ip("fe80::1"), ifIndex: host.iface.index });
  const socket = host.datagram(2, 17, 10);
  assertEquals(host.send(socket, bytesOf(1), ip("2001:db8:ffff::1"), 7), 1);
  host.sent();
  assertEquals(host.stack.removeAddress(host.iface.index, OUR_LINK_LOCAL, host.nowUs), 0);
  assertEquals(
    host.send(socket, bytesOf(1), ip("2001:db8:ffff::1"), 7),
    -EADDRNOTAVAIL,
  );
});

Deno.test("routes: to a group, by its MAC address, and back to its members here", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  socket.bind(ip("::"), 5000, host.nowUs);
  assertEquals(host.send(socket, bytesOf(1), ip("ff02::1"), 5000), 1);
  const { dstMac, src } = host.sentOne6();
  assertEquals([dstMac, src], ["33:33:00:00:00:01", OUR_LINK_LOCAL.toString()]);
  assertEquals(socket.recvCount(), 1, "every node is in ff02::1");
});

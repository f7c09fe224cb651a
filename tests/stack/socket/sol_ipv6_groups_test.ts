import { assertEquals } from "@std/assert";
import { setOption } from "../../../stack/mod.ts";
import { bytesOf, ip } from "../net_fixture.ts";
import { addressBytes, concat, Host6, ip6Frame, PEER_ADDR6, udp6Packet } from "../v6_fixture.ts";

const [EADDRNOTAVAIL, EADDRINUSE, EINVAL, ENODEV, EPROTO] = [99, 98, 22, 19, 71];
const GROUP = ip("ff05::77");

function mreq(group: string, index: number): Uint8Array {
  return concat(addressBytes(ip(group)), Uint8Array.of(index, 0, 0, 0));
}

/** struct group_req, or with a source group_source_req. */
function request(index: number, ...addresses: string[]): Uint8Array {
  const value = new Uint8Array(8 + 128 * addresses.length);
  value[0] = index;
  addresses.forEach((text, i) => {
    value[8 + 128 * i] = 10;
    value.set(addressBytes(ip(text)), 8 + 128 * i + 8);
  });
  return value;
}

function bound(host: Host6) {
  const socket = host.datagram(2, 17, 10);
  socket.bind(ip("::"), 5000, host.nowUs);
  const set = (name: number, value: Uint8Array) =>
    setOption(socket as never, 41, name, value, host.nowUs);
  return { socket, set };
}

function hear(host: Host6, src = PEER_ADDR6): void {
  const packet = udp6Packet(7, 5000, bytesOf(4), src, GROUP);
  host.inject(ip6Frame(17, packet, { src, dst: GROUP }));
}

Deno.test("groups: joined by ipv6_mreq, heard, left; Linux's errors", () => {
  const host = new Host6();
  const { index } = host.iface;
  const { socket, set } = bound(host);
  hear(host);
  assertEquals(socket.recvCount(), 0);
  assertEquals(set(20, mreq("ff05::77", index)), 0);
  assertEquals(set(20, mreq("ff05::77", index)), -EADDRINUSE);
  hear(host);
  assertEquals(socket.recvCount(), 1);
  assertEquals(set(20, mreq("2001:db8::1", index)), -EINVAL);
  assertEquals(set(20, mreq("ff05::78", 99)), -ENODEV);
  assertEquals(set(20, new Uint8Array(19)), -EINVAL);
  assertEquals(set(21, mreq("ff05::78", index)), -EADDRNOTAVAIL);
  assertEquals(set(21, mreq("ff05::77", index)), 0);
  hear(host);
  assertEquals(socket.recvCount(), 1);
  const stream = host.stack.socket(10, 1, 0);
  assertEquals(setOption(stream as never, 41, 20, mreq("ff05::77", index), host.nowUs), -EPROTO);
});

Deno.test("groups: joined for one source alone (RFC 3678)", () => {
  const host = new Host6();
  const { index } = host.iface;
  const { socket, set } = bound(host);
  assertEquals(set(46, request(index, "ff05::77", "2001:db8::9")), 0);
  hear(host);
  assertEquals(socket.recvCount(), 0);
  hear(host, ip("2001:db8::9"));
  assertEquals(socket.recvCount(), 1);
  assertEquals(set(47, request(index, "ff05::77", "2001:db8::8")), -EADDRNOTAVAIL);
  assertEquals(set(47, request(index, "ff05::77", "2001:db8::9")), 0);
  hear(host, ip("2001:db8::9"));
  assertEquals(socket.recvCount(), 1);
});

Deno.test("groups: joined for all, one source blocked", () => {
  const host = new Host6();
  const { index } = host.iface;
  const { socket, set } = bound(host);
  assertEquals(set(42, request(index, "ff05::77")), 0);
  assertEquals(set(43, request(index, "ff05::77", "2001:db8::1")), 0);
  hear(host);
  hear(host, ip("2001:db8::9"));
  assertEquals(socket.recvCount(), 1);
  assertEquals(set(44, request(index, "ff05::77", "2001:db8::1")), 0);
  hear(host);
  assertEquals(socket.recvCount(), 2);
  assertEquals(set(45, request(index, "ff05::77")), 0);
});

Deno.test("groups: what is left, or blocked no more, is not remembered for ever", () => {
  const host = new Host6();
  const { index } = host.iface;
  const { socket, set } = bound(host);
  const { numbers } = host.stack.ipv6.mld;
  const before = numbers.count;
  for (let i = 0; i < 6000; i++) {
    const source = `2001:db8:7::${i.toString(16)}`;
    assertEquals(set(46, request(index, "ff05::77", source)), 0);
    if (i % 3 === 0) assertEquals(set(45, request(index, "ff05::77")), 0);
    else assertEquals(set(47, request(index, "ff05::77", source)), 0);
    host.stack.poll(host.nowUs);
  }
  // So many are known for a while longer, as reports may have to name them
  assertEquals(numbers.count <= before + 4096 + 1, true, `${numbers.count}`);
  socket.close(host.nowUs);
});

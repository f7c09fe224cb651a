import { assertEquals } from "@std/assert";
import {
  EINVAL,
  ENODEV,
  ENOPROTOOPT,
  EOPNOTSUPP,
  getOption,
  setOption,
} from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { bytesOf, Host, ip, PEER_ADDR } from "../net_fixture.ts";
import { addressBytes, concat, Host6, PEER_ADDR6 } from "../v6_fixture.ts";
import { checkLevel } from "./linux_options.ts";

Deno.test("IPPROTO_IPV6 on dual-stack sockets as Linux answers", () => {
  checkLevel(41, 3000);
});

Deno.test("not on AF_INET sockets; V6ONLY not once bound", () => {
  const host = new Host();
  const v4 = host.datagram(2, 0);
  assertEquals(setOption(v4, 41, 26, intBytes(1), host.nowUs), -ENOPROTOOPT);
  assertEquals(getOption(v4, 41, 26, 4, host.nowUs), -EOPNOTSUPP);
  const v6 = host.datagram(2, 0, 10);
  v6.bind(ip("::"), 5000, host.nowUs);
  assertEquals(setOption(v6, 41, 26, intBytes(1), host.nowUs), -EINVAL);
});

Deno.test("each number has its bounds, what -1 stands for, and a place of its own", () => {
  const host = new Host();
  const socket = host.datagram(2, 0, 10);
  const set = (name: number, n: number) => setOption(socket, 41, name, intBytes(n), host.nowUs);
  const get = (name: number) => {
    const value = getOption(socket, 41, name, 4, host.nowUs) as Uint8Array;
    return new DataView(value.buffer, value.byteOffset).getInt32(0, true);
  };
  const NUMBERS: [name: number, least: number, most: number, leastIs: number][] = [
    [16, -1, 255, 64], // IPV6_UNICAST_HOPS
    [18, -1, 255, 1], // IPV6_MULTICAST_HOPS
    [19, 0, 1, 0], // IPV6_MULTICAST_LOOP
    [23, 0, 5, 0], // IPV6_MTU_DISCOVER
    [67, -1, 255, 0], // IPV6_TCLASS
    [73, 0, 255, 0], // IPV6_MINHOPCOUNT
  ];
  for (const [name, least, most, leastIs] of NUMBERS) {
    assertEquals([set(name, least - 1), set(name, most + 1)], [-EINVAL, -EINVAL], `${name}`);
    assertEquals([set(name, least), get(name)], [0, leastIs], `${name}`);
    assertEquals([set(name, most), get(name)], [0, most], `${name}`);
  }
  const before = NUMBERS.map(([name]) => get(name));
  for (const [i, [name, , most]] of NUMBERS.entries()) {
    const other = most === 1 ? 0 : i + 2;
    assertEquals(set(name, other), 0);
    before[i] = other;
    assertEquals(NUMBERS.map(([each]) => get(each)), before, `${name}`);
  }
});

Deno.test("IPV6_PKTINFO: where all datagrams leave, and from which address", () => {
  const host = new Host6();
  const { index } = host.iface;
  const socket = host.datagram(2, 17, 10);
  const set = (addr: string, ifIndex: number) =>
    setOption(socket, 41, 50, concat(addressBytes(ip(addr)), intBytes(ifIndex)), host.nowUs);
  assertEquals(set("::", 99), -ENODEV);
  assertEquals(set("::", index), 0);
  assertEquals(host.send(socket, bytesOf(1), ip("ff02::1"), 9), 1);
  assertEquals(host.sentOne6().src, "fe80::ff:fe00:2");
  assertEquals(set("2001:db8::2", 0), 0);
  assertEquals(host.send(socket, bytesOf(1), ip("ff02::1"), 9), 1);
  assertEquals(host.sentOne6().src, "2001:db8::2");
});

Deno.test("options of IPv6 leave those of IPv4 on a dual-stack socket alone", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  // IPV6_UNICAST_HOPS, MULTICAST_HOPS, MULTICAST_LOOP, MTU_DISCOVER, RECVERR, TCLASS, MINHOPCOUNT
  const names = [[16, 2], [18, 33], [19, 34], [23, 10], [25, 11], [67, 1], [73, 21]];
  const before = names.map(([, v4]) => getOption(socket, 0, v4, 4, host.nowUs));
  for (const [v6] of names) assertEquals(setOption(socket, 41, v6, intBytes(0), host.nowUs), 0);
  for (const [v6] of names.slice(0, 2)) setOption(socket, 41, v6, intBytes(9), host.nowUs);
  assertEquals(names.map(([, v4]) => getOption(socket, 0, v4, 4, host.nowUs)), before);
  assertEquals(setOption(socket, 0, 2, intBytes(33), host.nowUs), 0);
  assertEquals(host.send(socket, bytesOf(1), PEER_ADDR6, 9), 1);
  assertEquals(host.sentOne6().header.hopLimit, 9);
  assertEquals(host.send(socket, bytesOf(1), PEER_ADDR, 9), 1);
  assertEquals(host.sentOne().bytes[14 + 8], 33);
});

Deno.test("IPPROTO_IP is not there on raw sockets of IPv6", () => {
  const host = new Host6();
  const raw = host.datagram(3, 58, 10);
  assertEquals(setOption(raw, 0, 2, intBytes(1), host.nowUs), -ENOPROTOOPT);
  assertEquals(getOption(raw, 0, 2, 4, host.nowUs), -ENOPROTOOPT);
});

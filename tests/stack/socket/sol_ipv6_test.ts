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
import { bytesOf, Host, ip } from "../net_fixture.ts";
import { addressBytes, concat, Host6 } from "../v6_fixture.ts";
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
    [29, 0, 1, 0], // IPV6_MULTICAST_ALL
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

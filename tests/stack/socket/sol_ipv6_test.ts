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

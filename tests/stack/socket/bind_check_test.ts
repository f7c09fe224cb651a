import { assertEquals } from "@std/assert";
import { EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, setOption } from "../../../stack/mod.ts";
import { Host, ip } from "../net_fixture.ts";

Deno.test("what a datagram socket may be bound to", () => {
  const cases: [number, string, number][] = [
    [2, "0.0.0.0", 0],
    [2, "198.18.0.2", 0],
    [2, "127.3.2.1", 0],
    [2, "198.18.0.255", 0],
    [2, "255.255.255.255", 0],
    [2, "239.1.2.3", 0],
    [2, "198.18.0.3", -EADDRNOTAVAIL],
    [2, "203.0.113.1", -EADDRNOTAVAIL],
    [2, "::", -EAFNOSUPPORT],
    [10, "::", 0],
    [10, "::ffff:198.18.0.2", 0],
    [10, "::ffff:198.18.0.3", -EADDRNOTAVAIL],
    [10, "::1", 0],
    [10, "ff05::7", 0],
    [10, "2001:db8::9", -EADDRNOTAVAIL],
  ];
  for (const [domain, addr, expected] of cases) {
    const host = new Host();
    const socket = host.datagram(2, 0, domain);
    assertEquals(socket.bind(ip(addr), 5000, host.nowUs), expected, `${domain} ${addr}`);
  }
});

Deno.test("IP_FREEBIND allows any address, IPV6_V6ONLY none of IPv4", () => {
  const host = new Host();
  const free = host.datagram(2, 0);
  setOption(free, 0, 15, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  assertEquals(free.bind(ip("203.0.113.1"), 5000, host.nowUs), 0);
  const only = host.datagram(2, 0, 10);
  setOption(only, 41, 26, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  assertEquals(only.bind(ip("::ffff:198.18.0.2"), 5000, host.nowUs), -EINVAL);
});

import { assertEquals } from "@std/assert";
import { EINVAL, ENODEV, needsScope, useScope } from "../../../stack/mod.ts";
import { ip } from "../net_fixture.ts";
import { Host6 } from "../v6_fixture.ts";

const FAR = ip("fe80::9");

Deno.test("scope: which addresses mean nothing without a link", () => {
  const all = ["fe80::1", "ff02::1", "ff01::1", "ff05::1", "2001:db8::1", "::1", "169.254.1.1"];
  assertEquals(all.map((text) => needsScope(ip(text))), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("scope: a link-local address ties the socket to its link, as on Linux", () => {
  const host = new Host6();
  const { index } = host.iface;
  const socket = host.datagram(2, 17, 10) as never as Parameters<typeof useScope>[0];
  assertEquals(useScope(socket, FAR, 0), -EINVAL);
  assertEquals(useScope(socket, FAR, 99), -ENODEV);
  assertEquals(useScope(socket, ip("2001:db8::1"), 99), 0);
  assertEquals(socket.options.ifIndex, 0);
  assertEquals(useScope(socket, FAR, index), 0);
  assertEquals(socket.options.ifIndex, index);
  assertEquals([useScope(socket, FAR, 0), useScope(socket, FAR, 1)], [0, -EINVAL]);
  const other = host.datagram(2, 17, 10) as never as typeof socket;
  assertEquals(useScope(other, ip("ff02::1"), 0), 0, "a group may go anywhere");
});

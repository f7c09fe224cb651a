import { assertEquals } from "@std/assert";
import { UdpEndpoint } from "../../../stack/udp/mod.ts";
import { ip } from "../net_fixture.ts";

const SINK = { receive: () => {}, icmpError: () => {} };

Deno.test("which endpoints IPv4 comes to", () => {
  const v4 = new UdpEndpoint(2, SINK);
  assertEquals(v4.hearsV4, true);
  const dual = new UdpEndpoint(10, SINK);
  dual.local = ip("::");
  assertEquals(dual.hearsV4, true);
  dual.isV6Only = true;
  assertEquals(dual.hearsV4, false);
  const mapped = new UdpEndpoint(10, SINK);
  mapped.local = ip("::ffff:198.18.0.2");
  assertEquals(mapped.hearsV4, true);
  const native = new UdpEndpoint(10, SINK);
  native.local = ip("2001:db8::1");
  assertEquals(native.hearsV4, false);
});

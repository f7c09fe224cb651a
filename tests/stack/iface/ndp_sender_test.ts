import { assertEquals } from "@std/assert";
import { ip } from "../net_fixture.ts";
import { Host6 } from "../v6_fixture.ts";

Deno.test("ndp sender: a new address is told to all, with our MAC address", () => {
  const host = new Host6();
  host.stack.addAddress(host.iface.index, ip("2001:db8::55"), 64, host.nowUs);
  const all = host.sent6();
  const [told] = all.filter(({ payload }) => payload[0] === 136);
  assertEquals([told.src, told.dst, told.dstMac], [
    "2001:db8::55",
    "ff02::1",
    "33:33:00:00:00:01",
  ]);
  assertEquals([told.header.hopLimit, told.payload[4]], [255, 0x20]);
  assertEquals([...told.payload.slice(24)], [2, 1, 2, 0, 0, 0, 0, 2]);
});

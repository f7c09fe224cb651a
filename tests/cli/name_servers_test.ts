import { assertEquals } from "@std/assert";
import { parseResolvConf } from "../../cli/name_servers.ts";

Deno.test("the first three of resolv.conf, of either family; comments and rubbish left out", () => {
  const text = [
    "# nameserver 192.0.2.9",
    "search example.test",
    "nameserver 192.0.2.1",
    "nameserver\t2001:db8::53",
    "nameserver fe80::1%eth0",
    "nameserver nonsense",
    " nameserver 192.0.2.8",
    "nameserver 192.0.2.2 # the other one",
    "nameserver 192.0.2.3",
  ].join("\n");
  assertEquals(parseResolvConf(text).map((address) => [...address]), [
    [192, 0, 2, 1],
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53],
    [192, 0, 2, 2],
  ]);
});

Deno.test("without any it is this host", () => {
  assertEquals(parseResolvConf("options edns0\n"), [Uint8Array.of(127, 0, 0, 1)]);
});

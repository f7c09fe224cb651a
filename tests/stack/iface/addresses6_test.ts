import { assert, assertEquals } from "@std/assert";
import {
  isSolicitedNode,
  linkLocalOf,
  sharedLinkLocalOf,
  solicitedNode,
} from "../../../stack/iface/addresses6.ts";
import { ip } from "../net_fixture.ts";

Deno.test("addresses: the group of a node (RFC 4291 2.7.1's example)", () => {
  const group = solicitedNode(ip("4037::01:800:200e:8c6c"));
  assertEquals(group.toString(), "ff02::1:ff0e:8c6c");
  assert(isSolicitedNode(group));
  assert(!isSolicitedNode(ip("ff02::1")) && !isSolicitedNode(ip("ff02::1:fe00:1")));
});

Deno.test("addresses: of one's own on a link (RFC 2464 4's example)", () => {
  const mac = Uint8Array.of(0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde);
  assertEquals(linkLocalOf(mac).toString(), "fe80::3656:78ff:fe9a:bcde");
});

Deno.test("addresses: another one where the MAC address is shared, the same each time", () => {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 2);
  const shared = sharedLinkLocalOf(mac);
  assert(shared.isLinkLocal && !shared.equals(linkLocalOf(mac)));
  assert(shared.equals(sharedLinkLocalOf(mac.slice())));
  assertEquals([shared.w1, shared.w2 & 0x02000000], [0, 0]);
  const next = sharedLinkLocalOf(Uint8Array.of(2, 0, 0, 0, 0, 3));
  assert(!next.equals(shared));
});

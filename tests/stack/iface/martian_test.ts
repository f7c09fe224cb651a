import { assertEquals } from "@std/assert";
import * as drop from "../../../stack/base/drop_reason.ts";
import { broadcastOf } from "../../../stack/iface/interface.ts";
import { InterfaceTable } from "../../../stack/iface/interface_table.ts";
import { martianReason } from "../../../stack/iface/martian.ts";
import { Host, ip } from "../net_fixture.ts";

const UDP = 17;
const IGMP = 2;

/** eth0 198.18.0.2/24 and, on a second interface's account, 10.1.2.3/16. */
function table(): InterfaceTable {
  const { stack, iface } = new Host();
  const addr = ip("10.1.2.3");
  iface.addresses.push({ addr, prefixLen: 16, broadcast: broadcastOf(addr, 16) });
  const interfaces = new InterfaceTable();
  interfaces.all.push(...stack.interfaces);
  interfaces.refresh();
  return interfaces;
}

const reason = (src: string, dst: string, protocol = UDP, isOwn = false) =>
  martianReason(ip(src).w3, ip(dst).w3, protocol, isOwn, table());

Deno.test("martians: broadcasts of every subnet of ours, and of no other", () => {
  const us = "198.18.0.2";
  assertEquals(reason("198.18.0.255", us), drop.DROP_MARTIAN_BROADCAST);
  assertEquals(reason("10.1.255.255", us), drop.DROP_MARTIAN_BROADCAST);
  for (const fine of ["198.18.1.255", "10.2.255.255", "198.18.0.0", "223.255.255.255"]) {
    assertEquals(reason(fine, us), 0, fine);
  }
});

Deno.test("martians: 0.0.0.0 may ask for an address and speak of groups, no more", () => {
  assertEquals(reason("0.0.0.0", "255.255.255.255"), 0);
  assertEquals(reason("0.0.0.0", "224.0.0.9"), 0);
  assertEquals(reason("0.0.0.0", "239.1.1.1", IGMP), 0);
  assertEquals(reason("0.0.0.0", "239.1.1.1"), drop.DROP_MARTIAN_UNSPECIFIED);
  assertEquals(reason("0.0.0.0", "198.18.0.255"), drop.DROP_MARTIAN_UNSPECIFIED);
  assertEquals(reason("0.0.0.0", "198.18.0.2"), drop.DROP_MARTIAN_UNSPECIFIED);
});

Deno.test("martians: from ourselves, loopback and our own addresses are no strangers", () => {
  assertEquals(reason("127.0.0.1", "127.0.0.1", UDP, true), 0);
  assertEquals(reason("198.18.0.2", "10.1.2.3", UDP, true), 0);
  assertEquals(reason("198.18.0.255", "198.18.0.2", UDP, true), drop.DROP_MARTIAN_BROADCAST);
  assertEquals(reason("224.0.0.1", "198.18.0.2", UDP, true), drop.DROP_MARTIAN_MULTICAST);
});

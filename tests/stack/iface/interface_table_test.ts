import { assertEquals } from "@std/assert";
import { Host, ip, OUR_ADDR } from "../net_fixture.ts";
import { InterfaceTable } from "../../../stack/iface/interface_table.ts";

Deno.test("who has an address", () => {
  const { stack, iface } = new Host();
  const table = new InterfaceTable();
  table.all.push(...stack.interfaces);
  assertEquals(table.ownerOf(OUR_ADDR), null);
  table.refresh();
  assertEquals(table.ownerOf(OUR_ADDR), iface);
  assertEquals(table.ownerOfV4(ip("198.18.0.3").w3), null);
  assertEquals(table.ownerOf(ip("127.9.9.9"))?.name, "lo");
  assertEquals(table.ownerOf(ip("::2")), null);
});

Deno.test("by index and by name", () => {
  const { stack } = new Host();
  assertEquals(stack.interfaceByIndex(1)?.name, "lo");
  assertEquals(stack.interfaceByIndex(2)?.name, "eth0");
  assertEquals(stack.interfaceByIndex(0), null);
  assertEquals(stack.interfaceByIndex(3), null);
  assertEquals(stack.interfaceByName("eth0")?.index, 2);
  assertEquals(stack.interfaceByName("eth1"), null);
});

Deno.test("RFC 4291 2.6.1: a router's networks' first addresses, none of a line (RFC 6164)", () => {
  const { stack, iface } = new Host();
  const table = new InterfaceTable();
  table.all.push(...stack.interfaces);
  const [lo] = stack.interfaces;
  for (
    const [text, len] of [["fe80::1", 64], ["2001:db8::2", 64], ["2001:db8:1::3", 127]] as const
  ) {
    stack.addAddress(iface.index, ip(text), len, 1e6);
  }
  table.refresh();
  assertEquals(table.isAnycast(iface, ip("2001:db8::")), false);
  table.isRouter6 = true;
  table.refresh();
  const heard = (at: typeof iface, text: string) => table.isAnycast(at, ip(text));
  assertEquals([heard(iface, "2001:db8::"), heard(lo, "2001:db8::")], [true, true]);
  assertEquals([heard(iface, "fe80::"), heard(lo, "fe80::")], [true, false]);
  assertEquals([heard(iface, "2001:db8:1::2"), heard(iface, "2001:db8::2")], [false, false]);
});

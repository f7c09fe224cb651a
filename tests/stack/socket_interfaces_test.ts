import { assertEquals } from "@std/assert";
import { LOOPBACK_INDEX } from "../../stack/mod.ts";
import { NetworkLayer } from "../../stack/iface/mod.ts";
import type { IgmpLayer, MldLayer } from "../../stack/igmp/mod.ts";
import { AddressNumbers } from "../../stack/base/address_numbers.ts";
import { socketInterfaces } from "../../stack/socket_interfaces.ts";
import { Host, ip, OUR_ADDR } from "./net_fixture.ts";

const GROUP = ip("239.1.2.3").w3;
const ALL = { isInclude: false, sources: [] };

Deno.test("names, addresses; a filter's change reaches the interface, IGMP on a wire", () => {
  const { stack, iface } = new Host();
  const told: number[] = [];
  const igmp = { changeFilter: (index: number) => told.push(index) };
  const layer = Object.create(NetworkLayer.prototype, {
    interfaces: {
      value: {
        byIndex: (index: number) => stack.interfaceByIndex(index),
        byName: (name: string) => stack.interfaceByName(name),
        ownerOf: () => iface,
      },
    },
  });
  const told6: number[] = [];
  const numbers = new AddressNumbers();
  const mld = { numbers, changeFilter: (index: number) => told6.push(index) };
  const interfaces = socketInterfaces(
    layer,
    igmp as unknown as IgmpLayer,
    mld as unknown as MldLayer,
  );
  assertEquals([interfaces.indexOf("eth0"), interfaces.indexOf("eth9")], [iface.index, 0]);
  assertEquals([interfaces.nameOf(LOOPBACK_INDEX), interfaces.nameOf(9)], ["lo", null]);
  assertEquals(interfaces.indexOfV4(OUR_ADDR.w3), iface.index);
  for (const index of [LOOPBACK_INDEX, iface.index, 9]) {
    interfaces.changeFilter(index, GROUP, null, ALL);
    assertEquals(stack.interfaceByIndex(index)?.hasGroup(GROUP) ?? null, index < 9 ? true : null);
    interfaces.changeFilter(index, GROUP, ALL, null);
    assertEquals(stack.interfaceByIndex(index)?.hasGroup(GROUP) ?? null, index < 9 ? false : null);
  }
  assertEquals(told, [iface.index, iface.index]);
  const group6 = ip("ff05::7");
  const number = numbers.hold(group6);
  const { w0, w1, w2, w3 } = group6;
  for (const index of [LOOPBACK_INDEX, iface.index]) {
    interfaces.changeFilter(index, number, null, ALL);
    assertEquals(stack.interfaceByIndex(index)?.hasGroup6(w0, w1, w2, w3), true);
    interfaces.changeFilter(index, number, ALL, null);
    assertEquals(stack.interfaceByIndex(index)?.hasGroup6(w0, w1, w2, w3), false);
  }
  assertEquals([told.length, told6], [2, [iface.index, iface.index]]);
});

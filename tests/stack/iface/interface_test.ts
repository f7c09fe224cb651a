import { assertEquals } from "@std/assert";
import { BuddyMemory, IFF_BROADCAST, IFF_LOOPBACK, Interface } from "../../../stack/mod.ts";
import { broadcastOf } from "../../../stack/iface/interface.ts";
import { ALL_OFFLOADS, FakeDevice, ip, NO_OFFLOAD, OUR_MAC } from "../net_fixture.ts";

function make(isLoopback = false): { iface: Interface; device: FakeDevice } {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 18));
  const device = new FakeDevice(NO_OFFLOAD, 1400);
  const options = { name: "eth0", mac: OUR_MAC, link: device };
  return { iface: new Interface(2, options, memory, 8, isLoopback), device };
}

function addAddress(iface: Interface, text: string, prefixLen: number): void {
  const addr = ip(text);
  iface.addresses.push({ addr, prefixLen, broadcast: broadcastOf(addr, prefixLen) });
}

Deno.test("mtu and caps come from the link unless they are given", () => {
  const { iface, device } = make();
  assertEquals([iface.mtu, iface.caps], [1400, NO_OFFLOAD]);
  const memory = new BuddyMemory(new ArrayBuffer(1 << 18));
  const options = { name: "x", mac: OUR_MAC, link: device, mtu: 576, caps: ALL_OFFLOADS };
  const other = new Interface(3, options, memory, 8);
  assertEquals([other.mtu, other.caps], [576, ALL_OFFLOADS]);
});

Deno.test("flags tell loopback from Ethernet", () => {
  assertEquals(make().iface.flags & (IFF_BROADCAST | IFF_LOOPBACK), IFF_BROADCAST);
  assertEquals(make(true).iface.flags & (IFF_BROADCAST | IFF_LOOPBACK), IFF_LOOPBACK);
});

Deno.test("its address of the link is IPv6's, among others", () => {
  const { iface } = make();
  assertEquals(iface.linkLocal6, null);
  for (const text of ["169.254.7.7", "2001:db8::7"]) addAddress(iface, text, 16);
  assertEquals(iface.linkLocal6, null);
  addAddress(iface, "fe80::7", 64);
  assertEquals(iface.linkLocal6?.toString(), "fe80::7");
});

Deno.test("the source is of the next hop's subnet, else the first", () => {
  const { iface } = make();
  assertEquals(iface.sourceFor(ip("198.18.0.1")), null);
  addAddress(iface, "198.18.0.2", 24);
  addAddress(iface, "198.19.0.2", 16);
  assertEquals(iface.sourceFor(ip("198.19.7.7"))?.toString(), "198.19.0.2");
  assertEquals(iface.sourceFor(ip("203.0.113.1"))?.toString(), "198.18.0.2");
  assertEquals(iface.isSubnetBroadcast(ip("198.19.255.255").w3), true);
  assertEquals(iface.isSubnetBroadcast(ip("198.19.0.255").w3), false);
});

Deno.test("broadcast addresses by prefix", () => {
  const of = (text: string, len: number) => broadcastOf(ip(text), len)?.toString() ?? null;
  assertEquals(of("10.1.2.3", 8), "10.255.255.255");
  assertEquals(of("10.1.2.3", 30), "10.1.2.3");
  assertEquals(of("10.1.2.3", 31), null);
  assertEquals(of("127.0.0.1", 8), null);
  assertEquals(of("10.1.2.3", 0), "255.255.255.255");
});

Deno.test("groups are counted; all-hosts is always joined", () => {
  const { iface } = make();
  const group = ip("239.1.1.1").w3;
  iface.joinGroup(group);
  iface.joinGroup(group);
  iface.leaveGroup(group);
  assertEquals(iface.hasGroup(group), true);
  iface.leaveGroup(group);
  assertEquals(iface.hasGroup(group), false);
  assertEquals(iface.hasGroup(ip("224.0.0.1").w3), true);
});

Deno.test("IPv6 groups are counted, told apart by each word; all nodes always joined", () => {
  const { iface } = make();
  const has = (text: string) => {
    const { w0, w1, w2, w3 } = ip(text);
    return iface.hasGroup6(w0, w1, w2, w3);
  };
  const group = ip("ff05:1:2:3:4:5:6:7");
  iface.joinGroup6(group);
  iface.joinGroup6(ip("ff05:1:2:3:4:5:6:7"));
  iface.joinGroup6(ip("ff05::9"));
  const others = ["ff06:1:2:3:4:5:6:7", "ff05:1:2:9:4:5:6:7", "ff05:1:2:3:4:9:6:7", "ff05::8"];
  assertEquals([has(group.toString()), has("ff05::9"), others.map(has)], [
    true,
    true,
    [false, false, false, false],
  ]);
  assertEquals([has("ff02::1"), has("ff01::1")], [true, true]);
  const near = ["ff02::2", "ff05::1", "ff02::1:0:1", "ff02::1:0:0:0:1", "ff02:0:1::1"];
  assertEquals(near.map(has), [false, false, false, false, false]);
  iface.leaveGroup6(ip("ff05::8"));
  iface.leaveGroup6(group);
  assertEquals(has(group.toString()), true);
  iface.leaveGroup6(group);
  assertEquals([has(group.toString()), has("ff05::9")], [false, true]);
});

Deno.test("transmit hands the rows over once and starts a new epoch", () => {
  const { iface, device } = make();
  iface.transmit();
  assertEquals([device.batches, iface.tx.epoch], [0, 0]);
  iface.tx.begin();
  iface.tx.commit();
  iface.transmit();
  assertEquals([device.batches, iface.tx.epoch, iface.tx.count], [1, 1, 0]);
});

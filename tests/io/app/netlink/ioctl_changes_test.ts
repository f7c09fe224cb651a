/**
 * Changes by ioctl, on structures in memory. Beside a kernel: tests/e2e/view_changes_test.ts.
 */
import { assertEquals } from "@std/assert";
import {
  changeAddress6,
  changeInterface,
  changeNeighbour,
  changeRoute,
  changeRoute6,
} from "../../../../io/app/netlink/ioctl_changes.ts";
import {
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EEXIST,
  EINVAL,
  ENETUNREACH,
  ENODEV,
  ENXIO,
  EOPNOTSUPP,
  EPFNOSUPPORT,
  ESRCH,
} from "../../../../stack/mod.ts";
import { Host, ip } from "../../../stack/net_fixture.ts";

const [SIFFLAGS, SIFADDR, SIFBRDADDR, SIFNETMASK] = [0x8914, 0x8916, 0x891a, 0x891c];
const [SIFMTU, SIFHWADDR, DIFADDR, ADDRT, DELRT] = [0x8922, 0x8924, 0x8936, 0x890b, 0x890c];
const [DARP, SARP] = [0x8953, 0x8955];

/** A structure of the fields that are given: where, how long, and what. */
function structure(...fields: [off: number, value: number | string][]) {
  const u8 = new Uint8Array(160);
  const dv = new DataView(u8.buffer);
  for (const [off, value] of fields) {
    if (typeof value === "number") dv.setInt32(off, value, true);
    else if (/^[\d.]+$/.test(value)) {
      dv.setUint16(off, 2, true);
      ip(value).writeTo(u8, off + 4);
    } else if (value.includes("::")) ip(value).writeTo(u8, off);
    else u8.set(new TextEncoder().encode(value), off);
  }
  return { dv, u8, off: 0, len: u8.length };
}

function interfaceCall(host: Host, request: number, value: number | string, name = "eth0") {
  return changeInterface(host.stack, request, structure([0, name], [16, value]), host.nowUs);
}

function addresses({ iface }: Host): string[] {
  return iface.addresses.map(({ addr, prefixLen }) => `${addr}/${prefixLen}`);
}

Deno.test("SIOCSIFADDR: what is there already stays as it is; without any it is the first", () => {
  const host = new Host();
  assertEquals(interfaceCall(host, SIFADDR, "198.18.0.2"), 0);
  assertEquals(addresses(host), ["198.18.0.2/24"]);
  assertEquals(interfaceCall(host, SIFADDR, "0.0.0.0"), 0);
  assertEquals(interfaceCall(host, SIFADDR, "0.0.0.0"), 0, "none is none");
  assertEquals(addresses(host), []);
  assertEquals(interfaceCall(host, SIFADDR, "198.18.0.2"), 0);
  assertEquals(addresses(host), ["198.18.0.2/24"]);
});

Deno.test("SIOCSIFADDR: in the place of the first, with its class's prefix; 0.0.0.0: none", () => {
  const host = new Host();
  assertEquals(interfaceCall(host, SIFADDR, "10.1.2.3"), 0);
  assertEquals(addresses(host), ["10.1.2.3/8"]);
  assertEquals(interfaceCall(host, SIFNETMASK, "255.255.0.0"), 0);
  assertEquals(addresses(host), ["10.1.2.3/16"]);
  assertEquals(interfaceCall(host, SIFNETMASK, "255.0.255.0"), -EINVAL);
  assertEquals(interfaceCall(host, SIFBRDADDR, "10.1.255.255"), 0);
  assertEquals(interfaceCall(host, SIFBRDADDR, "10.1.2.255"), -EOPNOTSUPP);
  assertEquals(interfaceCall(host, SIFADDR, "172.16.0.1"), 0);
  assertEquals(addresses(host), ["172.16.0.1/16"]);
  assertEquals(interfaceCall(host, SIFADDR, "224.0.0.1"), -EINVAL);
  assertEquals(interfaceCall(host, SIFADDR, 0), -EINVAL);
  assertEquals(interfaceCall(host, SIFADDR, "198.18.0.2", "eth0:1"), -EOPNOTSUPP);
  assertEquals(interfaceCall(host, SIFADDR, "198.18.0.2", "eth7"), -ENODEV);
  assertEquals(interfaceCall(host, SIFADDR, "0.0.0.0"), 0);
  assertEquals(addresses(host), []);
  assertEquals(interfaceCall(host, SIFNETMASK, "255.255.0.0"), -EADDRNOTAVAIL);
  assertEquals(interfaceCall(host, DIFADDR, "1.2.3.4"), -EADDRNOTAVAIL);
});

Deno.test("SIOCSIFFLAGS, SIOCSIFMTU; what cannot be changed is EOPNOTSUPP", () => {
  const host = new Host();
  assertEquals([interfaceCall(host, SIFFLAGS, 0), host.iface.isUp], [0, false]);
  assertEquals([interfaceCall(host, SIFFLAGS, 0x1041), host.iface.isUp], [0, true]);
  assertEquals([interfaceCall(host, SIFMTU, 1400), host.iface.mtu], [0, 1400]);
  assertEquals([interfaceCall(host, SIFMTU, 60), interfaceCall(host, SIFMTU, 9000)], [
    -EINVAL,
    -EINVAL,
  ]);
  assertEquals(interfaceCall(host, SIFHWADDR, 1), -EOPNOTSUPP);
});

Deno.test("SIOCADDRT, SIOCDELRT", () => {
  const host = new Host();
  const [GATEWAY, HOST, REJECT] = [2, 4, 0x200];
  const call = (request: number, dst: string, mask: string, via: string, flags = GATEWAY) => {
    const fields: [number, number | string][] = [[8, dst], [56, flags], [80, 6]];
    if (via !== "") fields.push([24, via]);
    if (mask !== "") fields.push([40, mask]);
    return changeRoute(host.stack, request, structure(...fields), via === "" ? "eth0" : "");
  };
  const net = ["203.0.113.0", "255.255.255.0"] as const;
  assertEquals(call(ADDRT, ...net, "198.18.0.1"), 0);
  assertEquals(host.stack.routes.map(({ metric }) => metric), [0, 5]);
  assertEquals(call(ADDRT, ...net, "198.18.0.1"), -EEXIST);
  assertEquals(call(ADDRT, ...net, "10.0.0.1"), -ENETUNREACH);
  assertEquals(call(ADDRT, ...net, "", GATEWAY), -EINVAL);
  assertEquals(call(ADDRT, ...net, "198.18.0.1", GATEWAY | REJECT), -EOPNOTSUPP);
  assertEquals(call(ADDRT, "203.0.113.1", "255.255.255.0", "198.18.0.1"), -EINVAL);
  assertEquals(call(ADDRT, "203.0.113.0", "255.0.255.0", "198.18.0.1"), -EINVAL);
  assertEquals(call(ADDRT, "203.0.114.7", "", "", HOST), 0);
  assertEquals(call(ADDRT, "203.0.114.7", "", "", HOST), -EEXIST);
  assertEquals(call(DELRT, "203.0.114.7", "", "198.18.0.1", HOST | GATEWAY), -ESRCH);
  assertEquals(call(DELRT, "203.0.114.7", "", "", HOST), 0);
  assertEquals(call(DELRT, ...net, "198.18.0.9"), -ESRCH);
  assertEquals(call(DELRT, ...net, "198.18.0.1"), 0);
  assertEquals(call(DELRT, ...net, "198.18.0.1"), -ESRCH);
  assertEquals(changeRoute(host.stack, ADDRT, structure([8, 0]), ""), -EAFNOSUPPORT);
  assertEquals(changeRoute(host.stack, ADDRT, structure([8, net[0]]), "eth7"), -EINVAL);
  assertEquals(changeRoute(host.stack, ADDRT, structure([8, "0.0.0.0"]), "eth7"), -ENODEV);
});

Deno.test("SIOCSARP, SIOCDARP: with a device, or by the route; not for others", () => {
  const host = new Host();
  const [PERM, PUBL, ETHER] = [4, 8, 1];
  const call = (request: number, addr: string | number, flags = 0, device = "", type = ETHER) =>
    changeNeighbour(
      host.stack,
      request,
      structure([0, addr], [16, type], [18, "\x02\x00\x00\x00\x00\x07"], [32, flags], [52, device]),
      host.nowUs,
    );
  const stateOf = (text: string) =>
    host.stack.view.neighbours(host.nowUs).find(({ addr }) => `${addr}` === text)?.state;
  assertEquals([call(SARP, "198.18.0.77", PERM), stateOf("198.18.0.77")], [0, 0x80]);
  assertEquals([call(SARP, "198.18.0.78", 0, "eth0"), stateOf("198.18.0.78")], [0, 0x04]);
  assertEquals(call(SARP, "198.18.0.78", 0, "eth7"), -ENODEV);
  assertEquals(call(SARP, "198.18.0.78", PUBL), -EOPNOTSUPP);
  assertEquals(call(SARP, "198.18.0.78", 0, "", 6), -EINVAL);
  assertEquals(call(SARP, 0), -EPFNOSUPPORT);
  assertEquals(call(SARP, "203.0.113.1"), -ENETUNREACH);
  assertEquals([call(DARP, "198.18.0.77"), stateOf("198.18.0.77")], [0, undefined]);
  assertEquals([call(DARP, "198.18.0.77"), call(DARP, "198.18.0.78", PUBL)], [-ENXIO, -ENXIO]);
});

Deno.test("IPv6: addresses and routes", () => {
  const host = new Host();
  const address = (request: number, prefixLen = 64, index = 2) =>
    changeAddress6(
      host.stack,
      request,
      structure([0, "2001:db8::2"], [16, prefixLen], [20, index]),
      host.nowUs,
    );
  assertEquals([address(SIFADDR), address(SIFADDR)], [0, -EEXIST]);
  assertEquals([address(SIFADDR, 129), address(SIFADDR, 64, 7)], [-EINVAL, -ENODEV]);
  const route = (request: number, prefixLen = 48) =>
    changeRoute6(
      host.stack,
      request,
      structure([0, "2001:db8:7::"], [32, "2001:db8::1"], [52, prefixLen], [56, 7], [76, 2]),
    );
  assertEquals([route(ADDRT), route(ADDRT), route(ADDRT, 129)], [0, -EEXIST, -EINVAL]);
  assertEquals([route(DELRT), route(DELRT)], [0, -ESRCH]);
  assertEquals([address(DIFADDR, 48), address(DIFADDR), address(DIFADDR)], [
    -EADDRNOTAVAIL,
    0,
    -EADDRNOTAVAIL,
  ]);
});

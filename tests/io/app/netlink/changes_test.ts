/**
 * Requests that change the network, and what the stack has afterwards.
 */
import { assertEquals } from "@std/assert";
import {
  FRA,
  IFA,
  IFLA,
  NDA,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RTA,
  RTM,
} from "../../../../ffi/abi/netlink.ts";
import { addressBytes } from "../../../../io/app/netlink/answer.ts";
import type { NetlinkWriter } from "../../../../io/app/netlink/message.ts";
import {
  EADDRNOTAVAIL,
  EEXIST,
  EINVAL,
  ENETDOWN,
  ENETUNREACH,
  ENODEV,
  ENOENT,
  EOPNOTSUPP,
  EPERM,
  ESRCH,
  IpAddress,
} from "../../../../stack/mod.ts";
import { Host } from "../../../stack/net_fixture.ts";
import { listed, sourceOfStack } from "./asking.ts";

const AF_INET = 2;
const ADD = NLM_F_CREATE | NLM_F_EXCL;

function bytes(text: string): Uint8Array {
  return addressBytes(IpAddress.parse(text) as IpAddress);
}

/** The errno that the acknowledgment tells: 0 or negative. */
function change(
  host: Host,
  type: number,
  fill: (w: NetlinkWriter) => void,
  flags = ADD,
  mayAdmin = true,
): number {
  const asked = { flags: flags | NLM_F_ACK, mayAdmin };
  const result = listed(sourceOfStack(host.stack, host.nowUs), type, fill, asked);
  return typeof result === "number" ? result : NaN;
}

function address(text: string, prefixLen: number, index = 2, peer = text) {
  return (w: NetlinkWriter) => {
    w.u8(AF_INET, prefixLen, 0, 0).u32(index);
    w.attribute(IFA.LOCAL, bytes(text)).attribute(IFA.ADDRESS, bytes(peer));
  };
}

function addressesOf(host: Host): string[] {
  return host.stack.interfaces[1].addresses.map(({ addr, prefixLen }) => `${addr}/${prefixLen}`);
}

Deno.test("RTM_NEWADDR, RTM_DELADDR", () => {
  const host = new Host();
  const add = address("198.18.7.1", 24);
  assertEquals(change(host, RTM.NEWADDR, add, ADD, false), -EPERM);
  assertEquals(change(host, RTM.NEWADDR, add), 0);
  assertEquals(addressesOf(host), ["198.18.0.2/24", "198.18.7.1/24"]);
  assertEquals(change(host, RTM.NEWADDR, add), -EEXIST);
  assertEquals(change(host, RTM.NEWADDR, add, NLM_F_REPLACE), 0);
  assertEquals(change(host, RTM.NEWADDR, address("198.18.8.1", 24, 9)), -ENODEV);
  assertEquals(change(host, RTM.NEWADDR, address("198.18.8.1", 33)), -EINVAL);
  assertEquals(change(host, RTM.NEWADDR, address("198.18.8.1", 24, 2, "10.0.0.1")), -EOPNOTSUPP);
  assertEquals(change(host, RTM.DELADDR, address("198.18.7.1", 16)), -EADDRNOTAVAIL);
  assertEquals(change(host, RTM.DELADDR, address("198.18.7.2", 24)), -EADDRNOTAVAIL);
  assertEquals(change(host, RTM.DELADDR, add), 0);
  assertEquals(addressesOf(host), ["198.18.0.2/24"]);
});

Deno.test("RTM_NEWADDR for a time: it ends, and is prolonged by asking again", () => {
  const host = new Host();
  const forTime = (preferred: number, valid: number) => (w: NetlinkWriter) => {
    address("198.18.7.1", 24)(w);
    w.attributeU32(IFA.CACHEINFO, preferred, valid, 0, 0);
  };
  assertEquals(change(host, RTM.NEWADDR, forTime(60, 50)), -EINVAL);
  assertEquals(change(host, RTM.NEWADDR, forTime(0, 0)), -EINVAL);
  assertEquals(change(host, RTM.NEWADDR, forTime(60, 60)), 0);
  host.advance(59e6);
  assertEquals(change(host, RTM.NEWADDR, forTime(60, 60), NLM_F_REPLACE), 0);
  host.advance(59e6);
  assertEquals(addressesOf(host), ["198.18.0.2/24", "198.18.7.1/24"]);
  host.advance(2e6);
  assertEquals(addressesOf(host), ["198.18.0.2/24"]);
});

interface Route {
  readonly gateway?: string;
  readonly oif?: number;
  readonly metric?: number;
  readonly table?: number;
}

function route(dst: string, prefixLen: number, { gateway, oif, metric, table = 254 }: Route) {
  return (w: NetlinkWriter) => {
    w.u8(AF_INET, prefixLen, 0, 0, table, 3, 0, 1).u32(0).attribute(RTA.DST, bytes(dst));
    if (gateway !== undefined) w.attribute(RTA.GATEWAY, bytes(gateway));
    if (oif !== undefined) w.attributeU32(RTA.OIF, oif);
    if (metric !== undefined) w.attributeU32(RTA.PRIORITY, metric);
  };
}

function routesOf(host: Host): string[] {
  return host.stack.routes.map(({ dst, prefixLen, gateway, metric }) =>
    `${dst}/${prefixLen} ${gateway ?? "-"} ${metric}`
  );
}

Deno.test("RTM_NEWROUTE, RTM_DELROUTE", () => {
  const host = new Host();
  const own = "198.18.0.0/24 - 0";
  const by = { gateway: "198.18.0.1" };
  assertEquals(change(host, RTM.NEWROUTE, route("203.0.113.0", 24, by)), 0);
  assertEquals(change(host, RTM.NEWROUTE, route("203.0.113.0", 24, by)), -EEXIST);
  const other = { gateway: "198.18.0.9" };
  const replace = NLM_F_CREATE | NLM_F_REPLACE;
  assertEquals(change(host, RTM.NEWROUTE, route("203.0.113.0", 24, other), replace), 0);
  assertEquals(routesOf(host).sort(), [own, "203.0.113.0/24 198.18.0.9 0"].sort());
  const nowhere = { gateway: "192.0.2.1" };
  assertEquals(
    change(host, RTM.NEWROUTE, route("203.0.113.0", 24, nowhere), replace),
    -ENETUNREACH,
  );
  assertEquals(routesOf(host).sort(), [own, "203.0.113.0/24 198.18.0.9 0"].sort());
  assertEquals(change(host, RTM.NEWROUTE, route("192.0.2.1", 24, by)), -EINVAL);
  assertEquals(change(host, RTM.NEWROUTE, route("192.0.2.0", 24, { oif: 9 })), -ENODEV);
  assertEquals(change(host, RTM.NEWROUTE, route("192.0.2.0", 24, by), NLM_F_REPLACE), -ENOENT);
  assertEquals(
    change(host, RTM.NEWROUTE, route("192.0.2.0", 24, { ...by, table: 7 })),
    -EOPNOTSUPP,
  );
  assertEquals(change(host, RTM.NEWROUTE, route("192.0.2.0", 24, { oif: 2, metric: 5 })), 0);
  assertEquals(change(host, RTM.DELROUTE, route("192.0.2.0", 24, { metric: 4 })), -ESRCH);
  assertEquals(change(host, RTM.DELROUTE, route("192.0.2.0", 24, by)), -ESRCH);
  assertEquals(change(host, RTM.DELROUTE, route("192.0.2.0", 24, {})), 0);
  assertEquals(change(host, RTM.DELROUTE, route("203.0.113.0", 24, other)), 0);
  assertEquals(routesOf(host), [own]);
});

Deno.test("without an address left, no route leads out of an interface", () => {
  const host = new Host();
  change(host, RTM.NEWROUTE, route("203.0.113.0", 24, { gateway: "198.18.0.1" }));
  assertEquals(change(host, RTM.DELADDR, address("198.18.0.2", 24)), 0);
  assertEquals(routesOf(host), []);
});

/** struct ifinfomsg of interface 2. */
const link = (flags: number, mask: number) => (w: NetlinkWriter) =>
  w.u32(0, 2, flags, mask) as unknown as void;

Deno.test("RTM_NEWLINK: the MTU, down and up, and flags that stay", () => {
  const host = new Host();
  const mtu = (n: number) => (w: NetlinkWriter) => {
    link(0, 0)(w);
    w.attributeU32(IFLA.MTU, n);
  };
  assertEquals(change(host, RTM.NEWLINK, mtu(1400), 0), 0);
  assertEquals(host.stack.interfaces[1].mtu, 1400);
  assertEquals(change(host, RTM.NEWLINK, mtu(60), 0), -EINVAL);
  assertEquals(change(host, RTM.SETLINK, mtu(1501), 0), -EINVAL);
  assertEquals(host.stack.interfaces[1].mtu, 1400);
  assertEquals(change(host, RTM.NEWLINK, link(1, 1), 0), 0);
  assertEquals(change(host, RTM.NEWLINK, link(0, 1), 0), 0);
  assertEquals(host.iface.isUp, false);
  assertEquals(change(host, RTM.NEWROUTE, route("203.0.113.0", 24, { oif: 2 })), -ENETDOWN);
  assertEquals(change(host, RTM.NEWLINK, link(1, 1), 0), 0);
  assertEquals(host.iface.isUp, true);
  assertEquals(change(host, RTM.NEWLINK, link(0x100, 0x100), 0), -EOPNOTSUPP);
  assertEquals(change(host, RTM.NEWLINK, link(0, 0)), -EEXIST);
  const renamed = (w: NetlinkWriter) => {
    link(0, 0)(w);
    w.attributeText(IFLA.IFNAME, "eth7");
  };
  assertEquals(change(host, RTM.NEWLINK, renamed, 0), -EOPNOTSUPP);
  const made = (w: NetlinkWriter) => {
    w.u32(0, 0, 0, 0).attributeText(IFLA.IFNAME, "eth7");
  };
  assertEquals(change(host, RTM.NEWLINK, made), -EOPNOTSUPP);
  assertEquals(change(host, RTM.NEWLINK, made, 0), -ENODEV);
  const nothing = (w: NetlinkWriter) => w.u32(0, 0, 0, 0) as unknown as void;
  assertEquals(change(host, RTM.NEWLINK, nothing, 0), -ENODEV);
});

Deno.test("RTM_NEWNEIGH, RTM_DELNEIGH: what Linux takes and refuses", () => {
  const host = new Host();
  const { PERMANENT, STALE, FAILED } = { PERMANENT: 0x80, STALE: 0x04, FAILED: 0x20 };
  const peer = (last: number, mac: string | null, state = PERMANENT, index = 2, flags = 0) => {
    return (w: NetlinkWriter) => {
      w.u8(AF_INET, 0).u16(0).u32(index).u16(state).u8(flags, 1);
      w.attribute(NDA.DST, bytes(`198.18.0.${last}`));
      if (mac !== null) w.attribute(NDA.LLADDR, Uint8Array.from(mac.split(":").map(Number)));
    };
  };
  const known = (last: number) =>
    host.stack.view.neighbours(host.nowUs).filter(({ addr }) => `${addr}` === `198.18.0.${last}`)
      .map(({ state, mac }) => `${state} ${mac?.at(-1)}`);
  const del = (...args: Parameters<typeof peer>) => change(host, RTM.DELNEIGH, peer(...args), 0);
  const put = (flags: number, ...args: Parameters<typeof peer>) =>
    change(host, RTM.NEWNEIGH, peer(...args), flags);
  const [CHANGE, REPLACE] = [NLM_F_REPLACE, NLM_F_REPLACE | NLM_F_CREATE];
  assertEquals([del(1, null, 0, 7), del(1, null), del(1, null)], [-ENODEV, 0, -ENOENT]);
  assertEquals(put(ADD, 77, "2:0:0:0:0:7"), 0);
  assertEquals([put(ADD, 77, "2:0:0:0:0:8"), known(77)], [-EEXIST, ["128 7"]]);
  assertEquals([put(CHANGE, 77, "2:0:0:0:0:8", STALE), known(77)], [0, ["4 8"]]);
  assertEquals([put(NLM_F_CREATE, 77, "2:0:0:0:0:9"), known(77)], [0, ["4 8"]]);
  assertEquals([put(CHANGE, 78, "2:0:0:0:0:8"), known(78)], [-ENOENT, []]);
  assertEquals([put(REPLACE, 78, "2:0:0:0:0:8"), known(78)], [0, ["128 8"]]);
  assertEquals([put(ADD, 79, null), put(ADD, 79, "2:0")], [-EINVAL, -EINVAL]);
  assertEquals([put(ADD, 79, null, FAILED), known(79)], [0, ["32 undefined"]]);
  assertEquals([put(ADD, 80, "2:0:0:0:0:8", PERMANENT, 0), known(80)], [-EINVAL, []]);
  const [use, proxy] = [0x01, 0x08];
  assertEquals(put(ADD, 80, null, 0, 2, use), -EOPNOTSUPP);
  assertEquals(put(ADD, 80, null, 0, 2, proxy), -EOPNOTSUPP);
});

Deno.test("RTM_NEWRULE, RTM_DELRULE: Linux's own stay, others there are none", () => {
  const host = new Host();
  const rule = (priority: number | null) => (w: NetlinkWriter) => {
    w.u8(AF_INET, 0, 0, 0, 0, 0, 0, 1).u32(0);
    if (priority !== null) w.attributeU32(FRA.PRIORITY, priority);
  };
  assertEquals(change(host, RTM.NEWRULE, rule(7)), -EOPNOTSUPP);
  assertEquals(change(host, RTM.DELRULE, rule(7), 0), -ENOENT);
  assertEquals(change(host, RTM.DELRULE, rule(32766), 0), -EOPNOTSUPP);
  assertEquals(change(host, RTM.DELRULE, rule(null), 0), -EOPNOTSUPP);
});

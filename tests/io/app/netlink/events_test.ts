/**
 * What `ip monitor` is told, and in which order. Beside a kernel: tests/e2e/view_test.ts.
 */
import { assertEquals } from "@std/assert";
import { RTM } from "../../../../ffi/abi/netlink.ts";
import { NetlinkEvents } from "../../../../io/app/netlink/events.ts";
import { Host, ip, PEER_ADDR } from "../../../stack/net_fixture.ts";
import { messagesIn } from "./asking.ts";

const ALL = 0xffffffff;
const NAMES = new Map(Object.entries(RTM).map(([name, type]) => [type as number, name]));

/** A listener's messages since the last call, by the names of their types. */
function listening(host: Host, groups = ALL): { told: () => string[]; events: NetlinkEvents } {
  const events = new NetlinkEvents(host.stack);
  const heard: string[] = [];
  events.watch({
    groups,
    notify: (message) => heard.push(...messagesIn([message]).map(({ type }) => NAMES.get(type)!)),
  });
  const told = () => {
    events.check(host.nowUs);
    return heard.splice(0);
  };
  return { told, events };
}

Deno.test("addresses and their routes come and go in Linux's order", () => {
  const host = new Host();
  const { told } = listening(host);
  assertEquals(told(), []);
  host.stack.addAddress(2, ip("198.18.9.1"), 24, host.nowUs);
  assertEquals(told(), ["NEWADDR", "NEWROUTE", "NEWROUTE", "NEWROUTE"]);
  host.stack.removeAddress(2, ip("198.18.9.1"), host.nowUs);
  // The neighbours on the interface are asked for anew
  const neighbour = ["NEWNEIGH", "DELNEIGH"];
  assertEquals(told(), ["DELADDR", ...neighbour, "DELROUTE", "DELROUTE", "DELROUTE"]);
  assertEquals(told(), []);
});

Deno.test("a route that is replaced is told of once", () => {
  const host = new Host();
  const { told } = listening(host);
  const route = { dst: ip("203.0.113.0"), prefixLen: 24, ifIndex: 2 };
  host.stack.addRoute({ ...route, gateway: null });
  assertEquals(told(), ["NEWROUTE"]);
  host.stack.removeRoute({ ...route, gateway: null });
  host.stack.addRoute({ ...route, gateway: PEER_ADDR });
  assertEquals(told(), ["NEWROUTE"]);
  host.stack.removeRoute({ ...route, gateway: PEER_ADDR });
  assertEquals(told(), ["DELROUTE"]);
});

Deno.test("a link: its MTU, down, without a word of its routes, and up", () => {
  const host = new Host();
  const { told } = listening(host);
  host.stack.setMtu(2, 1400);
  assertEquals(told(), ["NEWLINK"]);
  host.stack.admin.setInterfaceUp(2, false, host.nowUs);
  assertEquals(told(), ["NEWNEIGH", "DELNEIGH", "NEWLINK"]);
  host.stack.admin.setInterfaceUp(2, true, host.nowUs);
  assertEquals(told(), ["NEWLINK", "NEWROUTE", "NEWROUTE"]);
});

Deno.test("neighbours: not while they are asked for; only who wants to hear does", () => {
  const host = new Host();
  const { told, events } = listening(host, 1 << 2);
  const addr = ip("198.18.0.77");
  host.send(host.datagram(2, 0), Uint8Array.of(1), addr, 7);
  assertEquals(told(), []);
  host.advance(5e6);
  assertEquals(told(), ["NEWNEIGH"]); // FAILED
  host.stack.setMtu(2, 1400);
  assertEquals(told(), []);
  const deaf = { groups: 0, notify: () => assertEquals(1, 0) };
  events.watch(deaf);
  host.stack.admin.forgetNeighbour(2, addr, host.nowUs);
  assertEquals(told(), ["NEWNEIGH", "DELNEIGH"]);
});

import { assertEquals } from "@std/assert";
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EINVAL,
  ENOBUFS,
  ENODEV,
  setOption,
} from "../../../stack/mod.ts";
import { Host, ip, PEER_ADDR } from "../net_fixture.ts";

const JOIN = 35;
const LEAVE = 36;
const MCAST_JOIN = 42;
const MCAST_LEAVE = 45;

function mreq(group: string, addr: string, index: number | null = null): Uint8Array {
  const bytes = new Uint8Array(index === null ? 8 : 12);
  ip(group).writeTo(bytes, 0);
  ip(addr).writeTo(bytes, 4);
  if (index !== null) bytes[8] = index;
  return bytes;
}

Deno.test("a group is joined by address, by index or by route, and left likewise", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const set = (name: number, value: Uint8Array) => setOption(socket, 0, name, value, host.nowUs);
  const group = ip("239.1.2.3").w3;
  assertEquals(set(JOIN, mreq("239.1.2.3", "198.18.0.2")), 0);
  assertEquals(host.iface.hasGroup(group), true);
  assertEquals(set(JOIN, mreq("239.1.2.3", "0.0.0.0", 2)), -EADDRINUSE);
  assertEquals(set(LEAVE, mreq("239.1.2.3", "0.0.0.0", 2)), 0);
  assertEquals(host.iface.hasGroup(group), false);
  assertEquals(set(LEAVE, mreq("239.1.2.3", "198.18.0.2")), -EADDRNOTAVAIL);
  assertEquals(set(JOIN, mreq("239.1.2.3", "0.0.0.0")), -ENODEV); // no route
  assertEquals(set(JOIN, mreq("239.1.2.3", "203.0.113.1")), -ENODEV);
  assertEquals(set(JOIN, mreq("239.1.2.3", "0.0.0.0", 9)), -ENODEV);
  assertEquals(set(JOIN, mreq("198.18.0.1", "198.18.0.2")), -EINVAL);
  host.stack.addRoute({ dst: ip("0.0.0.0"), prefixLen: 0, gateway: PEER_ADDR });
  assertEquals(set(JOIN, mreq("239.1.2.3", "0.0.0.0")), 0);
});

Deno.test("struct group_req, and close leaves all", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const request = new Uint8Array(136);
  request[0] = 2;
  request[8] = 2;
  ip("239.7.7.7").writeTo(request, 12);
  assertEquals(setOption(socket, 0, MCAST_JOIN, request, host.nowUs), 0);
  assertEquals(setOption(socket, 0, MCAST_LEAVE, request, host.nowUs), 0);
  assertEquals(setOption(socket, 0, MCAST_JOIN, request.slice(0, 135), host.nowUs), -EINVAL);
  setOption(socket, 0, MCAST_JOIN, request, host.nowUs);
  socket.close(host.nowUs);
  assertEquals(host.iface.hasGroup(ip("239.7.7.7").w3), false);
});

Deno.test("no more than igmp_max_memberships", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const results: number[] = [];
  for (let i = 1; i <= 21; i++) {
    results.push(setOption(socket, 0, JOIN, mreq(`239.1.1.${i}`, "198.18.0.2"), host.nowUs));
  }
  assertEquals(results.slice(19), [0, -ENOBUFS]);
});

Deno.test("a filter keeps its kind while it has sources, and takes either without", () => {
  const [BLOCK, ADD_SOURCE, DROP_SOURCE] = [38, 39, 40];
  const host = new Host();
  const socket = host.datagram(2, 0);
  const source = new Uint8Array(12); // struct ip_mreq_source
  ip("239.1.2.3").writeTo(source, 0);
  ip("198.18.0.2").writeTo(source, 4);
  ip("198.18.0.1").writeTo(source, 8);
  const set = (name: number) => setOption(socket, 0, name, source, host.nowUs);
  assertEquals([set(BLOCK), set(DROP_SOURCE)], [-EINVAL, -EINVAL], "no member");
  assertEquals(set(ADD_SOURCE), 0);
  assertEquals(set(BLOCK), -EINVAL);
  assertEquals(set(DROP_SOURCE), 0);
  assertEquals(setOption(socket, 0, JOIN, mreq("239.1.2.3", "198.18.0.2"), host.nowUs), 0);
  assertEquals(set(BLOCK), 0);
  assertEquals(set(ADD_SOURCE), -EINVAL);
});

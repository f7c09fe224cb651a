import { assertEquals } from "@std/assert";
import { DEFAULT_ICMP_CONFIG } from "../../../stack/icmp/mod.ts";
import { MessageOut } from "../../../stack/icmp/message_out.ts";
import type { Route } from "../../../stack/base/network.ts";
import type { IpAddress } from "../../../stack/mod.ts";
import { Host, PEER_ADDR } from "../net_fixture.ts";
import { Host6, PEER_ADDR6 } from "../v6_fixture.ts";

/** What would send messages of `protocol` from `host`, and its route to the peer. */
function setUp(host: Host, protocol: number, peer: IpAddress) {
  const { memory, counters, igmp: { deps: { network } } } = host.stack;
  const own = protocol === 58 ? counters.icmp6 : counters.icmp;
  const config = { ...DEFAULT_ICMP_CONFIG, ttl: 77 };
  const out = new MessageOut(memory, network, own, config, protocol);
  return { out, route: network.route(peer, null, 0) as Route, counters: own };
}

Deno.test("message out: data is copied, and lasts until it has left", () => {
  const host = new Host();
  const { out, route, counters } = setUp(host, 1, PEER_ADDR);
  const { memory } = host.stack;
  const off = memory.alloc(5);
  memory.u8.set([1, 2, 3, 4, 5], off);
  const copy = out.copy(off, 5);
  memory.u8.fill(9, off, off + 5);
  memory.free(off, 5);
  assertEquals(out.send(route, 0, 3, 0x00070008, copy, 5, 4, host.nowUs), true);
  const { bytes } = host.sentOne();
  assertEquals([...bytes.slice(34, 36)], [0, 3]);
  assertEquals([...bytes.slice(38)], [0, 7, 0, 8, 1, 2, 3, 4, 5]);
  assertEquals([bytes[15], bytes[22], counters.outMsgs, counters.outErrors], [4, 77, 1, 0]);
});

Deno.test("message out: ICMPv6 sums its pseudo-header, and there may be no data", () => {
  const host = new Host6();
  const { out, route, counters } = setUp(host, 58, PEER_ADDR6);
  const before = counters.outMsgs; // NDP's
  assertEquals(out.copy(0, 0), 0);
  assertEquals(out.send(route, 129, 0, 1, 0, 0, 0, host.nowUs), true);
  const { header, payload } = host.sentOne6(); // whose checksum is looked at
  assertEquals([header.hopLimit, payload.length, payload[7], counters.outMsgs - before], [
    77,
    8,
    1,
    1,
  ]);
});

Deno.test("message out: no memory, and what cannot be sent", () => {
  const host = new Host();
  const { out, route, counters } = setUp(host, 1, PEER_ADDR);
  assertEquals(out.copy(0, 2 * host.stack.memory.sizeBytes), -1);
  assertEquals(out.send(route, 0, 0, 0, 0, 0x10000, 0, host.nowUs), false);
  assertEquals([counters.outMsgs, counters.outErrors], [0, 1]);
});

import { assertEquals } from "@std/assert";
import { DEFAULT_ICMP_CONFIG } from "../../../stack/icmp/mod.ts";
import { ErrorOut } from "../../../stack/icmp/error_out.ts";
import { MessageOut } from "../../../stack/icmp/message_out.ts";
import { Packet } from "../../../stack/base/packet.ts";
import type { Route } from "../../../stack/base/network.ts";
import { SILENT_LOG } from "../../../stack/base/log.ts";
import { bytesOf, Host, PEER_ADDR } from "../net_fixture.ts";

function setUp() {
  const host = new Host();
  const { memory, counters, igmp: { deps: { network } } } = host.stack;
  const out = new MessageOut(memory, network, counters.icmp, DEFAULT_ICMP_CONFIG, 1);
  const errors = new ErrorOut(out, () => 0, SILENT_LOG);
  return { host, memory, errors, route: network.route(PEER_ADDR, null, 0) as Route };
}

Deno.test("error out: of the packet as much is quoted as may be", () => {
  const { host, memory, errors, route } = setUp();
  const pkt = new Packet();
  pkt.networkOff = memory.alloc(100);
  pkt.endOff = pkt.networkOff + 100;
  memory.u8.set(bytesOf(100), pkt.networkOff);
  assertEquals(errors.send(pkt, route, 3, 1, 0, 60, 0), true);
  assertEquals(errors.send(pkt, route, 3, 1, 0, 600, 0), true);
  assertEquals(host.sent().map(({ bytes }) => bytes.slice(42)), [
    bytesOf(100).slice(0, 60),
    bytesOf(100),
  ]);
});

Deno.test("error out: others' errors are limited, each by whose it is; our own are not", () => {
  const { errors, route } = setUp();
  const allowed = (to: Route, whose: number) => {
    let n = 0;
    for (let i = 0; i < 20; i++) if (errors.isAllowed(to, whose, 3, 1, 0)) n++;
    return n;
  };
  assertEquals([allowed(route, 1), allowed(route, 2), allowed(route, 1)], [6, 6, 0]);
  assertEquals(allowed({ ...route, isLoopback: true }, 1), 20);
});

import { assert, assertEquals } from "@std/assert";
import { Counters } from "../../../stack/base/counters.ts";
import { DROP_NAMES, DROP_UDP_NO_PORT } from "../../../stack/base/drop_reason.ts";

Deno.test("Counters: the snapshot names everything, flat", () => {
  const counters = new Counters();
  counters.tcp.lossProbes += 3;
  counters.ip.inReceives++;
  counters.drop(DROP_UDP_NO_PORT);
  const all = counters.snapshot();
  assertEquals(all["tcp.lossProbes"], 3);
  assertEquals(all["ip.inReceives"], 1);
  assertEquals([all["drop.udpNoPort"], all["udp.noPorts"]], [1, 1]);
  assertEquals(Object.values(all).reduce((a, b) => a + b), 6);
  for (const [name, value] of Object.entries(all)) {
    assert(
      /^(ip6?|icmp6?|igmp|mld|arp|ndp|udp|raw|tcp|device|drop)\.[a-z][A-Za-z0-9]*$/.test(name),
      name,
    );
    assertEquals(typeof value, "number");
  }
  assertEquals(Object.keys(all).filter((n) => n.startsWith("drop.")).length, DROP_NAMES.length - 1);
});

Deno.test("Counters: nstat's names, where nstat has the counter", () => {
  const all = new Counters().snapshot();
  const expected = [
    "ip.inHdrErrors",
    "ip.reasmOks",
    "icmp.outDestUnreachs",
    "udp.inErrors",
    "tcp.activeOpens",
    "tcp.retransSegs",
    "tcp.delayedAcks",
    "tcp.synRetrans",
    "tcp.challengeAck",
  ];
  for (const name of expected) assertEquals(all[name], 0, name);
});

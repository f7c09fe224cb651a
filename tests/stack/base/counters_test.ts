import { assert, assertEquals } from "@std/assert";
import { Counters } from "../../../stack/base/counters.ts";
import { DROP_NAMES, DROP_UDP_NO_PORT } from "../../../stack/base/drop_reason.ts";
import { AppCounters } from "../../../io/app/endpoint/counters.ts";
import { filesOf, read } from "../../tidy/tree.ts";

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

/** What sources write of counters, as `counters.tcp.inSegs++` or `tcp[counter]` by its name. */
Deno.test("Counters: whatever the code counts is there, and begins at 0", () => {
  const counters = new Counters() as unknown as Record<string, Record<string, number>>;
  const app = new AppCounters() as unknown as Record<string, number>;
  const missing: string[] = [];
  let count = 0;
  for (const path of filesOf(/^(stack|io)\/.*\.ts$/)) {
    const source = read(path);
    for (const [, group, name] of source.matchAll(/\bcounters\.(\w+)\.(\w+)(?:\+\+| \+= )/g)) {
      count++;
      if (counters[group]?.[name] !== 0) missing.push(`${path}: ${group}.${name}`);
    }
    if (!path.startsWith("io/app/")) continue;
    for (const [, name] of source.matchAll(/\bcounters\.(\w+)(?:\+\+| \+= )/g)) {
      count++;
      if (app[name] !== 0) missing.push(`${path}: ${name}`);
    }
  }
  assert(count > 100, `${count}`);
  assertEquals(missing, []);
});

import { assert, assertEquals } from "@std/assert";
import { Counters } from "../../../stack/base/counters.ts";
import * as drop from "../../../stack/base/drop_reason.ts";

/** Names of the counters that one drop moves, besides its own. */
function movedBy(reason: number): string[] {
  const counters = new Counters();
  counters.drop(reason);
  assertEquals(counters.drops[-reason], 1);
  return Object.entries(counters.snapshot())
    .filter(([name, value]) => value !== 0 && !name.startsWith("drop."))
    .map(([name]) => name);
}

Deno.test("drop counters: where Linux counts them", () => {
  assertEquals(movedBy(drop.DROP_IPV4_CHECKSUM), ["ip.inHdrErrors", "ip.inCsumErrors"]);
  assertEquals(movedBy(drop.DROP_IPV4_TRUNCATED), ["ip.inTruncatedPkts"]);
  assertEquals(movedBy(drop.DROP_IPV4_OPTIONS), ["ip.inHdrErrors"]);
  assertEquals(movedBy(drop.DROP_IPV6_HEADER), ["ip.inHdrErrors"]);
  assertEquals(movedBy(drop.DROP_IP_NOT_FOR_US), ["ip.inAddrErrors"]);
  assertEquals(movedBy(drop.DROP_REASSEMBLY_TIMEOUT), ["ip.reasmTimeout", "ip.reasmFails"]);
  assertEquals(movedBy(drop.DROP_ICMP_SHORT), ["icmp.inErrors"]);
  assertEquals(movedBy(drop.DROP_UDP_CHECKSUM), ["udp.inErrors", "udp.inCsumErrors"]);
  assertEquals(movedBy(drop.DROP_UDP_QUEUE_FULL), ["udp.inErrors", "udp.rcvbufErrors"]);
  assertEquals(movedBy(drop.DROP_TCP_CHECKSUM), ["tcp.inErrs", "tcp.inCsumErrors"]);
  assertEquals(movedBy(drop.DROP_FRAME_ETHERTYPE), ["device.rxDropped"]);
  assertEquals(movedBy(drop.DROP_NEIGHBOUR_FAILED), ["arp.queueDrops"]);
});

/** Of each reason by its name: what it moves. */
const MOVED: Readonly<Record<string, string>> = {
  "device.rxDropped": "frameShort frameEthertype frameNotForUs frameFiltered",
  "device.txDropped": "deviceFull",
  "arp.inErrors": "arpShort arpFormat arpAddress",
  "arp.queueDrops": "neighbourQueueFull neighbourFailed",
  "ip.inHdrErrors": "ipv4Short ipv4Version ipv4HeaderLen ipv4TotalLen ipv4Options " +
    "ipv4SourceRoute ipv6Short ipv6Version ipv6Header",
  "ip.inHdrErrors ip.inCsumErrors": "ipv4Checksum",
  "ip.inTruncatedPkts": "ipv4Truncated ipv6Truncated",
  "ip.inAddrErrors": "ipMartian ipNotForUs martianLoopback martianMulticast martianBroadcast " +
    "martianReserved martianUnspecified martianOwn",
  "ip.inUnknownProtos": "ipProtocol",
  "ip.inDiscards": "noMemory",
  "ip.reasmFails": "ipv4Fragment reassemblyOverlap reassemblyMemory",
  "ip.reasmTimeout ip.reasmFails": "reassemblyTimeout",
  "ip6.reasmFails": "ipv6Fragment",
  "icmp.inErrors": "icmpShort icmpType icmpQuote",
  "icmp.inErrors icmp.inCsumErrors": "icmpChecksum",
  "icmp6.inErrors": "ndpFormat ndpAddress mldShort",
  "igmp.inErrors": "igmpShort igmpChecksum",
  "udp.inErrors": "udpShort udpLength",
  "udp.inErrors udp.inCsumErrors": "udpChecksum",
  "udp.inErrors udp.rcvbufErrors": "udpQueueFull",
  "udp.noPorts": "udpNoPort",
  "raw.rcvbufErrors": "rawQueueFull",
  "tcp.inErrs": "tcpShort tcpHeaderLen",
  "tcp.inErrs tcp.inCsumErrors": "tcpChecksum",
  "tcp.badOptions": "tcpOptions",
};

Deno.test("drop counters: each reason moves these, and no others", () => {
  for (const [counters, names] of Object.entries(MOVED)) {
    for (const name of names.split(" ")) {
      assertEquals(movedBy(-drop.DROP_NAMES.indexOf(name)).join(" "), counters, name);
    }
  }
});

/** Linux has no counter for these either. */
const ALONE: readonly number[] = [
  drop.DROP_TCP_NO_PORT,
  drop.DROP_TCP_FLAGS,
  drop.DROP_TCP_SEQUENCE,
];

Deno.test("drop counters: every reason shows in its group, but for a few of TCP's", () => {
  for (let i = 1; i < drop.DROP_NAMES.length; i++) {
    const moved = movedBy(-i);
    if (ALONE.includes(-i)) assertEquals(moved, []);
    else assert(moved.length >= 1, drop.DROP_NAMES[i]);
  }
});

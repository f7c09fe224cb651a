import { assert, assertEquals } from "@std/assert";
import { CSUM_PARTIAL, GSO_TCPV6 } from "../../../stack/mod.ts";
import { fold, pseudoSum, sum } from "../../../stack/wire/checksum.ts";
import { emitTcp, TCP_ACK, TCP_PSH } from "../../../stack/wire/tcp.ts";
import { ALL_OFFLOADS, assertBytes, bytesOf, ip, type SentFrame } from "../net_fixture.ts";
import {
  concat,
  icmp6Message,
  type Ip6Fields,
  ip6Frame,
  OUR_ADDR6,
  PEER_ADDR6,
  PEER_LINK_LOCAL,
  sent6,
  udp6Packet,
} from "../v6_fixture.ts";
import { hex } from "../wire/golden.ts";
import { FAR_MAC, FAR_PEER_MAC } from "./router_host.ts";
import { BEYOND6, datagram6, echo6, FAR_OURS6, FAR_PEER6, RouterHost6 } from "./router_host6.ts";

const OUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);

/** type, code and last word of the only error that went back to our peer; null: none did. */
function errorOf(host: RouterHost6): number[] | null {
  const all = host.sent6();
  assert(all.length < 2, `${all.length} frames`);
  if (all.length === 0) return null;
  const { payload, dst } = all[0];
  assertEquals(dst, PEER_ADDR6.toString());
  return [payload[0], payload[1], new DataView(payload.buffer, payload.byteOffset).getUint32(4)];
}

/** A TCP segment from our peer to the far one, its checksum only begun. */
function segment6(data: Uint8Array): Uint8Array {
  const body = new Uint8Array(20 + data.length);
  const dv = new DataView(body.buffer);
  const pseudo = fold(pseudoSum(PEER_ADDR6, FAR_PEER6, 6, body.length));
  emitTcp(dv, 0, 4000, 80, 1000, 2000, 20, TCP_ACK | TCP_PSH, 500, pseudo, 0);
  body.set(data, 20);
  return ip6Frame(6, body, { dst: FAR_PEER6, dstMac: OUR_MAC });
}

function isChecksumRight(frame: SentFrame): boolean {
  const { header, payload } = sent6(frame);
  const pseudo = pseudoSum(PEER_ADDR6, FAR_PEER6, header.nextHeader, payload.length);
  const dv = new DataView(payload.buffer, payload.byteOffset);
  return fold(sum(dv, 0, payload.length, pseudo)) === 0xffff;
}

Deno.test("forward6: on to the next hop's MAC, one hop older, otherwise as it was", () => {
  const host = new RouterHost6();
  const fields = { hopLimit: 9, trafficClass: 0x2a, flowLabel: 0x12345 };
  host.inject(datagram6(bytesOf(100), fields));
  const frame = host.passedOne();
  assertEquals(frame.bytes.slice(0, 12), concat(FAR_PEER_MAC, FAR_MAC));
  const { header, src, dst, payload } = sent6(frame);
  assertEquals([header.hopLimit, header.trafficClass, header.flowLabel], [8, 0x2a, 0x12345]);
  assertEquals([src, dst], [PEER_ADDR6.toString(), FAR_PEER6.toString()]);
  assertBytes(payload.slice(8), bytesOf(100));
  assertEquals([host.sent().length, host.stack.counters.ip6.forwDatagrams], [0, 1]);
});

Deno.test("forward6: by a gateway: the frame is the gateway's", () => {
  const host = new RouterHost6();
  host.inject(datagram6(bytesOf(10), { dst: BEYOND6 }));
  const frame = host.passedOne();
  assertEquals(frame.bytes.slice(0, 6), FAR_PEER_MAC);
  assertEquals(sent6(frame).dst, BEYOND6.toString());
});

Deno.test("forward6: a host does not; a router's own addresses it keeps to itself", () => {
  const host = new RouterHost6({ forward: false });
  host.inject(datagram6(bytesOf(10)));
  assertEquals([host.passed().length, host.sent().length], [0, 0]);
  assertEquals(host.drops("ipNotForUs"), 1);
  const router = new RouterHost6();
  router.inject(echo6({ dst: FAR_OURS6 }));
  assertEquals([errorOf(router)?.[0], router.passed().length], [129, 0]);
});

Deno.test("RFC 4443 3.3: the last hop: time exceeded, from the router's near address", () => {
  for (const hopLimit of [1, 0]) {
    const host = new RouterHost6();
    const frame = datagram6(bytesOf(30), { hopLimit });
    host.inject(frame);
    const { payload, src, dst } = host.sentOne6();
    assertEquals([payload[0], payload[1]], [3, 0]);
    assertEquals([src, dst], [OUR_ADDR6.toString(), PEER_ADDR6.toString()]);
    assertBytes(payload.slice(8), frame.slice(14));
    assertEquals([host.passed().length, host.drops("ipTtl")], [0, 1]);
  }
});

Deno.test("RFC 4443 3.1: no route; nobody answers at the next hop", () => {
  const host = new RouterHost6({ isResolved: false });
  host.inject(datagram6(bytesOf(30), { dst: ip("2001:db8:ffff::1") }));
  assertEquals(errorOf(host), [1, 0, 0]);
  assertEquals(host.stack.counters.ip6.inNoRoutes, 1);
  host.inject(datagram6(bytesOf(30), { dst: ip("2001:db8:1::77") }));
  assertEquals(errorOf(host), null);
  host.advance(4e6);
  assertEquals(errorOf(host), [1, 3, 0]);
});

Deno.test("RFC 8200 5: too long for the next link: its MTU is told, nothing is cut", () => {
  const host = new RouterHost6({ mtu: 1300 });
  host.inject(datagram6(bytesOf(1300)));
  assertEquals(errorOf(host), [2, 0, 1300]);
  assertEquals([host.passed().length, host.stack.counters.ip6.fragCreates], [0, 0]);
  host.inject(datagram6(bytesOf(1300 - 48)));
  assertEquals(sent6(host.passedOne()).payload.length, 1260);
});

Deno.test("RFC 4443 3.1: a link-local source is beyond its scope, or destination nobody's", () => {
  const host = new RouterHost6();
  host.inject(datagram6(bytesOf(9), { src: PEER_LINK_LOCAL }));
  const { payload, dst } = host.sentOne6();
  assertEquals([payload[0], payload[1], dst], [1, 2, PEER_LINK_LOCAL.toString()]);
  host.inject(datagram6(bytesOf(9), { dst: ip("fe80::77") }));
  assertEquals([host.sent().length, host.passed().length], [0, 0]);
});

Deno.test("forward6: never groups, frames to many, the loopback's, nobody's, our own", () => {
  const host = new RouterHost6();
  const cases: Ip6Fields[] = [
    { dst: ip("ff0e::1234") },
    { dst: ip("ff05::1234") },
    { dst: FAR_PEER6, dstMac: Uint8Array.of(0x33, 0x33, 0, 0, 0, 1) },
    { dst: FAR_PEER6, src: ip("::") },
    { dst: FAR_PEER6, src: ip("::1") },
    { dst: FAR_PEER6, src: FAR_OURS6 },
    { dst: ip("::1") },
  ];
  for (const fields of cases) host.inject(datagram6(bytesOf(9), fields));
  host.inject(echo6({ src: FAR_OURS6, hopLimit: 255 })); // as only neighbour discovery may
  assertEquals([host.passed().length, host.sent().length], [0, 0]);
  assertEquals(host.stack.counters.ip6.forwDatagrams, 0);
});

Deno.test("RFC 4443 2.4 (e): no error about an error, behind headers or in a fragment", () => {
  const host = new RouterHost6();
  const error = icmp6Message(1, 4, 0, bytesOf(48), PEER_ADDR6, FAR_PEER6);
  const fields = { dst: FAR_PEER6, hopLimit: 1, dstMac: OUR_MAC };
  host.inject(ip6Frame(58, error, fields));
  host.inject(ip6Frame(60, concat(hex("3a 00 0104 00000000"), error), fields));
  host.inject(ip6Frame(44, concat(hex("3a 00 0001 00000007"), error), fields));
  assertEquals([host.sent().length, host.drops("ipTtl")], [0, 3]);
  // An echo request is none, nor can a later fragment be seen to be one
  host.inject(echo6({ hopLimit: 1 }));
  assertEquals(errorOf(host), [3, 0, 0]);
  host.inject(ip6Frame(44, concat(hex("3a 00 0040 00000007"), bytesOf(8)), fields));
  assertEquals(errorOf(host), [3, 0, 0]);
});

Deno.test("RFC 8200 4: hop-by-hop options are looked at on the way, the others are not", () => {
  const datagram = udp6Packet(5000, 9, bytesOf(9), PEER_ADDR6, FAR_PEER6);
  const fields = { dst: FAR_PEER6, dstMac: OUR_MAC };
  const cases: [number, string, number[] | null, number][] = [
    [0, "11 00 0104 00000000", null, 1], // padding
    [0, "11 00 1e04 00000000", null, 1], // 00: passed over
    [0, "11 00 5e04 00000000", null, 0], // 01: dropped
    [0, "11 00 9e04 00000000", [4, 2, 42], 0], // 10, 11: told
    [0, "11 00 de04 00000000", [4, 2, 42], 0],
    [0, "11 05 0104 00000000", null, 0], // longer than the packet
    [60, "11 00 9e04 00000000", null, 1], // the destination's
    [43, "11 00 0001 00000000", null, 1], // a route that is somebody else's to refuse
    [200, "11 00 0001 00000000", null, 1], // what nobody here knows
  ];
  for (const [next, header, error, passed] of cases) {
    const host = new RouterHost6();
    host.inject(ip6Frame(next, concat(hex(header), datagram), fields));
    const was = errorOf(host);
    assertEquals([was, host.passed().length], [error, passed], `${next}: ${header}`);
  }
});

Deno.test("forward6: fragments travel on, each by itself", () => {
  const host = new RouterHost6();
  for (const offset of ["0001", "0040"]) {
    const body = concat(hex(`11 00 ${offset} 00000007`), bytesOf(64));
    host.inject(ip6Frame(44, body, { dst: FAR_PEER6, dstMac: OUR_MAC }));
  }
  assertEquals(host.passed().map((f) => sent6(f).payload.length), [72, 72]);
  assertEquals(host.stack.counters.ip6.reasmReqds, 0);
});

Deno.test("forward6: what a device has put together goes on whole, or is cut here", () => {
  const data = bytesOf(4000);
  const able = new RouterHost6({ caps: ALL_OFFLOADS });
  able.inject(segment6(data), CSUM_PARTIAL, GSO_TCPV6, 1428);
  const whole = able.passedOne();
  assertEquals([whole.csum, whole.gsoType, whole.gsoSize], [CSUM_PARTIAL, GSO_TCPV6, 1428]);
  assertEquals([whole.csumStart, whole.csumOffset], [54, 16]);
  assertBytes(whole.bytes.slice(74), data);
  const unable = new RouterHost6();
  unable.inject(segment6(data), CSUM_PARTIAL, GSO_TCPV6, 1428);
  const cut = unable.passed();
  assertEquals(cut.map((f) => f.bytes.length - 74), [1428, 1428, 1144]);
  assert(cut.every(isChecksumRight));
  assertEquals(cut.map((f) => sent6(f).header.hopLimit), [63, 63, 63]);
  const narrow = new RouterHost6({ mtu: 1300 });
  narrow.inject(segment6(data), CSUM_PARTIAL, GSO_TCPV6, 1428);
  assertEquals([errorOf(narrow), narrow.passed().length], [[2, 0, 1300], 0]);
});

Deno.test("forward6: a device that says of no size that it has coalesced has not", () => {
  const host = new RouterHost6();
  host.inject(segment6(bytesOf(400)), CSUM_PARTIAL, GSO_TCPV6, 0);
  const frame = host.passedOne();
  assertEquals(frame.bytes.length, 74 + 400);
  assert(isChecksumRight(frame));
});

Deno.test("forward6: a checksum still to be made is made, behind options too", () => {
  const host = new RouterHost6();
  host.inject(segment6(bytesOf(100)), CSUM_PARTIAL);
  assert(isChecksumRight(host.passedOne()));
  const begun = segment6(bytesOf(100)).slice(54);
  const behind = concat(hex("06 00 0104 00000000"), begun);
  host.inject(ip6Frame(60, behind, { dst: FAR_PEER6, dstMac: OUR_MAC }), CSUM_PARTIAL);
  const { payload } = sent6(host.passedOne());
  const pseudo = pseudoSum(PEER_ADDR6, FAR_PEER6, 6, begun.length);
  const dv = new DataView(payload.buffer, payload.byteOffset);
  assertEquals(fold(sum(dv, 8, begun.length, pseudo)), 0xffff);
});

Deno.test("forward6: a route that changes is followed at once", () => {
  const host = new RouterHost6();
  host.inject(datagram6(bytesOf(5), { dst: BEYOND6 }));
  assertEquals(host.passed().length, 1);
  const { dst, prefixLen, gateway, ifIndex } = host.stack.routes.find((r) => r.prefixLen === 48)!;
  assertEquals(host.stack.removeRoute({ dst, prefixLen, gateway, ifIndex }), 0);
  host.inject(datagram6(bytesOf(5), { dst: BEYOND6 }));
  assertEquals([errorOf(host), host.passed().length], [[1, 0, 0], 0]);
});

Deno.test("RFC 4291 2.6.1: a router is each network's first address, and answers as itself", () => {
  const host = new RouterHost6();
  for (const network of ["2001:db8::", "2001:db8:1::"]) {
    host.inject(echo6({ dst: ip(network) }));
    const { payload, src } = host.sentOne6();
    assertEquals([payload[0], src], [129, OUR_ADDR6.toString()]);
  }
  host.inject(segmentTo("2001:db8::"));
  assertEquals([host.sent().length, host.drops("tcpNoPort")], [0, 1]);
  const plain = new RouterHost6({ forward: false });
  plain.inject(echo6({ dst: ip("2001:db8::") }));
  assertEquals([plain.sent().length, plain.drops("ipNotForUs")], [0, 1]);
});

/** A SYN to an address of ours. */
function segmentTo(address: string): Uint8Array {
  const dst = ip(address);
  const body = new Uint8Array(20);
  const dv = new DataView(body.buffer);
  emitTcp(dv, 0, 4000, 80, 1000, 0, 20, 2, 500, 0, 0);
  dv.setUint16(16, ~fold(sum(dv, 0, 20, pseudoSum(PEER_ADDR6, dst, 6, 20))) & 0xffff);
  return ip6Frame(6, body, { dst, dstMac: OUR_MAC });
}

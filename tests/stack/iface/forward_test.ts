import { assert, assertEquals } from "@std/assert";
import { CSUM_PARTIAL, GSO_NONE, GSO_TCPV4, GSO_UDP_L4, IpAddress } from "../../../stack/mod.ts";
import {
  BEYOND,
  datagram,
  FAR_MAC,
  FAR_OURS,
  FAR_PEER,
  FAR_PEER_MAC,
  RouterHost,
  withOptions,
} from "./router_host.ts";
import { fold, pseudoSumV4, sum } from "../../../stack/wire/checksum.ts";
import { EthernetHeader, macHi, macLo, parseEthernet } from "../../../stack/wire/ethernet.ts";
import { emitTcp, TCP_ACK, TCP_PSH } from "../../../stack/wire/tcp.ts";
import {
  ALL_OFFLOADS,
  arpFrame,
  assertBytes,
  bytesOf,
  icmpFrame,
  ip,
  type IpFields,
  ipFrame,
  joinFragments,
  OUR_ADDR,
  parseArpFrame,
  parseIcmpFrame,
  parseIp,
  parseUdpFrame,
  PEER_ADDR,
  type SentFrame,
} from "../net_fixture.ts";

const DF = 0x4000;
const TIME_EXCEEDED = 11;
const UNREACHABLE = 3;

/** A TCP segment from our peer to the far one, its checksum only begun. */
function segment(data: Uint8Array, flagsAndOffset = DF): Uint8Array {
  const body = new Uint8Array(20 + data.length);
  const dv = new DataView(body.buffer);
  const pseudo = fold(pseudoSumV4(PEER_ADDR.w3, FAR_PEER.w3, 6, body.length));
  emitTcp(dv, 0, 4000, 80, 1000, 2000, 20, TCP_ACK | TCP_PSH, 500, pseudo, 0);
  body.set(data, 20);
  return ipFrame(6, body, { dst: FAR_PEER, flagsAndOffset });
}

/** Whether the transport checksum of a whole packet is right. */
function isChecksumRight(frame: SentFrame): boolean {
  const { header, payload } = parseIp(frame);
  const dv = new DataView(payload.buffer, payload.byteOffset);
  const pseudo = pseudoSumV4(header.src, header.dst, header.protocol, payload.length);
  return fold(sum(dv, 0, payload.length, pseudo)) === 0xffff;
}

Deno.test("a packet for somebody else goes on, one hop older, to the next hop's MAC", () => {
  const host = new RouterHost();
  host.inject(datagram(bytesOf(100), { ttl: 9, tos: 0x10, id: 77, flagsAndOffset: DF }));
  const frame = host.passedOne();
  const link = new EthernetHeader();
  assertEquals(parseEthernet(new DataView(frame.bytes.buffer), 0, frame.bytes.length, link), 0);
  assertEquals([link.dstHi, link.dstLo], [macHi(FAR_PEER_MAC), macLo(FAR_PEER_MAC)]);
  assertEquals([link.srcHi, link.srcLo], [macHi(FAR_MAC), macLo(FAR_MAC)]);
  const { header, payload } = parseUdpFrame(frame);
  assertEquals([header.ttl, header.tos, header.id, header.dontFragment], [8, 0x10, 77, true]);
  assertEquals(IpAddress.v4(header.src).toString(), PEER_ADDR.toString());
  assertBytes(payload.slice(8), bytesOf(100));
  assertEquals(host.sent().length, 0);
  assertEquals(host.stack.counters.ip.forwDatagrams, 1);
});

Deno.test("by a gateway: the frame is the gateway's, the packet is the destination's", () => {
  const host = new RouterHost();
  host.inject(datagram(bytesOf(10), { dst: BEYOND }));
  const frame = host.passedOne();
  assertEquals(frame.bytes.slice(0, 6), FAR_PEER_MAC);
  assertEquals(parseIp(frame).header.dst, BEYOND.w3);
});

Deno.test("a host does not forward", () => {
  const host = new RouterHost({ forward: false });
  host.inject(datagram(bytesOf(10)));
  assertEquals([host.passed().length, host.sent().length], [0, 0]);
  assertEquals(host.drops("ipNotForUs"), 1);
});

Deno.test("a packet for the router itself, by any of its addresses, is not forwarded", () => {
  const host = new RouterHost();
  host.inject(icmpFrame(8, 0, 1, bytesOf(8), { dst: FAR_OURS }));
  assertEquals(parseIcmpFrame(host.sentOne()).icmp.type, 0);
  assertEquals(host.passed().length, 0);
});

Deno.test("the last hop: time exceeded, quoting the packet, from the router's near address", () => {
  for (const ttl of [1, 0]) {
    const host = new RouterHost();
    const frame = datagram(bytesOf(30), { ttl });
    host.inject(frame);
    const error = parseIcmpFrame(host.sentOne());
    assertEquals([error.icmp.type, error.icmp.code], [TIME_EXCEEDED, 0]);
    assertEquals(error.header.src, OUR_ADDR.w3);
    assertBytes(error.data, frame.slice(14));
    assertEquals(host.passed().length, 0);
    assertEquals(host.drops("ipTtl"), 1);
  }
});

Deno.test("RFC 1122 3.2.2: nobody is told of a later fragment, of the first the sender is", () => {
  const host = new RouterHost();
  const body = bytesOf(80);
  host.inject(ipFrame(17, body, { dst: FAR_PEER, ttl: 1, flagsAndOffset: 0x2000 | 10 }));
  host.inject(ipFrame(17, body, { dst: FAR_PEER, ttl: 1, flagsAndOffset: 20 }));
  assertEquals([host.sent().length, host.drops("ipTtl")], [0, 2]);
  host.inject(ipFrame(17, body, { dst: FAR_PEER, ttl: 1, flagsAndOffset: 0x2000 }));
  assertEquals(parseIcmpFrame(host.sentOne()).icmp.type, TIME_EXCEEDED);
});

Deno.test("no route: network unreachable", () => {
  const host = new RouterHost();
  host.inject(datagram(bytesOf(30), { dst: ip("192.0.2.1") }));
  const error = parseIcmpFrame(host.sentOne());
  assertEquals([error.icmp.type, error.icmp.code], [UNREACHABLE, 0]);
  assertEquals(host.stack.counters.ip.inNoRoutes, 1);
});

Deno.test("too long and not to be fragmented: the MTU is told (RFC 1191 4)", () => {
  const host = new RouterHost({ mtu: 1000 });
  host.inject(datagram(bytesOf(1000), { flagsAndOffset: DF }));
  const error = parseIcmpFrame(host.sentOne());
  assertEquals([error.icmp.type, error.icmp.code, error.icmp.mtu], [UNREACHABLE, 4, 1000]);
  assertEquals(host.passed().length, 0);
  host.inject(datagram(bytesOf(1000 - 28), { flagsAndOffset: DF }));
  assertEquals(host.passed().length, 1);
});

Deno.test("too long: in fragments that make the packet again", () => {
  const host = new RouterHost({ mtu: 600 });
  host.inject(datagram(bytesOf(1400), { id: 321 }));
  const frames = host.passed();
  assertEquals(frames.length, 3);
  assert(frames.every((f) => parseIp(f).header.totalLen <= 600));
  assertEquals(frames.map((f) => parseIp(f).header.id), [321, 321, 321]);
  assertEquals(frames.map((f) => parseIp(f).header.moreFragments), [true, true, false]);
  assertBytes(joinFragments(frames).slice(8), bytesOf(1400));
  const { fragCreates, fragOks } = host.stack.counters.ip;
  assertEquals([fragCreates, fragOks], [3, 1]);
});

Deno.test("a fragment is cut further, and stays one: offset and more-fragments are kept", () => {
  const host = new RouterHost({ mtu: 600 });
  const body = bytesOf(1200, 3);
  host.inject(ipFrame(17, body, { dst: FAR_PEER, flagsAndOffset: 0x2000 | 185 }));
  const headers = host.passed().map((f) => parseIp(f).header);
  assertEquals(headers.map((h) => h.fragmentOff), [1480, 2056, 2632]);
  assertEquals(headers.map((h) => h.moreFragments), [true, true, true]);
});

Deno.test("options: all with the first fragment, those to be copied with the others", () => {
  const host = new RouterHost({ mtu: 600 });
  // Record route (not copied) without room, a copied option of 4, end of the list.
  const options = Uint8Array.of(7, 3, 4, 0x94, 4, 0, 0, 0);
  host.inject(withOptions(datagram(bytesOf(1000)), options));
  const frames = host.passed();
  assertEquals(frames.length, 2);
  assertEquals(frames[0].bytes.slice(34, 42), options);
  assertEquals(frames[1].bytes.slice(34, 42), Uint8Array.of(1, 1, 1, 0x94, 4, 0, 0, 0));
});

Deno.test("RFC 1812 5.2.4: the router records the address by which the packet leaves", () => {
  const host = new RouterHost();
  const route = [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  host.inject(withOptions(datagram(bytesOf(20)), Uint8Array.from(route)));
  const { bytes } = host.passedOne();
  const ours = [198, 18, 1, 2];
  assertEquals(bytes.slice(34, 46), Uint8Array.of(7, 11, 8, ...ours, 0, 0, 0, 0, 0));
  assertEquals(fold(sum(new DataView(bytes.buffer), 14, 32, 0)), 0xffff);
  // The first of the fragments does, too
  const narrow = new RouterHost({ mtu: 600 });
  narrow.inject(withOptions(datagram(bytesOf(1000)), Uint8Array.from(route)));
  const [first, second] = narrow.passed();
  assertEquals(first.bytes.slice(34, 41), Uint8Array.of(7, 11, 8, ...ours));
  assertEquals(second.bytes.slice(34, 46), Uint8Array.of(...Array(11).fill(1), 0));
});

Deno.test("RFC 791 3.1: the time of day, in milliseconds", () => {
  const host = new RouterHost();
  host.stack.realtimeOffsetUs = 3 * 86_400e6 + 5e6 - host.nowUs;
  host.inject(withOptions(datagram(bytesOf(20)), Uint8Array.of(68, 8, 5, 0, 0, 0, 0, 0)));
  const time = host.passedOne().bytes.slice(34, 42);
  assertEquals(time, Uint8Array.of(68, 8, 9, 0, 0, 0, 5000 >> 8, 5000 & 255));
});

Deno.test("options that cannot be right: a parameter problem, at the byte; nothing goes on", () => {
  const cases = [
    [[7, 11, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], 22], // the pointer is on the option itself
    [[68, 8, 5, 2, 0, 0, 0, 0], 23], // a flag that is none
    [[0x94, 9, 0, 0], 20], // longer than the header
  ] as const;
  for (const [options, pointer] of cases) {
    const host = new RouterHost();
    host.inject(withOptions(datagram(bytesOf(20)), Uint8Array.from(options)));
    const { icmp } = parseIcmpFrame(host.sentOne());
    assertEquals([icmp.type, icmp.code, icmp.pointer], [12, 0, pointer]);
    assertEquals([host.passed().length, host.drops("ipv4Options")], [0, 1]);
  }
  // To a host that forwards nothing such a packet is just not its own
  const host = new RouterHost({ forward: false });
  host.inject(withOptions(datagram(bytesOf(20)), Uint8Array.of(0x94, 9, 0, 0)));
  assertEquals([host.sent().length, host.drops("ipNotForUs")], [0, 1]);
});

Deno.test("a source route is not followed", () => {
  for (const kind of [131, 137]) {
    const host = new RouterHost();
    const route = Uint8Array.of(kind, 7, 4, 203, 0, 113, 9, 0);
    host.inject(withOptions(datagram(bytesOf(20)), route));
    host.inject(withOptions(datagram(bytesOf(20), { dst: OUR_ADDR }), route));
    assertEquals([host.passed().length, host.sent().length], [0, 0]);
    assertEquals(host.drops("ipv4SourceRoute"), 2);
  }
});

Deno.test("segments coalesced by the device: one row for a device that cuts, else cut here", () => {
  const data = bytesOf(4000);
  const able = new RouterHost({ caps: ALL_OFFLOADS });
  able.inject(segment(data), CSUM_PARTIAL, GSO_TCPV4, 1448);
  const whole = able.passedOne();
  assertEquals([whole.csum, whole.gsoType, whole.gsoSize], [CSUM_PARTIAL, GSO_TCPV4, 1448]);
  assertEquals([whole.csumStart, whole.csumOffset], [34, 16]);
  assertBytes(whole.bytes.slice(54), data);

  const unable = new RouterHost();
  unable.inject(segment(data), CSUM_PARTIAL, GSO_TCPV4, 1448);
  const cut = unable.passed();
  assertEquals(cut.map((f) => f.bytes.length - 54), [1448, 1448, 1104]);
  assert(cut.every(isChecksumRight));
  assertEquals(cut.map((f) => parseIp(f).header.ttl), [63, 63, 63]);
});

Deno.test("a TSO packet of more than 64 KiB goes on whole where it can, else cut", () => {
  const data = bytesOf(200_000);
  const long = { to: FAR_PEER, maxBytes: 260_000 };
  const able = new RouterHost({ caps: { ...ALL_OFFLOADS, long } });
  able.inject(segment(data), CSUM_PARTIAL, GSO_TCPV4, 1448);
  const whole = able.passedOne();
  const dv = new DataView(whole.bytes.buffer);
  assertEquals([dv.getUint16(16), whole.gsoType, whole.gsoSize], [0, GSO_TCPV4, 1448]);
  assertEquals(fold(sum(dv, 14, 20, 0)), 0xffff, "the header's checksum");
  assertEquals(dv.getUint16(50), fold(pseudoSumV4(PEER_ADDR.w3, FAR_PEER.w3, 6, 200_020)));
  assertBytes(whole.bytes.slice(54), data);

  const short = new RouterHost({ caps: ALL_OFFLOADS });
  short.inject(segment(data), CSUM_PARTIAL, GSO_TCPV4, 1448);
  const cut = short.passed();
  assertEquals(cut.length, Math.ceil(200_000 / 1448));
  assert(cut.every(({ bytes, gsoType }) => bytes.length <= 54 + 1448 && gsoType === GSO_NONE));
  assertBytes(Uint8Array.from(cut.flatMap(({ bytes }) => [...bytes.slice(54)])), data);
});

Deno.test("segments longer than the next link: told, or made shorter where that is allowed", () => {
  const host = new RouterHost({ mtu: 1000 });
  host.inject(segment(bytesOf(4000)), CSUM_PARTIAL, GSO_TCPV4, 1448);
  assertEquals(parseIcmpFrame(host.sentOne()).icmp.mtu, 1000);
  host.inject(segment(bytesOf(4000), 0), CSUM_PARTIAL, GSO_TCPV4, 1448);
  const cut = host.passed();
  assertEquals(cut.map((f) => f.bytes.length - 54), [960, 960, 960, 960, 160]);
  assert(cut.every(isChecksumRight));
  const burst = datagram(bytesOf(4000));
  host.inject(burst, CSUM_PARTIAL, GSO_UDP_L4, 1400);
  assertEquals([host.passed().length, host.drops("ipTooLong")], [0, 2]);
});

Deno.test("a device that says of no size that it has coalesced has not", () => {
  const host = new RouterHost();
  host.inject(segment(bytesOf(400)), CSUM_PARTIAL, GSO_TCPV4, 0);
  const frame = host.passedOne();
  assertEquals(frame.bytes.length, 54 + 400);
  assert(isChecksumRight(frame));
});

Deno.test("a checksum still to be made is made for a device that cannot, and in fragments", () => {
  const host = new RouterHost();
  host.inject(segment(bytesOf(100)), CSUM_PARTIAL);
  assert(isChecksumRight(host.passedOne()));
  const narrow = new RouterHost({ mtu: 600 });
  const frame = datagram(bytesOf(1000));
  frame[40] ^= 0xff; // what a device leaves there is of no use in a fragment
  narrow.inject(frame, CSUM_PARTIAL);
  const frames = narrow.passed();
  const whole = joinFragments(frames);
  const dv = new DataView(whole.buffer, whole.byteOffset);
  const pseudo = pseudoSumV4(PEER_ADDR.w3, FAR_PEER.w3, 17, whole.length);
  assertEquals(fold(sum(dv, 0, whole.length, pseudo)), 0xffff);
});

Deno.test("never forwarded: link-local, groups, broadcasts, frames to many, no source", () => {
  const host = new RouterHost();
  const broadcast = new Uint8Array(6).fill(0xff);
  const cases: IpFields[] = [
    { dst: ip("169.254.7.7") },
    { src: ip("169.254.7.7") },
    { dst: ip("239.1.2.3") },
    { dst: ip("198.18.1.255") },
    { dst: FAR_PEER, dstMac: broadcast },
    { dst: ip("240.0.0.1") },
    { src: ip("0.0.0.0") },
    { src: FAR_OURS },
  ];
  for (const fields of cases) host.inject(datagram(bytesOf(9), fields));
  assertEquals([host.passed().length, host.sent().length], [0, 0]);
  assertEquals(host.stack.counters.ip.forwDatagrams, 0);
});

Deno.test("a next hop that does not answer: host unreachable goes to the sender", () => {
  const host = new RouterHost({ isResolved: false });
  host.inject(datagram(bytesOf(20)));
  assertEquals(parseArpFrame(host.passedOne()).targetIp, FAR_PEER.w3);
  host.advance(4e6);
  const errors = host.device.frames.splice(0).map(parseIcmpFrame);
  assertEquals(errors.map(({ icmp }) => [icmp.type, icmp.code]), [[UNREACHABLE, 1]]);
  assertEquals(errors[0].header.dst, PEER_ADDR.w3);
});

Deno.test("ways that are remembered in one place are not taken for each other", () => {
  const host = new RouterHost();
  const near = ip("198.18.1.121"); // remembered where BEYOND is
  const nearMac = Uint8Array.of(2, 0, 0, 0, 1, 121);
  host.inject(arpFrame(1, nearMac, near, FAR_MAC, FAR_OURS), 0, 0, 0, host.farIface.index);
  host.passed();
  for (
    const [dst, mac] of [[BEYOND, FAR_PEER_MAC], [near, nearMac], [BEYOND, FAR_PEER_MAC]] as const
  ) {
    for (let i = 0; i < 2; i++) host.inject(datagram(bytesOf(5), { dst }));
    assertEquals(host.passed().map(({ bytes }) => bytes.slice(0, 6)), [mac, mac], `${dst}`);
  }
});

Deno.test("a route that changes is followed at once", () => {
  const host = new RouterHost();
  host.inject(datagram(bytesOf(5), { dst: BEYOND }));
  assertEquals(host.passed().length, 1);
  const gone = { dst: ip("203.0.113.0"), prefixLen: 24, gateway: FAR_PEER };
  assertEquals(host.stack.removeRoute(gone), 0);
  host.inject(datagram(bytesOf(5), { dst: BEYOND }));
  assertEquals(parseIcmpFrame(host.sentOne()).icmp.type, UNREACHABLE);
  assertEquals(host.passed().length, 0);
});

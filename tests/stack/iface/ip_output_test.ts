import { assertEquals } from "@std/assert";
import {
  CSUM_PARTIAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOBUFS,
  IpAddress,
  setOption,
} from "../../../stack/mod.ts";
import { Host6, PEER_ADDR6 } from "../v6_fixture.ts";
import {
  ALL_OFFLOADS,
  arpReply,
  assertBytes,
  bytesOf,
  Host,
  ip,
  joinFragments,
  NO_OFFLOAD,
  parseArpFrame,
  parseIp,
  parseUdpFrame,
  PEER_ADDR,
} from "../net_fixture.ts";

const UDP = [2, 0] as const;
const ON = Uint8Array.of(1, 0, 0, 0);
const SO_BROADCAST = 6;

Deno.test("a datagram longer than the MTU leaves in fragments, checksum complete", () => {
  for (const caps of [NO_OFFLOAD, ALL_OFFLOADS]) {
    const host = new Host({ caps });
    const socket = host.datagram(...UDP);
    const data = bytesOf(65507);
    assertEquals(host.send(socket, data, PEER_ADDR, 7), data.length);
    const frames = host.sent();
    assertEquals(frames.length, 45);
    const parts = frames.map(parseIp);
    assertEquals(new Set(parts.map((p) => p.header.id)).size, 1);
    assertEquals(parts.some((p) => p.header.dontFragment), false);
    assertEquals(frames.every((f) => f.csum === 0), true);
    const whole = joinFragments(frames);
    assertBytes(whole.slice(8), data);
    // The checksum is over the whole: let the parser see it as one frame.
    const one = { ...frames[0], bytes: frames[0].bytes.slice(0, 34) };
    const bytes = new Uint8Array(34 + whole.length);
    bytes.set(one.bytes);
    bytes.set(whole, 34);
    const dv = new DataView(bytes.buffer);
    dv.setUint16(16, 20 + whole.length);
    dv.setUint16(20, 0);
    dv.setUint16(24, 0);
    let sum = 0;
    for (let i = 14; i < 34; i += 2) sum += dv.getUint16(i);
    dv.setUint16(24, ~((sum & 0xffff) + (sum >>> 16)));
    parseUdpFrame({ ...one, bytes });
  }
});

Deno.test("fragments to a neighbour not yet known all wait for it", () => {
  const host = new Host({ isSettled: false });
  host.sent();
  const socket = host.datagram(...UDP);
  host.send(socket, bytesOf(5000), PEER_ADDR, 7);
  parseArpFrame(host.sentOne());
  host.inject(arpReply());
  const frames = host.sent();
  assertEquals(frames.length, 4);
  assertBytes(joinFragments(frames).slice(8), bytesOf(5000));
});

Deno.test("IP_PMTUDISC_DO: EMSGSIZE instead of fragments", () => {
  const host = new Host();
  const socket = host.datagram(...UDP);
  setOption(socket, 0, 10, Uint8Array.of(2, 0, 0, 0), host.nowUs);
  assertEquals(host.send(socket, bytesOf(1472), PEER_ADDR, 7), 1472);
  assertEquals(host.send(socket, bytesOf(1473), PEER_ADDR, 7), -EMSGSIZE);
  assertEquals(socket.check(PEER_ADDR, 7, 1473), -EMSGSIZE);
  assertEquals(parseIp(host.sentOne()).header.dontFragment, true);
});

Deno.test("who does the checksum: the device if it can, else we", () => {
  for (const [caps, csum] of [[NO_OFFLOAD, 0], [ALL_OFFLOADS, CSUM_PARTIAL]] as const) {
    const host = new Host({ caps });
    host.send(host.datagram(...UDP), bytesOf(99), PEER_ADDR, 7);
    const frame = host.sentOne();
    assertEquals(frame.csum, csum);
    parseUdpFrame(frame);
  }
});

Deno.test("broadcast needs leave, goes to all, and comes back to ourselves", () => {
  const host = new Host();
  const listener = host.datagram(...UDP);
  listener.bind(ip("0.0.0.0"), 7, host.nowUs);
  const socket = host.datagram(...UDP);
  const all = ip("198.18.0.255");
  assertEquals(host.send(socket, bytesOf(9), all, 7), -13);
  setOption(socket, 1, SO_BROADCAST, ON, host.nowUs);
  assertEquals(host.send(socket, bytesOf(9), all, 7), 9);
  const packet = parseUdpFrame(host.sentOne());
  assertEquals([packet.dstMac, packet.dst], ["ff:ff:ff:ff:ff:ff", "198.18.0.255"]);
  const own = host.recv(listener);
  assertEquals([own?.addr, own?.dst, own?.ifIndex], ["198.18.0.2", "198.18.0.255", 2]);
  assertEquals(host.stack.counters.ip.outBcastPkts, 1);
});

Deno.test("multicast: mapped MAC, TTL 1, a copy for our own members", () => {
  const host = new Host();
  host.stack.addRoute({ dst: ip("0.0.0.0"), prefixLen: 0, gateway: PEER_ADDR });
  const group = ip("239.1.2.3");
  const member = host.datagram(...UDP);
  member.bind(ip("0.0.0.0"), 7, host.nowUs);
  const socket = host.datagram(...UDP);
  host.send(socket, bytesOf(9), group, 7);
  assertEquals(parseUdpFrame(host.sentOne()).dstMac, "01:00:5e:01:02:03");
  assertEquals(host.recv(member), null);
  setOption(member, 0, 35, Uint8Array.of(239, 1, 2, 3, 0, 0, 0, 0), host.nowUs);
  host.send(socket, bytesOf(9), group, 7);
  assertEquals(parseIp(host.sentOne()).header.ttl, 1);
  assertEquals(host.recv(member)?.dst, "239.1.2.3");
  setOption(socket, 0, 34, Uint8Array.of(0), host.nowUs); // IP_MULTICAST_LOOP
  setOption(socket, 0, 33, Uint8Array.of(9), host.nowUs); // IP_MULTICAST_TTL
  host.send(socket, bytesOf(9), group, 7);
  assertEquals(parseIp(host.sentOne()).header.ttl, 9);
  assertEquals(host.recv(member), null);
});

Deno.test("a queue that is full is transmitted, nothing is lost", () => {
  const host = new Host({ config: { ip: { txRows: 8 } } });
  const socket = host.datagram(...UDP);
  for (let i = 0; i < 30; i++) host.send(socket, bytesOf(20, i), PEER_ADDR, 7);
  const frames = host.sent().map(parseUdpFrame);
  assertEquals(frames.length, 30);
  for (const [i, frame] of frames.entries()) assertEquals(frame.data, bytesOf(20, i));
});

Deno.test("what is sent in one turn leaves as one batch", () => {
  const host = new Host();
  const socket = host.datagram(...UDP);
  const before = host.device.batches;
  for (let i = 0; i < 5; i++) host.send(socket, bytesOf(20, i), PEER_ADDR, 7);
  assertEquals([host.sent().length, host.device.batches - before], [5, 1]);
});

Deno.test("what leaves is counted: packets, fragments, octets; what has no way, too", () => {
  const v4 = new Host();
  const v6 = new Host6();
  const cases = [
    {
      host: v4,
      group: v4.stack.counters.ip,
      to: PEER_ADDR,
      nowhere: ip("203.0.113.1"),
      octets: 3196,
    },
    {
      host: v6,
      group: v6.stack.counters.ip6,
      to: PEER_ADDR6,
      nowhere: ip("2001:db9::1"),
      octets: 3300,
    },
  ];
  for (const { host, group, to, nowhere, octets } of cases) {
    const socket = host.datagram(2, 0, to.family === 4 ? 2 : 10);
    const names = ["outRequests", "outTransmits", "outOctets", "fragOks", "fragCreates"] as const;
    const before = names.map((name) => group[name]);
    assertEquals(
      [host.send(socket, bytesOf(100), to, 7), host.send(socket, bytesOf(3000), to, 7)],
      [
        100,
        3000,
      ],
    );
    assertEquals(host.sent().length, 4);
    assertEquals(names.map((name, i) => group[name] - before[i]), [2, 4, octets, 1, 3]);
    const { udp, ip: shared } = host.stack.counters;
    const [noRoutes, datagrams] = [shared.outNoRoutes, udp.outDatagrams];
    assertEquals([host.send(socket, bytesOf(1), nowhere, 7), datagrams], [-ENETUNREACH, 2]);
    assertEquals([shared.outNoRoutes - noRoutes, udp.outDatagrams], [1, 2]);
  }
});

Deno.test("identifications of datagrams that may be fragmented do not repeat", () => {
  const host = new Host();
  const socket = host.datagram(...UDP);
  setOption(socket, 0, 10, Uint8Array.of(0, 0, 0, 0), host.nowUs);
  for (let i = 0; i < 100; i++) host.send(socket, bytesOf(2000), PEER_ADDR, 7);
  const ids = host.sent().map((f) => parseIp(f).header.id);
  assertEquals([ids.length, new Set(ids).size], [200, 100]);
});

Deno.test("what may be fragmented, and need not be, has one identification after the other", () => {
  const host = new Host();
  const socket = host.datagram(...UDP);
  setOption(socket, 0, 10, Uint8Array.of(0, 0, 0, 0), host.nowUs);
  for (let i = 0; i < 5; i++) host.send(socket, bytesOf(50), PEER_ADDR, 7);
  const ids = host.sent().map((f) => parseIp(f).header.id);
  assertEquals(ids.map((id) => (id - ids[0]) & 0xffff), [0, 1, 2, 3, 4]);
});

Deno.test("what nobody may fragment has identification 0, cut into segments too (RFC 6864)", () => {
  const host = new Host();
  const socket = host.datagram(...UDP);
  const UDP_SEGMENT = 103;
  setOption(socket, 17, UDP_SEGMENT, Uint8Array.of(100, 0, 0, 0), host.nowUs);
  host.send(socket, bytesOf(300), PEER_ADDR, 7);
  host.send(socket, bytesOf(5), PEER_ADDR, 7);
  const ids = host.sent().map((f) => parseIp(f).header.id);
  assertEquals(ids, [0, 0, 0, 0]);
});

Deno.test("a neighbour table full of neighbours in use: ENOBUFS", () => {
  const host = new Host({ config: { neighbour: { maxEntries: 4 } } });
  const socket = host.datagram(...UDP);
  const results: number[] = [];
  for (let i = 10; i < 16; i++) {
    const addr = IpAddress.v4(PEER_ADDR.w3 + i);
    results.push(host.send(socket, bytesOf(1), addr, 7));
    host.inject(arpReply(addr));
  }
  assertEquals(results, [1, 1, 1, 1, -ENOBUFS, -ENOBUFS]); // the peer itself made room
  assertEquals([host.stack.counters.ip.outDiscards, host.iface.txDropped], [2, 2]);
});

Deno.test("what waits is bounded: the oldest go", () => {
  const host = new Host();
  const socket = host.datagram(...UDP);
  for (let i = 0; i < 150; i++) {
    host.send(socket, bytesOf(10, i), ip("198.18.0.50"), 7);
    host.flush();
  }
  host.inject(arpReply(ip("198.18.0.50")));
  const data = host.sent().filter((f) => f.bytes[13] === 0).map(parseUdpFrame);
  assertEquals(data.length, 101);
  assertEquals(data[0].data, bytesOf(10, 49));
  assertEquals(host.stack.counters.arp.queueDrops, 49);
});

Deno.test("the log hears where there is no way to, and of a path that carries less", () => {
  const host = new Host();
  const socket = host.datagram(...UDP);
  assertEquals(host.send(socket, bytesOf(1), ip("203.0.113.1"), 7) < 0, true);
  assertEquals(host.log.take(), ["IP_NO_ROUTE 203.0.113.1 101"]);
  host.stack.tcp.network.updatePmtu(PEER_ADDR, 1400, host.nowUs);
  host.stack.tcp.network.updatePmtu(PEER_ADDR, 1400, host.nowUs);
  assertEquals(host.log.take(), ["IP_PATH_MTU 198.18.0.1 1400"]);
});

import { assert, assertEquals } from "@std/assert";
import {
  AF_INET,
  AF_INET6,
  EAFNOSUPPORT,
  ECONNREFUSED,
  EHOSTUNREACH,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
  EVENT_ERROR,
  EVENT_READABLE,
  setOption,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../../stack/mod.ts";
import {
  ALL_OFFLOADS,
  arpReply,
  assertBytes,
  bytesOf,
  Host,
  icmpFrame,
  icmpPacket,
  ip,
  ipFrame,
  joinFragments,
  OUR_ADDR,
  parseArpFrame,
  parseIcmpFrame,
  parseIp,
  parseUdpFrame,
  PEER_ADDR,
  udpFrame,
} from "./net_fixture.ts";

const ECHO = 8;
const ECHO_REPLY = 0;

Deno.test("socket() knows what Linux knows", () => {
  const { stack } = new Host();
  const errno = (domain: number, type: number, protocol: number) =>
    stack.socket(domain, type, protocol);
  assertEquals(errno(1, SOCK_STREAM, 0), -EAFNOSUPPORT);
  assertEquals(errno(AF_INET, 99, 0), -EINVAL);
  assertEquals(errno(AF_INET, 5, 0), -ESOCKTNOSUPPORT);
  assertEquals(errno(AF_INET, SOCK_STREAM, 17), -EPROTONOSUPPORT);
  assertEquals(errno(AF_INET, SOCK_DGRAM, 6), -EPROTONOSUPPORT);
  assertEquals(errno(AF_INET, SOCK_RAW, 0), -EPROTONOSUPPORT);
  assertEquals(errno(AF_INET, SOCK_RAW, 256), -EINVAL);
  assertEquals(errno(AF_INET6, SOCK_RAW, 0), -EPROTONOSUPPORT);
  assertEquals(errno(AF_INET6, SOCK_DGRAM, 1), -EPROTONOSUPPORT);
  assertEquals(errno(AF_INET, SOCK_DGRAM, 58), -EPROTONOSUPPORT);
  for (
    const [domain, type, protocol] of [[2, 1, 0], [2, 1, 6], [10, 1, 0], [2, 2, 17], [10, 2, 0], [
      10,
      3,
      58,
    ], [10, 2, 58]]
  ) {
    assert(typeof errno(domain, type, protocol) === "object");
  }
});

Deno.test("a new address is announced twice, two seconds apart", () => {
  const host = new Host({ isSettled: false });
  const first = parseArpFrame(host.sentOne());
  assertEquals([first.senderIp, first.targetIp], [OUR_ADDR.w3, OUR_ADDR.w3]);
  host.advance(1.9e6);
  assertEquals(host.sent().length, 0);
  host.advance(0.2e6);
  parseArpFrame(host.sentOne());
  host.advance(60e6);
  assertEquals(host.sent().length, 0);
  assertEquals(host.stack.pollAtUs(), Infinity);
});

Deno.test("an echo request is answered from the address it was sent to", () => {
  const host = new Host();
  const data = bytesOf(56);
  host.inject(icmpFrame(ECHO, 0, 0x12340007, data, { tos: 0x10 }));
  const reply = parseIcmpFrame(host.sentOne());
  assertEquals([reply.icmp.type, reply.icmp.id, reply.icmp.seq], [ECHO_REPLY, 0x1234, 7]);
  assertEquals([reply.src, reply.dst, reply.header.tos], ["198.18.0.2", "198.18.0.1", 0x10]);
  assertEquals(reply.data, data);
});

Deno.test("a 64 KB echo request in fragments is answered in fragments", () => {
  const host = new Host();
  const packet = icmpPacket(ECHO, 0, 0x00010001, bytesOf(65507 - 8 + 8));
  const fragments: Uint8Array[] = [];
  for (let pos = 0; pos < packet.length; pos += 1480) {
    const part = packet.subarray(pos, pos + 1480);
    const more = pos + 1480 < packet.length ? 0x2000 : 0;
    fragments.push(ipFrame(1, part, { id: 77, flagsAndOffset: more | (pos >> 3) }));
  }
  const usedBefore = host.memory.usedBytes;
  for (const fragment of fragments.reverse()) host.inject(fragment);
  const frames = host.sent();
  assertEquals(frames.length, 45);
  const reply = joinFragments(frames);
  assertBytes(reply.subarray(8), packet.subarray(8));
  assertEquals(reply[0], ECHO_REPLY);
  assertEquals(host.memory.usedBytes, usedBefore);
  assertEquals(host.stack.counters.ip.reasmOks, 1);
  assertEquals(host.stack.counters.ip.fragCreates, 45);
});

Deno.test("UDP to the peer: resolved by ARP first, what waits goes out then", () => {
  const host = new Host({ isSettled: false });
  host.sent();
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(host.send(socket, bytesOf(100), PEER_ADDR, 7), 100);
  assertEquals(host.send(socket, bytesOf(50, 2), PEER_ADDR, 7), 50);
  const request = parseArpFrame(host.sentOne());
  assertEquals([request.operation, request.targetIp], [1, PEER_ADDR.w3]);
  host.inject(arpReply());
  const [a, b] = host.sent().map(parseUdpFrame);
  assertEquals([a.data, b.data], [bytesOf(100), bytesOf(50, 2)]);
  assertEquals([a.dstMac, a.src, a.dst], ["02:00:00:00:00:01", "198.18.0.2", "198.18.0.1"]);
  assertEquals([a.dstPort, a.srcPort], [7, socket.local().port]);
  assert(a.header.dontFragment);
});

Deno.test("an unresolvable neighbour comes back as EHOSTUNREACH", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_DGRAM, 0);
  setOption(socket, 0, 11, Uint8Array.of(1, 0, 0, 0), host.nowUs); // IP_RECVERR
  const dead = ip("198.18.0.99");
  assertEquals(host.send(socket, bytesOf(9), dead, 7), 9);
  host.advance(3.5e6);
  assertEquals(host.sent().length, 3); // the requests
  assert(host.stack.takeReady() === socket);
  assertEquals(socket.events & EVENT_ERROR, EVENT_ERROR);
  const entry = socket.takeErrorQueue();
  assert(entry !== null);
  assertEquals([entry.errno, entry.origin, entry.type, entry.code], [EHOSTUNREACH, 2, 3, 1]);
  assertEquals(entry.offender?.addr.toString(), "198.18.0.2");
  assertEquals([entry.destination.addr.toString(), entry.destination.port], ["198.18.0.99", 7]);
  assertEquals(entry.payload, bytesOf(9));
  assertEquals(socket.soError, EHOSTUNREACH);
  assertEquals(host.recv(socket)?.errno, EHOSTUNREACH);
  assertEquals(socket.soError, 0);
});

Deno.test("off-subnet without a route: ENETUNREACH; with a gateway: by its MAC", () => {
  const host = new Host();
  const far = ip("203.0.113.5");
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(host.send(socket, bytesOf(1), far, 7), -ENETUNREACH);
  assertEquals(socket.check(far, 7, 1), -ENETUNREACH);
  const bad = { dst: ip("0.0.0.0"), prefixLen: 0, gateway: ip("192.0.2.1") };
  assertEquals(host.stack.addRoute(bad), -ENETUNREACH);
  assertEquals(host.stack.addRoute({ ...bad, gateway: PEER_ADDR }), 0);
  assertEquals(host.send(socket, bytesOf(1), far, 7), 1);
  const packet = parseUdpFrame(host.sentOne());
  assertEquals([packet.dst, packet.dstMac], ["203.0.113.5", "02:00:00:00:00:01"]);
});

Deno.test("UDP in: to the socket, with addresses and time; unwanted: port unreachable", () => {
  const host = new Host();
  host.stack.realtimeOffsetUs = 1_700_000_000_000_000;
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(socket.bind(ip("0.0.0.0"), 5000, host.nowUs), 0);
  host.inject(udpFrame(1234, 5000, bytesOf(300), { ttl: 33, tos: 4 }));
  assertEquals(host.stack.takeReady(), socket);
  assertEquals(socket.events, EVENT_READABLE);
  const got = host.recv(socket);
  assertEquals(got, {
    flags: 0,
    family: 2,
    port: 1234,
    errno: 0,
    addr: "198.18.0.1",
    ttl: 33,
    tos: 4,
    ifIndex: 2,
    dst: "198.18.0.2",
    timeUs: 1_700_000_000_000_000 + host.nowUs,
    payload: bytesOf(300),
  });
  host.inject(udpFrame(1234, 5001, bytesOf(30)));
  const error = parseIcmpFrame(host.sentOne());
  assertEquals([error.icmp.type, error.icmp.code, error.dst], [3, 3, "198.18.0.1"]);
  assertEquals(error.data.subarray(28), bytesOf(30));
  assertEquals(host.stack.counters.udp.noPorts, 1);
});

Deno.test("a connected UDP socket gets ECONNREFUSED from port unreachable", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_DGRAM, 0);
  assertEquals(socket.connect(PEER_ADDR, 9, host.nowUs), 0);
  assertEquals(host.send(socket, bytesOf(5), null), 5);
  const sent = host.sentOne();
  host.inject(icmpFrame(3, 3, 0, sent.bytes.slice(14)));
  assertEquals(host.stack.takeReady(), socket);
  assertEquals(host.recv(socket)?.errno, ECONNREFUSED);
  assertEquals(host.send(socket, bytesOf(5), null), 5);
  // The other way round: send tells it, and recv does not any more.
  host.inject(icmpFrame(3, 3, 0, sent.bytes.slice(14)));
  assertEquals(host.send(socket, bytesOf(5), null), -ECONNREFUSED);
  assertEquals(host.recv(socket), null);
  assertEquals(host.send(socket, bytesOf(5), null), 5);
});

Deno.test("over the loopback: UDP to ourselves, refusal included", () => {
  const host = new Host();
  const server = host.datagram(SOCK_DGRAM, 0);
  const client = host.datagram(SOCK_DGRAM, 0);
  server.bind(ip("0.0.0.0"), 6000, host.nowUs);
  assertEquals(client.connect(ip("127.0.0.1"), 6000, host.nowUs), 0);
  const big = bytesOf(65507);
  assertEquals(host.send(client, big, null), big.length);
  assertEquals(host.sent(), []);
  const got = host.recv(server);
  assertEquals([got?.addr, got?.ifIndex], ["127.0.0.1", 1]);
  assertBytes(got?.payload, big);
  server.close(host.nowUs);
  host.send(client, bytesOf(3), null);
  host.flush();
  assertEquals(client.takeError(), ECONNREFUSED);
  // Our own address on the device is ours too.
  const other = host.datagram(SOCK_DGRAM, 0);
  other.bind(OUR_ADDR, 6001, host.nowUs);
  host.send(other, bytesOf(4), OUR_ADDR, 6001);
  assertEquals(host.sent(), []);
  assertEquals(host.recv(other)?.addr, "198.18.0.2");
});

Deno.test("what the loopback has left after a flush is due at once", () => {
  const host = new Host();
  const a = host.datagram(SOCK_DGRAM, 0);
  a.bind(ip("127.0.0.1"), 7000, host.nowUs);
  // Growing, so that they are not sent as one.
  for (let i = 0; i < 1200; i++) host.send(a, bytesOf(i), ip("127.0.0.1"), 7000);
  host.flush();
  assertEquals(host.stack.pollAtUs(), 0);
  host.flush();
  assertEquals(host.stack.pollAtUs() > host.nowUs, true);
  assertEquals(a.recvCount() + host.stack.counters.udp.rcvbufErrors, 1200);
});

Deno.test("fragmentation needed lowers the path MTU for ten minutes", () => {
  const host = new Host();
  host.stack.addRoute({ dst: ip("0.0.0.0"), prefixLen: 0, gateway: PEER_ADDR });
  const socket = host.datagram(SOCK_DGRAM, 0);
  socket.connect(ip("203.0.113.5"), 9, host.nowUs);
  host.send(socket, bytesOf(1472), null);
  const first = host.sentOne();
  host.inject(icmpFrame(3, 4, 1400, first.bytes.slice(14, 14 + 28 + 8)));
  assertEquals(socket.takeError(), EMSGSIZE);
  host.recv(socket);
  host.send(socket, bytesOf(1472), null);
  const fragments = host.sent();
  assertEquals(fragments.map((f) => f.bytes.length - 14), [20 + 1376, 20 + 104]);
  assertEquals(parseIp(fragments[0]).header.dontFragment, false);
  host.advance(600e6);
  host.sent();
  host.send(socket, bytesOf(1472), null);
  host.inject(arpReply());
  assertEquals(host.sent().filter((f) => f.bytes.length === 1514).length, 1);
});

Deno.test("back-to-back datagrams leave as one frame where the device cuts them up", () => {
  const host = new Host({ caps: ALL_OFFLOADS });
  const socket = host.datagram(SOCK_DGRAM, 0);
  socket.connect(PEER_ADDR, 9, host.nowUs);
  const frames = [];
  for (let i = 0; i < 3; i++) host.send(socket, bytesOf(1000, i), null);
  host.send(socket, bytesOf(10, 3), null);
  host.send(socket, bytesOf(1000, 4), null);
  frames.push(...host.sent());
  assertEquals(frames.map((f) => [f.gsoType, f.gsoSize]), [[5, 1000], [0, 0]]);
  const all = parseUdpFrame(frames[0]);
  assertEquals(all.data.length, 3010);
  for (let i = 0; i < 3; i++) {
    assertBytes(all.data.slice(i * 1000, i * 1000 + 1000), bytesOf(1000, i));
  }
  assertEquals(all.data.slice(3000), bytesOf(10, 3));
});

Deno.test("closed sockets give everything back", () => {
  const host = new Host();
  const used = host.memory.usedBytes;
  for (let i = 0; i < 50; i++) {
    const socket = host.datagram(SOCK_DGRAM, 0);
    socket.bind(ip("0.0.0.0"), 5000, host.nowUs);
    host.inject(udpFrame(1, 5000, bytesOf(1000)));
    socket.close(host.nowUs);
  }
  host.flush();
  assertEquals(host.memory.usedBytes, used);
  assertEquals(host.memory.badFrees, 0);
});

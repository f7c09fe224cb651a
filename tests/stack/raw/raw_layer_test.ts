import { assertEquals } from "@std/assert";
import { EINVAL, EMSGSIZE, setOption, SOCK_RAW } from "../../../stack/mod.ts";
import { finish, fold, pseudoSum, sum } from "../../../stack/wire/checksum.ts";
import { Host6, ip6Frame, OUR_ADDR6, PEER_ADDR6 } from "../v6_fixture.ts";
import { FAR_PEER, RouterHost, withOptions } from "../iface/router_host.ts";
import {
  assertBytes,
  bytesOf,
  Host,
  icmpFrame,
  icmpPacket,
  ip,
  ipFrame,
  joinFragments,
  OUR_ADDR,
  parseIcmpFrame,
  parseIp,
  PEER_ADDR,
  udpFrame,
} from "../net_fixture.ts";

const ICMP = 1;

Deno.test("every matching socket gets the packet, IP header first", () => {
  const host = new Host();
  const a = host.datagram(SOCK_RAW, ICMP);
  const b = host.datagram(SOCK_RAW, ICMP);
  const udp = host.datagram(SOCK_RAW, 17);
  const frame = icmpFrame(0, 0, 5, bytesOf(20));
  host.inject(frame);
  assertEquals(host.recv(a)?.payload, frame.slice(14));
  const got = host.recv(b);
  assertEquals([got?.addr, got?.port, got?.ifIndex], ["198.18.0.1", 0, 2]);
  assertEquals(udp.recvCount(), 0);
});

Deno.test("the kernel's own answers go on: echo, port unreachable", () => {
  const host = new Host();
  const icmp = host.datagram(SOCK_RAW, ICMP);
  const udp = host.datagram(SOCK_RAW, 17);
  host.inject(icmpFrame(8, 0, 5, bytesOf(20)));
  host.inject(udpFrame(1, 5999, bytesOf(4)));
  assertEquals(host.sent().map((f) => parseIcmpFrame(f).icmp.type), [0, 3]);
  assertEquals([icmp.recvCount(), udp.recvCount()], [1, 1]);
});

Deno.test("a protocol that only a raw socket knows is not unreachable", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, 99);
  host.inject(ipFrame(99, bytesOf(8)));
  assertEquals([socket.recvCount(), host.sent().length], [1, 0]);
  socket.close(host.nowUs);
  host.inject(ipFrame(99, bytesOf(8)));
  assertEquals(host.sent().length, 1);
});

Deno.test("bound, connected and filtered sockets get what they asked for", () => {
  const host = new Host();
  const bound = host.datagram(SOCK_RAW, ICMP);
  bound.bind(ip("127.0.0.1"), 0, host.nowUs);
  const connected = host.datagram(SOCK_RAW, ICMP);
  connected.connect(ip("198.18.0.66"), 0, host.nowUs);
  const filtered = host.datagram(SOCK_RAW, ICMP);
  const onlyReplies = ~1; // ICMP_FILTER: a set bit blocks
  const mask = Uint8Array.of(onlyReplies, onlyReplies >> 8, onlyReplies >> 16, onlyReplies >> 24);
  assertEquals(setOption(filtered, 255, 1, mask, host.nowUs), 0);
  host.inject(icmpFrame(0, 0, 5, bytesOf(8)));
  host.inject(icmpFrame(8, 0, 5, bytesOf(8)));
  host.inject(icmpFrame(0, 0, 5, bytesOf(8), { src: ip("198.18.0.66") }));
  assertEquals([bound, connected, filtered].map((s) => s.recvCount()), [0, 1, 2]);
});

Deno.test("a fragmented packet comes whole", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, ICMP);
  const packet = icmpPacket(0, 0, 1, bytesOf(2000));
  host.inject(ipFrame(1, packet.slice(0, 1480), { id: 3, flagsAndOffset: 0x2000 }));
  host.inject(ipFrame(1, packet.slice(1480), { id: 3, flagsAndOffset: 185 }));
  const got = host.recv(socket)?.payload;
  assertBytes(got?.slice(20), packet);
  assertEquals([got?.[2], got?.[3], got?.[6]], [2028 >> 8, 2028 & 255, 0]);
});

Deno.test("sending: our header around the program's payload, in fragments if need be", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, ICMP);
  setOption(socket, 0, 2, Uint8Array.of(7), host.nowUs);
  const packet = icmpPacket(8, 0, 1, bytesOf(56));
  assertEquals(host.send(socket, packet, PEER_ADDR), 64);
  const sent = parseIcmpFrame(host.sentOne());
  assertEquals([sent.header.ttl, sent.header.dontFragment, sent.payload], [7, true, packet]);
  const big = icmpPacket(8, 0, 1, bytesOf(65507));
  assertEquals(host.send(socket, big, PEER_ADDR), big.length);
  assertBytes(joinFragments(host.sent()), big);
  assertEquals(host.stack.counters.raw.outDatagrams, 2);
  assertEquals(host.send(socket, bytesOf(65516), PEER_ADDR), -EMSGSIZE);
  assertEquals(host.stack.counters.raw.outDatagrams, 2);
});

Deno.test("IP_HDRINCL: the program's header, with what raw(7) fills in", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, 255);
  const fields = { src: ip("0.0.0.0"), dst: PEER_ADDR, ttl: 3, tos: 8, id: 0 };
  const packet = ipFrame(99, bytesOf(30), fields).slice(14);
  packet.fill(0, 2, 4); // the total length is ours
  packet.fill(0, 10, 12); // and the checksum
  assertEquals(host.send(socket, packet, PEER_ADDR), 50);
  const sent = parseIp(host.sentOne());
  assertEquals([sent.src, sent.dst, sent.header.protocol], ["198.18.0.2", "198.18.0.1", 99]);
  assertEquals([sent.header.ttl, sent.header.tos, sent.header.id !== 0], [3, 8, true]);
  assertEquals(sent.payload, bytesOf(30));
  const own = ipFrame(99, bytesOf(30), { src: ip("203.0.113.1"), dst: PEER_ADDR, id: 77 });
  host.send(socket, own.slice(14), PEER_ADDR);
  const forged = parseIp(host.sentOne());
  assertEquals([forged.src, forged.header.id], ["203.0.113.1", 77]);
  assertEquals(host.stack.counters.raw.outDatagrams, 2);
});

Deno.test("IP_HDRINCL: headers that cannot be, packets too long", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, 255);
  const packet = ipFrame(99, bytesOf(10), { dst: PEER_ADDR }).slice(14);
  assertEquals(host.send(socket, packet.slice(0, 19), PEER_ADDR), -EINVAL);
  const short = packet.slice();
  short[0] = 0x44;
  assertEquals(host.send(socket, short, PEER_ADDR), -EINVAL);
  const long = packet.slice();
  long[0] = 0x4f;
  assertEquals(host.send(socket, long, PEER_ADDR), -EINVAL);
  const big = ipFrame(99, bytesOf(1481), { dst: PEER_ADDR }).slice(14);
  assertEquals(host.send(socket, big, PEER_ADDR), -EMSGSIZE);
});

Deno.test("IPV6_CHECKSUM: made in what is sent, looked at in what comes (RFC 3542 3.1)", () => {
  const host = new Host6();
  const socket = host.datagram(SOCK_RAW, 99, 10);
  assertEquals(setOption(socket, 41, 7, Uint8Array.of(2, 0, 0, 0), host.nowUs), 0);
  const sumOf = (bytes: Uint8Array, pseudo: number) =>
    sum(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, pseudo);
  host.send(socket, bytesOf(13), PEER_ADDR6);
  const { payload } = host.sentOne6();
  assertEquals(payload.length, 13);
  assertEquals(fold(sumOf(payload, pseudoSum(OUR_ADDR6, PEER_ADDR6, 99, 13))), 0xffff);
  const count = (len: number, isRight: boolean) => {
    const bytes = bytesOf(len);
    bytes.fill(0, 2, 4);
    const right = finish(sumOf(bytes, pseudoSum(PEER_ADDR6, OUR_ADDR6, 99, len)));
    if (len >= 4) new DataView(bytes.buffer).setUint16(2, isRight ? right : right ^ 1);
    host.inject(ip6Frame(99, bytes));
    return socket.recvCount();
  };
  assertEquals([count(12, true), count(12, false)], [1, 1]);
  assertEquals([count(3, true), count(4, true), count(4, false)], [1, 2, 2]);
});

Deno.test("errors come to raw sockets of the quoted protocol", () => {
  const host = new Host();
  const socket = host.datagram(SOCK_RAW, ICMP);
  setOption(socket, 0, 11, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  const other = host.datagram(SOCK_RAW, ICMP);
  host.send(socket, icmpPacket(8, 0, 1, bytesOf(8)), PEER_ADDR);
  const quote = host.sentOne().bytes.slice(14);
  host.inject(icmpFrame(3, 1, 0, quote));
  const entry = socket.takeErrorQueue();
  assertEquals([entry?.errno, entry?.payload], [113, quote.slice(20)]);
  assertEquals([other.soError, host.recv(other)?.payload[20]], [0, 3]); // the message itself
  assertEquals(OUR_ADDR.family, 4);
});

Deno.test("errors come to a bound or connected raw socket about its own packets only", () => {
  const host = new Host();
  const sockets = [OUR_ADDR, ip("127.0.0.1")].map((local) => {
    const socket = host.datagram(SOCK_RAW, ICMP);
    assertEquals(socket.bind(local, 0, host.nowUs), 0);
    return socket;
  });
  for (const remote of [PEER_ADDR, ip("198.18.0.66")]) {
    const socket = host.datagram(SOCK_RAW, ICMP);
    assertEquals(socket.connect(remote, 0, host.nowUs), 0);
    sockets.push(socket);
  }
  const sender = host.datagram(SOCK_RAW, ICMP);
  for (const socket of [...sockets, sender]) {
    setOption(socket, 0, 11, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  }
  host.send(sender, icmpPacket(8, 0, 1, bytesOf(8)), PEER_ADDR);
  host.inject(icmpFrame(3, 1, 0, host.sentOne().bytes.slice(14)));
  const errors = sockets.map((socket) => socket.takeErrorQueue()?.errno ?? 0);
  assertEquals(errors, [113, 0, 113, 0]);
  assertEquals(sender.takeErrorQueue()?.errno, 113);
});

const IP_ROUTER_ALERT = 5;

/** A packet for somebody beyond us. */
function withAlert(protocol: number, options: Uint8Array, flagsAndOffset = 0): Uint8Array {
  const frame = ipFrame(protocol, bytesOf(40), { dst: FAR_PEER, flagsAndOffset });
  return withOptions(frame, options);
}

Deno.test("Router Alert (RFC 2113): who asked takes the packet, others travel on", () => {
  const host = new RouterHost();
  const alert = Uint8Array.of(1, 1, 1, 1, 148, 4, 0, 0);
  const rsvp = host.datagram(SOCK_RAW, 46);
  host.inject(withAlert(46, alert));
  assertEquals([rsvp.recvCount(), host.passed().length], [0, 1]);
  const on = Uint8Array.of(1, 0, 0, 0);
  assertEquals(setOption(rsvp, 0, IP_ROUTER_ALERT, on, host.nowUs), 0);
  host.inject(withAlert(46, alert));
  assertEquals([rsvp.recvCount(), host.passed().length], [1, 0]);
  assertBytes(host.recv(rsvp)!.payload, withAlert(46, alert).slice(14));
  host.inject(withAlert(47, alert)); // another protocol
  host.inject(withAlert(46, Uint8Array.of(148, 4, 0, 1))); // a value for nobody
  host.inject(withAlert(46, Uint8Array.of(1, 1, 1, 0, 148, 4, 0, 0))); // behind the end
  host.inject(withAlert(46, alert, 0x2000)); // a fragment
  assertEquals([rsvp.recvCount(), host.passed().length], [0, 4]);
  assertEquals(setOption(rsvp, 0, IP_ROUTER_ALERT, Uint8Array.of(0), host.nowUs), 0);
  host.inject(withAlert(46, alert));
  assertEquals([rsvp.recvCount(), host.passed().length], [0, 1]);
});

import { assertBytes, bytesOf, ip } from "../net_fixture.ts";
import { assertEquals } from "@std/assert";
import { EHOSTUNREACH, setOption } from "../../../stack/mod.ts";
import { fold, pseudoSum, sum } from "../../../stack/wire/checksum.ts";
import { emitTcp } from "../../../stack/wire/tcp.ts";
import { hex } from "../wire/golden.ts";
import {
  advertisement,
  concat,
  Host6,
  icmp6Frame,
  icmp6Message,
  ip6Frame,
  OUR_ADDR6,
  PEER_ADDR6,
  type Sent6,
  udp6Packet,
} from "../v6_fixture.ts";

const UDP = 17;
const ICMPV6 = 58;
const SOL_IPV6 = 41;
const IPV6_RECVERR = 25;

/** type, code, pointer or MTU of the one error that is sent. */
function errorOf(host: Host6): number[] | null {
  const all: Sent6[] = host.sent6();
  if (all.length === 0) return null;
  const { payload } = all[0];
  const rest = new DataView(payload.buffer, payload.byteOffset).getUint32(4);
  return [payload[0], payload[1], rest];
}

function bound(host: Host6) {
  const socket = host.datagram(2, UDP, 10);
  socket.bind(ip("::"), 5000, host.nowUs);
  return socket;
}

const datagram = udp6Packet(7, 5000, bytesOf(4));

Deno.test("ipv6 input: a datagram, behind extension headers too", () => {
  const host = new Host6();
  const socket = bound(host);
  host.inject(ip6Frame(UDP, datagram, { hopLimit: 61, trafficClass: 0x28 }));
  host.inject(ip6Frame(60, concat(hex("11 00 0104 00000000"), datagram)));
  host.inject(ip6Frame(0, concat(hex("2b 00 0104 00000000 11 00 0400 00000000"), datagram)));
  assertEquals(socket.recvCount(), 3);
  const got = host.recv(socket)!;
  assertEquals([got.family, got.port, got.ttl, got.tos], [10, 7, 61, 0x28]);
  assertBytes(got.payload, bytesOf(4));
  const off = socket.recvPeek(0);
  const { dv } = host.memory;
  assertEquals([dv.getUint32(off + 16), dv.getUint32(off + 28)], [0x20010db8, 1]);
  assertEquals([dv.getUint32(off + 40), dv.getUint32(off + 52)], [0x20010db8, 2]);
});

Deno.test("ipv6 input: errors that are due (RFC 8200 4, RFC 4443 3)", () => {
  const cases: [string, number, Uint8Array, number[] | null][] = [
    ["no such port", UDP, udp6Packet(7, 4999, bytesOf(4)), [1, 4, 0]],
    ["unknown next header", 200, bytesOf(8), [4, 1, 6]],
    ["unknown next header behind options", 60, concat(hex("c8 00 0104 00000000"), bytesOf(8)), [
      4,
      1,
      40,
    ]],
    ["hops left in a routing header", 43, concat(hex("11 00 0001 00000000"), datagram), [4, 0, 42]],
    ["an option that is to be known", 60, concat(hex("11 00 c002 0000 0100"), datagram), [
      4,
      2,
      42,
    ]],
    ["an option that is to be dropped", 60, concat(hex("11 00 4002 0000 0100"), datagram), null],
    ["no next header", 59, bytesOf(8), null],
    ["a fragment of an odd length", 44, concat(hex("11 00 0001 00000007"), bytesOf(9)), [4, 0, 4]],
    ["a fragment beyond the end", 44, concat(hex("11 00 fff8 00000007"), bytesOf(16)), [4, 0, 42]],
  ];
  for (const [what, next, payload, expected] of cases) {
    const host = new Host6();
    bound(host);
    host.inject(ip6Frame(next, payload));
    assertEquals(errorOf(host), expected, what);
  }
});

Deno.test("ipv6 input: errors that are never due (RFC 4443 2.4 (e))", () => {
  const host = new Host6();
  const bad = udp6Packet(7, 4999, bytesOf(4));
  host.inject(ip6Frame(UDP, bad, { src: ip("::"), dst: ip("ff02::1") }));
  host.inject(ip6Frame(UDP, bad, { dst: ip("ff02::1") }));
  host.inject(ip6Frame(UDP, bad, { dstMac: Uint8Array.of(0x33, 0x33, 0, 0, 0, 1) }));
  const about = concat(hex("60000000 0008 3a 40"), new Uint8Array(32), bytesOf(8));
  host.inject(icmp6Frame(1, 0, 0, about));
  assertEquals(host.sent().length, 0);
});

Deno.test("ipv6 input: an unreachable neighbour is told of, whatever came before", () => {
  const UNKNOWN = ip("2001:db8::77");
  const frames = [
    ip6Frame(UDP, datagram, { dst: ip("ff02::1") }),
    ip6Frame(UDP, datagram, { dstMac: Uint8Array.of(0x33, 0x33, 0, 0, 0, 1) }),
  ];
  for (const [i, frame] of frames.entries()) {
    const host = new Host6();
    const socket = host.datagram(2, UDP, 10);
    setOption(socket, SOL_IPV6, IPV6_RECVERR, Uint8Array.of(1, 0, 0, 0), host.nowUs);
    assertEquals(socket.connect(UNKNOWN, 7, host.nowUs), 0);
    assertEquals(host.send(socket, bytesOf(9), UNKNOWN, 7), 9);
    host.advance(2.5e6);
    host.inject(frame);
    host.advance(1e6);
    assertEquals(socket.takeError(), EHOSTUNREACH, `frame ${i}`);
  }
});

Deno.test("ipv6 input: what is not for us", () => {
  const host = new Host6();
  const socket = bound(host);
  host.inject(ip6Frame(UDP, datagram, { dst: ip("2001:db8::77") }));
  host.inject(ip6Frame(UDP, datagram, { dst: ip("ff05::77") }));
  assertEquals([socket.recvCount(), host.stack.counters.drops[18]], [0, 2]);
  assertEquals(host.stack.counters.ip6.inMcastPkts, 1);
  assertEquals(host.sent().length, 0);
});

/** The fragments of an echo request of `len` bytes of data, cut at `at`. */
function fragments(len: number, at: number[], id = 7): Uint8Array[] {
  const message = icmp6Message(128, 0, 0x00010001, bytesOf(len));
  return at.map((start, i) => {
    const end = at[i + 1] ?? message.length;
    const header = new Uint8Array(8);
    const dv = new DataView(header.buffer);
    header[0] = ICMPV6;
    dv.setUint16(2, start | (i + 1 < at.length ? 1 : 0));
    dv.setUint32(4, id);
    return ip6Frame(44, concat(header, message.slice(start, end)));
  });
}

Deno.test("ipv6 input: fragments in any order are put together", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 1, 2]]) {
    const host = new Host6();
    const used = host.memory.usedBytes;
    const all = fragments(1000, [0, 400, 800]);
    for (const i of order) host.inject(all[i]);
    const { payload } = host.sentOne6();
    assertEquals([payload[0], payload.length], [129, 1008]);
    assertBytes(payload.slice(8), bytesOf(1000));
    assertEquals(host.memory.usedBytes, used);
    const { reasmOks, reasmReqds } = host.stack.counters.ip6;
    assertEquals([reasmOks, reasmReqds], [1, order.length]);
  }
});

Deno.test("ipv6 input: extension headers before and behind the fragment header", () => {
  const host = new Host6();
  const socket = bound(host);
  const whole = concat(hex("11 00 0104 00000000"), udp6Packet(7, 5000, bytesOf(40)));
  const piece = (start: number, end: number, more: number) =>
    ip6Frame(
      0,
      concat(
        hex(`2c 00 0104 00000000 3c 00 ${(start | more).toString(16).padStart(4, "0")} 00000009`),
        whole.slice(start, end),
      ),
    );
  host.inject(piece(0, 24, 1));
  host.inject(piece(24, whole.length, 0));
  assertBytes(host.recv(socket)?.payload, bytesOf(40));
});

Deno.test("ipv6 input: overlapping fragments drop the whole (RFC 5722)", () => {
  const host = new Host6();
  const [first, , last] = fragments(1000, [0, 400, 800]);
  const [, overlapping] = fragments(1000, [0, 392, 800]);
  for (const frame of [first, overlapping, last]) host.inject(frame);
  assertEquals([host.sent().length, host.stack.counters.drops[20]], [0, 1]);
});

Deno.test("ipv6 input: an only fragment is none, whatever else has its number (RFC 6946)", () => {
  const host = new Host6();
  host.inject(fragments(1000, [0, 400], 7)[0]);
  host.inject(fragments(100, [0], 7)[0]);
  assertEquals(host.sentOne6().payload.length, 108);
});

Deno.test("ipv6 input: fragments that do not all come: told after a minute (RFC 8200 4.5)", () => {
  const host = new Host6();
  host.inject(fragments(1000, [0, 400, 800])[0]);
  host.advance(59e6);
  assertEquals(host.sent().length, 0);
  host.advance(2e6);
  host.inject(advertisement()); // it was forgotten meanwhile
  const told = host.sent6().filter(({ payload }) => payload[0] === 3);
  assertEquals(told.map(({ payload }) => payload[1]), [1]);
  host.inject(fragments(1000, [0, 400, 800], 8)[1]);
  host.advance(61e6);
  assertEquals(host.sent6().filter(({ payload }) => payload[0] === 3).length, 0, "not the first");
});

Deno.test("ipv6 input: what is too long for the path is sent in fragments of ours", () => {
  const host = new Host6();
  const socket = bound(host);
  host.send(socket, bytesOf(3000), PEER_ADDR6, 9);
  const all = host.sent6();
  assertEquals(all.map(({ header }) => header.nextHeader), [44, 44, 44]);
  const ids = new Set(all.map(({ payload }) => new DataView(payload.buffer).getUint32(4)));
  assertEquals(ids.size, 1);
  assertEquals(all.map(({ payload }) => payload[3] & 1), [1, 1, 0]);
  const whole = concat(...all.map(({ payload }) => payload.slice(8)));
  assertEquals(whole.length, 3008);
  assertBytes(whole, udp6Packet(5000, 9, bytesOf(3000), OUR_ADDR6, PEER_ADDR6));
});

Deno.test("ipv6 input: TCP in a frame to many is for nobody, as Linux drops it", () => {
  const host = new Host6();
  const syn = new Uint8Array(20);
  const dv = new DataView(syn.buffer);
  emitTcp(dv, 0, 4000, 80, 1000, 0, 20, 2, 500, 0, 0);
  dv.setUint16(16, ~fold(sum(dv, 0, 20, pseudoSum(PEER_ADDR6, OUR_ADDR6, 6, 20))) & 0xffff);
  host.inject(ip6Frame(6, syn, { dstMac: Uint8Array.of(0x33, 0x33, 0, 0, 0, 1) }));
  assertEquals(host.sent().length, 0);
  host.inject(ip6Frame(6, syn));
  assertEquals(host.sentOne6().payload[13], 0x14);
});

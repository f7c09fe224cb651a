import { setOption } from "../../../stack/mod.ts";
import { assertEquals } from "@std/assert";
import { refreshIpv4Checksum } from "../../../stack/wire/ipv4.ts";
import {
  bytesOf,
  ethernetFrame,
  Host,
  icmpFrame,
  ip,
  ipFrame,
  OUR_MAC,
  parseIcmpFrame,
  PEER_MAC,
  udpFrame,
} from "../net_fixture.ts";

const CLOSED = 5999;

/** A fragment whose header has an option that is cut off. */
function withBrokenOption(flagsAndOffset: number): Uint8Array {
  const plain = ipFrame(17, bytesOf(16), { flagsAndOffset }).slice(14);
  const packet = Uint8Array.of(...plain.slice(0, 20), 1, 148, 9, 0, ...plain.slice(20));
  packet[0] = 0x46;
  packet[3] += 4;
  refreshIpv4Checksum(new DataView(packet.buffer), 0, 24);
  return ethernetFrame(OUR_MAC, PEER_MAC, 0x0800, packet);
}

Deno.test("an error quotes what it is about, up to 576 bytes in all", () => {
  const host = new Host();
  const frame = udpFrame(1, CLOSED, bytesOf(1400), { tos: 0x15 });
  host.inject(frame);
  const error = parseIcmpFrame(host.sentOne());
  assertEquals(error.header.totalLen, 576);
  assertEquals(error.data, frame.slice(14, 14 + 548));
  assertEquals([error.src, error.dst, error.header.ttl], ["198.18.0.2", "198.18.0.1", 64]);
  assertEquals(error.header.tos, 0xd4); // precedence 6, the datagram's type of service
});

Deno.test("RFC 1122 3.2.2: about no ICMP error, later fragment or group", () => {
  const host = new Host();
  const quote = ipFrame(17, bytesOf(8), { src: ip("198.18.0.2"), dst: ip("198.18.0.1") }).slice(14);
  host.inject(icmpFrame(3, 3, 0, quote));
  host.inject(ipFrame(99, bytesOf(8), { dst: ip("198.18.0.255") }));
  host.inject(ipFrame(99, bytesOf(8), { dst: ip("224.0.0.1") }));
  assertEquals(host.sent().length, 0);
  // A later fragment of which something is wrong; the first one is told of
  for (const [flagsAndOffset, errors] of [[0x2000 | 100, 0], [100, 0], [0x2000, 1]]) {
    host.inject(withBrokenOption(flagsAndOffset));
    assertEquals(host.sent().length, errors, `${flagsAndOffset}`);
    assertEquals(host.stack.counters.icmp.outParmProbs, errors);
  }
  // An echo reply that nobody waits for is no error either way.
  host.inject(icmpFrame(0, 0, 1, bytesOf(8)));
  assertEquals(host.sent().length, 0);
});

Deno.test("errors are limited, except to ourselves", () => {
  const host = new Host();
  for (let i = 0; i < 20; i++) host.inject(udpFrame(1, CLOSED, bytesOf(4)));
  assertEquals(host.sent().length, 6);
  const { counters } = host.stack;
  assertEquals([counters.icmp.outDestUnreachs, counters.icmp.outRateLimitHost], [6, 14]);
  const socket = host.datagram(2, 0);
  setOption(socket, 0, 11, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  for (let i = 0; i < 20; i++) {
    host.send(socket, bytesOf(4), ip("127.0.0.1"), CLOSED);
    host.flush();
    socket.takeError();
  }
  assertEquals(counters.icmp.outDestUnreachs, 26);
});

Deno.test("no route back, no memory: no error, no harm", () => {
  const host = new Host();
  host.inject(udpFrame(1, CLOSED, bytesOf(4), { src: ip("203.0.113.1") }));
  while (host.memory.alloc(64) >= 0);
  host.inject(udpFrame(1, CLOSED, bytesOf(4)));
  assertEquals(host.sent().length, 0);
});

Deno.test("the log hears of every error sent, and of those that were one too many", () => {
  const host = new Host();
  for (let i = 0; i < 8; i++) host.inject(udpFrame(1, CLOSED, bytesOf(4)));
  const told = host.log.take().filter((text) => text.startsWith("ICMP"));
  const sent = told.filter((text) => text === `ICMP_ERROR_SENT 198.18.0.1 ${3 << 8 | 3}`);
  const held = told.filter((text) => text === `ICMP_RATE_LIMITED 198.18.0.1 ${3 << 8 | 3}`);
  assertEquals([told.length, sent.length, held.length], [8, 6, 2]);
});

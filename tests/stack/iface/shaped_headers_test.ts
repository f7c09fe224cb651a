import { assertEquals } from "@std/assert";
import { setOption } from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { fold, sum } from "../../../stack/wire/checksum.ts";
import { mtuOf, routersLen } from "../../../stack/iface/shaped_headers.ts";
import { NO_HEADERS6, PacketShape } from "../../../stack/base/packet_shape.ts";
import { bytesOf, Host, PEER_ADDR } from "../net_fixture.ts";
import { Host6, PEER_ADDR6 } from "../v6_fixture.ts";

/** Pad options to fill a header of 8 bytes. */
const PADDED = [0, 0, 1, 4, 0, 0, 0, 0];

Deno.test("extension headers go in their order, each naming the next", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  for (const name of [54, 55, 59]) {
    assertEquals(setOption(socket, 41, name, Uint8Array.from(PADDED), host.nowUs), 0);
  }
  assertEquals(host.send(socket, bytesOf(3), PEER_ADDR6, 9), 3);
  const { header, payload } = host.sentOne6();
  assertEquals([header.nextHeader, payload[0], payload[8], payload[16]], [0, 60, 60, 17]);
  assertEquals([header.payloadLen, payload.length], [24 + 8 + 3, 24 + 8 + 3]);
});

Deno.test("all but the destination options go before a fragment header", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  for (const name of [54, 59]) {
    setOption(socket, 41, name, Uint8Array.from(PADDED), host.nowUs);
  }
  assertEquals(host.send(socket, bytesOf(2000), PEER_ADDR6, 9), 2000);
  const fragments = host.sent6();
  assertEquals(fragments.length, 2);
  for (const { header, payload } of fragments) {
    assertEquals([header.nextHeader, payload[0], payload[8]], [0, 44, 60]);
  }
  assertEquals(fragments[0].payload[16], 17);
  const carried = fragments.map(({ payload }) => payload.length - 16);
  assertEquals(carried[0] + carried[1], 8 + 8 + 2000);
});

Deno.test("IPV6_MTU: how long fragments are, and no packet that the path takes is cut", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  assertEquals(setOption(socket, 41, 24, intBytes(1280), host.nowUs), 0);
  assertEquals(host.send(socket, bytesOf(1300), PEER_ADDR6, 9), 1300);
  assertEquals(host.sent6().length, 1);
  assertEquals(host.send(socket, bytesOf(2400), PEER_ADDR6, 9), 2400);
  const lengths = host.sent6().map(({ header }) => 40 + header.payloadLen);
  assertEquals([lengths.length, lengths[0]], [2, 1280]);
  const shape = new PacketShape();
  shape.mtu6 = 1400;
  assertEquals([mtuOf({ mtu: 1300 }, shape), mtuOf({ mtu: 1500 }, null)], [1300, 1500]);
  const headers = { ...NO_HEADERS6, hopByHop: bytesOf(8), destination: bytesOf(16) };
  assertEquals(routersLen(headers), 8);
});

Deno.test("IPv4 options are in all fragments, those that are not copied as no-operations", () => {
  const host = new Host();
  const socket = host.datagram(2, 17);
  const route = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 1);
  assertEquals(setOption(socket, 0, 4, route, host.nowUs), 0);
  assertEquals(host.send(socket, bytesOf(2000), PEER_ADDR, 9), 2000);
  const frames = host.sent();
  assertEquals(frames.length, 2);
  const headers = frames.map(({ bytes }) => bytes.slice(14, 14 + 28));
  assertEquals(headers.map((h) => h[0]), [0x47, 0x47]);
  assertEquals([...headers[0].slice(20)], [7, 7, 8, 198, 18, 0, 2, 1]);
  assertEquals([...headers[1].slice(20)], [1, 1, 1, 1, 1, 1, 1, 1]);
  for (const h of headers) assertEquals(fold(sum(new DataView(h.buffer), 0, 28, 0)), 0xffff);
});

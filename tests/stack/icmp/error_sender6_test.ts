import { assertEquals } from "@std/assert";
import { assertBytes, bytesOf } from "../net_fixture.ts";
import { Host6, ip6Frame, udp6Packet } from "../v6_fixture.ts";

Deno.test("icmpv6 errors quote what fits 1280 bytes (RFC 4443 2.4 (c))", () => {
  const host = new Host6();
  const frame = ip6Frame(17, udp6Packet(7, 4999, bytesOf(1400)));
  host.inject(frame);
  const { payload, header } = host.sentOne6();
  assertEquals(header.payloadLen, 1240);
  assertBytes(payload.slice(8), frame.slice(14, 14 + 1232));
});

Deno.test("icmpv6 errors to one network are limited (RFC 4443 2.4 (f))", () => {
  const host = new Host6();
  const frame = ip6Frame(17, udp6Packet(7, 4999, bytesOf(4)));
  for (let i = 0; i < 20; i++) host.inject(frame);
  assertEquals(host.sent().length, 6);
  const { icmp, icmp6 } = host.stack.counters;
  assertEquals([icmp6.outDestUnreachs, icmp6.outRateLimitHost, icmp.outRateLimitHost], [6, 14, 0]);
  host.advance(1e6);
  host.inject(frame);
  assertEquals(host.sent6().filter(({ payload }) => payload[0] === 1).length, 1);
});

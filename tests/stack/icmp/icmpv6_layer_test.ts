import { assertEquals } from "@std/assert";
import { assertBytes, bytesOf, ip } from "../net_fixture.ts";
import { Host6, icmp6Frame, OUR_LINK_LOCAL, PEER_LINK_LOCAL } from "../v6_fixture.ts";

Deno.test("icmpv6: an echo request is answered from the address that was asked", () => {
  const host = new Host6();
  host.inject(icmp6Frame(128, 0, 0x12340007, bytesOf(33), { trafficClass: 0x20 }));
  const { header, src, dst, payload } = host.sentOne6();
  assertEquals([src, dst, header.hopLimit, header.trafficClass], [
    "2001:db8::2",
    "2001:db8::1",
    64,
    0x20,
  ]);
  assertEquals([...payload.slice(0, 2), ...payload.slice(4, 8)], [129, 0, 0x12, 0x34, 0, 7]);
  assertBytes(payload.slice(8), bytesOf(33));
});

Deno.test("icmpv6: and from the address on the link, whom all were asked", () => {
  const host = new Host6();
  const link = { src: PEER_LINK_LOCAL, dst: OUR_LINK_LOCAL };
  host.inject(icmp6Frame(128, 0, 1, bytesOf(3), link));
  assertEquals(host.sentOne6().src, OUR_LINK_LOCAL.toString());
  host.inject(icmp6Frame(128, 0, 1, bytesOf(3), { src: PEER_LINK_LOCAL, dst: ip("ff02::1") }));
  assertEquals(host.sentOne6().src, OUR_LINK_LOCAL.toString());
});

Deno.test("icmpv6: a wrong checksum, and types that mean nothing to a host", () => {
  const host = new Host6();
  const frame = icmp6Frame(128, 0, 1, bytesOf(8));
  frame[14 + 40 + 2] ^= 1;
  host.inject(frame);
  host.inject(icmp6Frame(200, 0, 1, bytesOf(8)));
  assertEquals(host.sent().length, 0);
  const { drops } = host.stack.counters;
  assertEquals([drops[28], drops[29]], [1, 1]);
});

Deno.test("icmpv6: what comes is counted by its type", () => {
  const host = new Host6();
  for (const [type, times] of [[1, 1], [2, 2], [3, 4], [4, 5], [129, 6]]) {
    for (let i = 0; i < times; i++) host.inject(icmp6Frame(type, 0, 1, bytesOf(48)));
  }
  const { icmp6 } = host.stack.counters;
  assertEquals([icmp6.inDestUnreachs, icmp6.inTimeExcds, icmp6.inParmProbs, icmp6.inEchoReps], [
    3,
    4,
    5,
    6,
  ]);
  assertEquals(host.sent().length, 0);
});

Deno.test("icmpv6: with echo_ignore_all nothing is answered", () => {
  const host = new Host6({ config: { icmp: { echoIgnoreAll: true } } });
  host.inject(icmp6Frame(128, 0, 1, bytesOf(8)));
  assertEquals(host.sent().length, 0);
});

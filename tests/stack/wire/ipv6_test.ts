import { assertEquals } from "@std/assert";
import { emitIpv6, ipHeaderLen, Ipv6Header, parseIpv6 } from "../../../stack/wire/ipv6.ts";
import * as drop from "../../../stack/base/drop_reason.ts";
import { assertEmits, hex, view } from "./golden.ts";

/** Neighbour solicitation header: traffic class 0xc5, flow label 0xabcde. */
const PACKET = hex(
  `6c5abcde 0008 3a ff fe800000000000000000000000000001 ff0200000000000000000001ff000002
   8700000000000000`,
);

Deno.test("ipv6: parse and emit back", () => {
  const h = new Ipv6Header();
  assertEquals(parseIpv6(view(PACKET), 0, PACKET.length, h), 0);
  assertEquals([h.trafficClass, h.flowLabel, h.payloadLen], [0xc5, 0xabcde, 8]);
  assertEquals([h.nextHeader, h.hopLimit], [58, 255]);
  assertEquals([h.src0, h.src3, h.dst0, h.dst3], [
    0xfe800000 | 0,
    1,
    0xff020000 | 0,
    0xff000002 | 0,
  ]);
  assertEmits(PACKET.slice(0, 40), (dv, off) => emitIpv6(dv, off, h));
});

Deno.test("ipv6: the header's length of either family", () => {
  assertEquals([ipHeaderLen(4), ipHeaderLen(6)], [20, 40]);
});

Deno.test("ipv6: malformed headers", () => {
  const h = new Ipv6Header();
  for (let len = 0; len < 40; len++) {
    assertEquals(parseIpv6(view(PACKET), 0, len, h), drop.DROP_IPV6_SHORT);
  }
  assertEquals(parseIpv6(view(PACKET), 0, 47, h), drop.DROP_IPV6_TRUNCATED);
  const v4 = PACKET.slice();
  v4[0] = 0x4c;
  assertEquals(parseIpv6(view(v4), 0, v4.length, h), drop.DROP_IPV6_VERSION);
});

import { assertEquals } from "@std/assert";
import { DROP_ICMP_CHECKSUM, DROP_ICMP_SHORT } from "../../../stack/base/drop_reason.ts";
import { pseudoSumV6, sum } from "../../../stack/wire/checksum.ts";
import { emitIcmp, IcmpHeader } from "../../../stack/wire/icmp.ts";
import { ICMPV6_ECHO_REQUEST, isIcmpv6Error, parseIcmpv6 } from "../../../stack/wire/icmpv6.ts";
import { assertEmits, dirty, hex, view } from "./golden.ts";

/** ping -6 -c 1 -s 4 ::1: an echo request as Linux sends it over the loopback. */
const ECHO = hex("8000 ff24 1234 0001 6e757365");

function pseudo(len: number): number {
  return pseudoSumV6(0, 0, 0, 1, 0, 0, 0, 1, 58, len);
}

/** The message with the checksum that it must have. */
function sealed(message: Uint8Array): Uint8Array {
  const all = message.slice();
  const dv = view(all);
  dv.setUint16(2, 0);
  const rest = dv.getInt32(4);
  emitIcmp(dv, 0, all[0], all[1], rest, sum(dv, 8, all.length - 8, pseudo(all.length)));
  return all;
}

Deno.test("icmpv6: the pseudo-header is part of the checksum (RFC 4443 2.3)", () => {
  const good = sealed(ECHO);
  const header = new IcmpHeader();
  assertEquals(parseIcmpv6(view(good), 0, good.length, pseudo(good.length), header), 0);
  assertEquals([header.type, header.code, header.id, header.seq], [
    ICMPV6_ECHO_REQUEST,
    0,
    0x1234,
    1,
  ]);
  // Another address, another sum
  const other = pseudoSumV6(0, 0, 0, 2, 0, 0, 0, 1, 58, good.length);
  assertEquals(parseIcmpv6(view(good), 0, good.length, other, header), DROP_ICMP_CHECKSUM);
  assertEquals(parseIcmpv6(view(good), 0, good.length, -1, header), 0, "known to be right");
});

Deno.test("icmpv6: written by emitIcmp, and nothing but the header", () => {
  const good = sealed(ECHO);
  const payload = dirty(4);
  payload.setUint32(0, 0x6e757365);
  const payloadSum = sum(payload, 0, 4, pseudo(good.length));
  assertEmits(good.slice(0, 8), (dv, off) => emitIcmp(dv, off, 128, 0, 0x12340001, payloadSum));
});

Deno.test("icmpv6: MTU and pointer have 32 bits", () => {
  const header = new IcmpHeader();
  const tooBig = hex("0200 0000 000105dc");
  assertEquals(parseIcmpv6(view(tooBig), 0, 8, -1, header), 0);
  assertEquals([header.mtu, header.pointer], [0x105dc, 0x105dc]);
  assertEquals(parseIcmpv6(view(tooBig), 0, 7, -1, header), DROP_ICMP_SHORT);
});

Deno.test("icmpv6: types below 128 are errors (RFC 4443 2.1)", () => {
  assertEquals([1, 4, 127, 128, 255].map(isIcmpv6Error), [true, true, true, false, false]);
});

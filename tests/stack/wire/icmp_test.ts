import { assertEquals } from "@std/assert";
import * as icmp from "../../../stack/wire/icmp.ts";
import { emitIcmp, icmpEchoRest, IcmpHeader, parseIcmp } from "../../../stack/wire/icmp.ts";
import { sum } from "../../../stack/wire/checksum.ts";
import { DROP_ICMP_CHECKSUM, DROP_ICMP_SHORT } from "../../../stack/base/drop_reason.ts";
import * as golden from "./golden.ts";
import { assertEmits, hex, view } from "./golden.ts";

Deno.test("icmp: echo, parse and emit back", () => {
  const h = new IcmpHeader();
  for (const frame of [golden.ECHO_REQUEST_FRAME, golden.ECHO_REPLY_FRAME]) {
    const message = frame.slice(34);
    assertEquals(parseIcmp(view(message), 0, message.length, true, h), 0);
    assertEquals([h.code, h.id, h.seq], [0, 0x293d, 1]);
    const payloadSum = sum(view(message), 8, message.length - 8, 0);
    assertEmits(message.slice(0, 8), (dv, off) => {
      emitIcmp(dv, off, h.type, h.code, icmpEchoRest(h.id, h.seq), payloadSum);
    });
  }
});

Deno.test("icmp: port unreachable, parse and emit back", () => {
  const h = new IcmpHeader();
  const message = golden.PORT_UNREACHABLE_PACKET.slice(20);
  assertEquals(parseIcmp(view(message), 0, message.length, true, h), 0);
  assertEquals([h.type, h.code], [icmp.ICMP_UNREACHABLE, icmp.UNREACHABLE_PORT]);
  const payloadSum = sum(view(message), 8, message.length - 8, 0); // 29 bytes: odd
  assertEmits(message.slice(0, 8), (dv, off) => emitIcmp(dv, off, h.type, h.code, 0, payloadSum));
});

Deno.test("icmp: an odd payload in two odd pieces", () => {
  const message = golden.PORT_UNREACHABLE_PACKET.slice(20);
  const first = sum(view(message), 8, 13, 0);
  const payloadSum = sum(view(message), 21, message.length - 21, first);
  assertEmits(message.slice(0, 8), (dv, off) => emitIcmp(dv, off, 3, 3, 0, payloadSum));
});

Deno.test("icmp: the word after the checksum, by type", () => {
  const h = new IcmpHeader();
  const needed = hex("0304 0000 0000 0578"); // fragmentation needed, MTU 1400
  parseIcmp(view(needed), 0, 8, false, h);
  assertEquals([h.type, h.code, h.mtu], [3, icmp.UNREACHABLE_FRAGMENTATION_NEEDED, 1400]);
  const problem = hex("0c00 0000 1600 0000");
  parseIcmp(view(problem), 0, 8, false, h);
  assertEquals([h.type, h.pointer], [icmp.ICMP_PARAMETER_PROBLEM, 0x16]);
  const redirect = hex("0501 0000 c6120701");
  parseIcmp(view(redirect), 0, 8, false, h);
  assertEquals([h.type, h.gateway], [icmp.ICMP_REDIRECT, golden.IP_A]);
  assertEmits(hex("0b01 f4fe 00000000"), (dv, off) => {
    emitIcmp(dv, off, icmp.ICMP_TIME_EXCEEDED, icmp.TIME_EXCEEDED_REASSEMBLY, 0, 0);
  });
  assertEmits(hex("0c00 ddff 16000000"), (dv, off) => {
    emitIcmp(dv, off, icmp.ICMP_PARAMETER_PROBLEM, 0, 0x16 << 24, 0);
  });
});

Deno.test("icmp: which types are errors", () => {
  const errors = [];
  for (let type = 0; type < 256; type++) if (icmp.isIcmpError(type)) errors.push(type);
  assertEquals(errors, [3, 4, 5, 11, 12]);
});

Deno.test("icmp: malformed messages", () => {
  const h = new IcmpHeader();
  const message = golden.ECHO_REQUEST_FRAME.slice(34);
  for (let len = 0; len < 8; len++) {
    assertEquals(parseIcmp(view(message), 0, len, true, h), DROP_ICMP_SHORT);
  }
  message[20] ^= 0x80;
  assertEquals(parseIcmp(view(message), 0, message.length, true, h), DROP_ICMP_CHECKSUM);
  assertEquals(parseIcmp(view(message), 0, message.length, false, h), 0, "not verified");
  assertEquals(parseIcmp(view(hex("0000000000000000")), 0, 8, true, h), DROP_ICMP_CHECKSUM);
});

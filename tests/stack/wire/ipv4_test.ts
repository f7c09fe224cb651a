import { assertEquals } from "@std/assert";
import {
  emitIpv4,
  IPV4_DF,
  IPV4_MF,
  Ipv4Header,
  maskOptionsNotCopied,
  parseIpv4,
  parseQuotedIpv4,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  refreshIpv4Checksum,
} from "../../../stack/wire/ipv4.ts";
import * as drop from "../../../stack/base/drop_reason.ts";
import * as golden from "./golden.ts";
import { assertEmits, dirty, hex, IP_A, IP_B, view } from "./golden.ts";

/** A packet of headerLen + payloadLen bytes with `options` and a correct checksum. */
function packet(options: string, change: (dv: DataView) => void = () => {}, payloadLen = 8) {
  const optionBytes = hex(options);
  const headerLen = 20 + optionBytes.length;
  const u8 = new Uint8Array(headerLen + payloadLen);
  emitIpv4(view(u8), 0, 0, u8.length, 7, 0, 64, PROTOCOL_UDP, IP_A, IP_B);
  u8[0] = 0x40 | (headerLen >> 2);
  u8.set(optionBytes, 20);
  change(view(u8));
  refreshIpv4Checksum(view(u8), 0, headerLen);
  return u8;
}

function parse(u8: Uint8Array, len = u8.length, header = new Ipv4Header()): number {
  return parseIpv4(view(u8), 0, len, true, header);
}

Deno.test("ipv4: parse and emit back", () => {
  const h = new Ipv4Header();
  const packets = [
    golden.ECHO_REQUEST_FRAME.slice(14),
    golden.ECHO_REPLY_FRAME.slice(14),
    golden.UDP_PACKET,
    golden.PORT_UNREACHABLE_PACKET,
    golden.SYN_PACKET,
    golden.RST_ACK_PACKET,
  ];
  for (const u8 of packets) {
    assertEquals(parse(u8, u8.length, h), 0);
    assertEquals(h.totalLen, u8.length);
    assertEmits(u8.slice(0, 20), (dv, off) => {
      const flags = h.dontFragment ? IPV4_DF : 0;
      emitIpv4(dv, off, h.tos, h.totalLen, h.id, flags, h.ttl, h.protocol, h.src, h.dst);
    });
  }
  parse(golden.PORT_UNREACHABLE_PACKET, 57, h);
  assertEquals([h.tos, h.ttl, h.protocol, h.id], [0xc0, 64, PROTOCOL_ICMP, 0x540f]);
  assertEquals([h.src, h.dst, h.isFragment, h.dontFragment], [IP_B, IP_A, false, false]);
});

Deno.test("ipv4: fragments", () => {
  const h = new Ipv4Header();
  const first = new Uint8Array(1500);
  first.set(golden.FIRST_FRAGMENT_HEADER);
  assertEquals(parse(first, 1500, h), 0);
  assertEquals([h.isFragment, h.moreFragments, h.fragmentOff], [true, true, 0]);
  assertEmits(golden.FIRST_FRAGMENT_HEADER, (dv, off) => {
    emitIpv4(dv, off, 0, 1500, h.id, IPV4_MF, 64, PROTOCOL_ICMP, IP_A, IP_B);
  });
  const last = new Uint8Array(549);
  last.set(golden.LAST_FRAGMENT_HEADER);
  assertEquals(parse(last, 549, h), 0);
  assertEquals([h.isFragment, h.moreFragments, h.fragmentOff], [true, false, 1480]);
  assertEmits(golden.LAST_FRAGMENT_HEADER, (dv, off) => {
    emitIpv4(dv, off, 0, 549, h.id, 1480 >> 3, 64, PROTOCOL_ICMP, IP_A, IP_B);
  });
});

Deno.test("ipv4: fragments that cannot be", () => {
  const withFlags = (flags: number, payloadLen: number) =>
    parse(packet("", (dv) => dv.setUint16(6, flags), payloadLen));
  assertEquals(withFlags(IPV4_MF, 8), 0);
  assertEquals(withFlags(IPV4_MF, 9), drop.DROP_IPV4_FRAGMENT, "not a multiple of 8");
  assertEquals(withFlags(IPV4_MF, 0), drop.DROP_IPV4_FRAGMENT, "empty");
  assertEquals(withFlags(0x1fff, 8), drop.DROP_IPV4_FRAGMENT, "ends beyond 65535");
  assertEquals(withFlags(8184 >> 3, 8), 0);
  assertEquals(withFlags(65512 >> 3, 3), 0, "ends at 65535");
  assertEquals(withFlags(65512 >> 3, 4), drop.DROP_IPV4_FRAGMENT, "one beyond");
});

Deno.test("ipv4: malformed headers", () => {
  const good = packet("");
  for (let len = 0; len < 20; len++) assertEquals(parse(good, len), drop.DROP_IPV4_SHORT);
  assertEquals(parse(good, 27), drop.DROP_IPV4_TRUNCATED);
  const set = (off: number, value: number) => packet("", (dv) => dv.setUint8(off, value));
  assertEquals(parse(set(0, 0x65)), drop.DROP_IPV4_VERSION);
  assertEquals(parse(set(0, 0x44)), drop.DROP_IPV4_HEADER_LEN, "IHL 4");
  assertEquals(parse(set(0, 0x48)), drop.DROP_IPV4_HEADER_LEN, "IHL beyond the packet");
  assertEquals(parse(set(3, 19)), drop.DROP_IPV4_TOTAL_LEN);
  assertEquals(parse(set(3, 29)), drop.DROP_IPV4_TRUNCATED);
  const corrupt = packet("");
  corrupt[8] ^= 1;
  assertEquals(parse(corrupt), drop.DROP_IPV4_CHECKSUM);
  assertEquals(parseIpv4(view(corrupt), 0, 28, false, new Ipv4Header()), 0, "not verified");
});

Deno.test("ipv4: padding after the packet is not part of it", () => {
  const padded = new Uint8Array(46);
  padded.set(packet(""));
  const h = new Ipv4Header();
  assertEquals(parse(padded, 46, h), 0);
  assertEquals([h.headerLen, h.totalLen], [20, 28]);
});

Deno.test("ipv4: options are skipped", () => {
  const h = new Ipv4Header();
  assertEquals(parse(golden.OPTIONS_PACKET, 124, h), 0);
  assertEquals([h.headerLen, h.totalLen, h.protocol], [60, 124, PROTOCOL_ICMP]);
  assertEquals(parse(packet("01010101")), 0, "NOPs");
  assertEquals(parse(packet("99029902")), 0, "options without a value");
  assertEquals(parse(packet("00ffffff")), 0, "nothing after END counts");
  assertEquals(parse(packet("94040000")), 0, "router alert");
  assertEquals(parse(packet("010703040000000000000000")), 0, "record route");
});

Deno.test("ipv4: source routes are refused", () => {
  assertEquals(parse(packet("83070401020304 00")), drop.DROP_IPV4_SOURCE_ROUTE);
  assertEquals(parse(packet("01 89070401020304")), drop.DROP_IPV4_SOURCE_ROUTE);
  assertEquals(parse(packet("00 83070401020304")), 0, "after END");
});

Deno.test("ipv4: malformed options name the faulty byte", () => {
  const faults: [string, number][] = [
    ["07000000", 20], // length 0
    ["07010000", 20], // length 1
    ["07050000", 20], // beyond the header
    ["01010107", 23], // no length byte
    ["9404000007080404", 24],
    ["8307040102030407", 27], // a source route, then a fault
  ];
  for (const [options, at] of faults) {
    const h = new Ipv4Header();
    assertEquals(parse(packet(options), undefined, h), drop.DROP_IPV4_OPTIONS, options);
    assertEquals(h.optionErrorOff, at, options);
  }
});

Deno.test("ipv4: a quoted header is accepted although the packet is cut off and changed", () => {
  const h = new Ipv4Header();
  const quote = packet("01010101").slice(0, 32);
  quote[2] = 0xff; // total length
  quote[10] ^= 0xff; // checksum
  assertEquals(parseQuotedIpv4(view(quote), 0, 32, h), 0);
  assertEquals([h.headerLen, h.protocol, h.src, h.dst], [24, PROTOCOL_UDP, IP_A, IP_B]);
  assertEquals(parseQuotedIpv4(view(quote), 0, 19, h), drop.DROP_IPV4_SHORT);
  assertEquals(parseQuotedIpv4(view(quote), 0, 23, h), drop.DROP_IPV4_HEADER_LEN);
  quote[0] = 0x60;
  assertEquals(parseQuotedIpv4(view(quote), 0, 32, h), drop.DROP_IPV4_VERSION);
});

Deno.test("ipv4: checksums come out right for random headers", () => {
  let seed = 1;
  const next = (): number => (seed = Math.imul(seed, 1664525) + 1013904223 | 0);
  const h = new Ipv4Header();
  for (let i = 0; i < 1000; i++) {
    const dv = dirty(65536);
    const totalLen = 20 + (next() >>> 16) % 1000;
    emitIpv4(
      dv,
      0,
      next() & 255,
      totalLen,
      next() & 0xffff,
      IPV4_DF,
      next() & 255,
      PROTOCOL_TCP,
      next(),
      next(),
    );
    assertEquals(parseIpv4(dv, 0, 65536, true, h), 0);
  }
});

Deno.test("ipv4: a later fragment keeps the options with the copied flag only", () => {
  const masked = (options: string) => {
    const u8 = packet(options);
    maskOptionsNotCopied(view(u8), 0, u8.length - 8);
    return u8.slice(20, u8.length - 8);
  };
  // Record route, a no-operation, a stream identifier (copied).
  assertEquals(masked("07 03 04 01 88 04 00 09"), hex("01 01 01 01 88 04 00 09"));
  // Nothing is looked at after the end of the list.
  assertEquals(masked("00 07 ff ff"), hex("00 07 ff ff"));
});

Deno.test("ipv4: a TSO packet of more than 65,535 bytes has a total length of 0", () => {
  const dv = dirty(20);
  emitIpv4(dv, 0, 0, 260_000, 0, IPV4_DF, 64, PROTOCOL_TCP, IP_A, IP_B);
  assertEquals(dv.getUint16(2), 0);
  const h = new Ipv4Header();
  const read = (len: number, isTso: boolean) => parseIpv4(dv, 0, len, true, h, isTso);
  assertEquals([read(260_000, true), h.totalLen], [0, 260_000]);
  // Where the field can say it, and in what is no TSO packet, 0 is an error
  assertEquals(read(65_535, true), drop.DROP_IPV4_TOTAL_LEN);
  assertEquals(read(260_000, false), drop.DROP_IPV4_TOTAL_LEN);
  emitIpv4(dv, 0, 0, 260_000, 0, IPV4_MF, 64, PROTOCOL_TCP, IP_A, IP_B);
  assertEquals(read(260_000, true), drop.DROP_IPV4_TOTAL_LEN);
});

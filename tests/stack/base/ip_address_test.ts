import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  ANY_V4,
  ANY_V6,
  BROADCAST_V4,
  IpAddress,
  LOOPBACK_V4,
  LOOPBACK_V6,
} from "../../../stack/base/ip_address.ts";

function ip(text: string): IpAddress {
  const addr = IpAddress.parse(text);
  assert(addr !== null, text);
  return addr;
}

Deno.test("IpAddress: IPv4 is v4-mapped words", () => {
  const addr = ip("198.18.0.255");
  assertEquals([addr.w0, addr.w1, addr.w2, addr.w3], [0, 0, 0xffff, 0xc61200ff | 0]);
  assertEquals(addr.family, 4);
  assertEquals(addr.toV4Word(), 0xc61200ff | 0);
  assertEquals(addr.toString(), "198.18.0.255");
  assert(addr.equals(IpAddress.v4(0xc61200ff)));
  assert(addr.equals(IpAddress.fromWords(0, 0, 0xffff, 0xc61200ff | 0)));
  assert(addr.equals(ip("::ffff:198.18.0.255")));
  assertFalse(addr.equals(ip("::198.18.0.255")));
});

Deno.test("IpAddress: read and write in network order", () => {
  for (const text of ["1.2.3.4", "255.255.255.255", "2001:db8::8000:1", "ff02::1"]) {
    const addr = ip(text);
    const u8 = new Uint8Array(24).fill(0xa5);
    const len = addr.writeTo(u8, 3);
    assertEquals(len, addr.family === 4 ? 4 : 16);
    assertEquals([u8[2], u8[3 + len]], [0xa5, 0xa5]);
    assertEquals(u8[3], addr.family === 4 ? addr.w3 >>> 24 : addr.w0 >>> 24);
    assert(IpAddress.read(new DataView(u8.buffer), 3, addr.family).equals(addr), text);
  }
  const u8 = new Uint8Array(4);
  ip("1.2.3.4").writeTo(u8, 0);
  assertEquals([...u8], [1, 2, 3, 4]);
});

Deno.test("IpAddress: prefixes", () => {
  assertEquals(ip("198.18.77.1").maskedBy(15).toString(), "198.18.0.0");
  assertEquals(ip("198.18.77.1").maskedBy(32).toString(), "198.18.77.1");
  assertEquals(ip("198.18.77.1").maskedBy(0).toString(), "0.0.0.0");
  assertEquals(ip("2001:db8:aaaa:bbbb::1").maskedBy(49).toString(), "2001:db8:aaaa:8000::");
  assertEquals(ip("2001:db8:aaaa:bbbb::1").maskedBy(128).toString(), "2001:db8:aaaa:bbbb::1");
  assertEquals(ip("2001:db8::1").maskedBy(0).toString(), "::");
  assert(ip("198.18.0.1").sharesPrefix(ip("198.19.255.255"), 15));
  assertFalse(ip("198.18.0.1").sharesPrefix(ip("198.20.0.1"), 15));
  assert(ip("8.8.8.8").sharesPrefix(ANY_V4, 0));
  assertFalse(ip("8.8.8.8").sharesPrefix(ANY_V6, 0));
  assert(ip("fe80::1:2").sharesPrefix(ip("fe80::1:3"), 127));
  assertFalse(ip("fe80::1:2").sharesPrefix(ip("fe80::1:3"), 128));
});

Deno.test("IpAddress: kinds", () => {
  const kindsOf = (a: IpAddress): string =>
    [
      a.isUnspecified ? "unspecified" : "",
      a.isLoopback ? "loopback" : "",
      a.isMulticast ? "multicast" : "",
      a.isBroadcast ? "broadcast" : "",
      a.isLinkLocal ? "linklocal" : "",
    ].filter((s) => s !== "").join(" ");
  const expected: [IpAddress, string][] = [
    [ANY_V4, "unspecified"],
    [ANY_V6, "unspecified"],
    [LOOPBACK_V4, "loopback"],
    [LOOPBACK_V6, "loopback"],
    [BROADCAST_V4, "broadcast"],
    [ip("127.255.255.254"), "loopback"],
    [ip("126.0.0.1"), ""],
    [ip("128.0.0.1"), ""],
    [ip("223.255.255.255"), ""],
    [ip("224.0.0.0"), "multicast"],
    [ip("239.255.255.255"), "multicast"],
    [ip("240.0.0.0"), ""],
    [ip("169.254.1.1"), "linklocal"],
    [ip("::2"), ""],
    [ip("ff02::1"), "multicast"],
    [ip("fe80::1"), "linklocal"],
    [ip("febf::1"), "linklocal"],
    [ip("fec0::1"), ""],
    [ip("0:0:0:0:0:fffe::"), ""],
  ];
  for (const [addr, kinds] of expected) assertEquals(kindsOf(addr), kinds, addr.toString());
});

Deno.test("IpAddress: one of IPv6 that a host has", () => {
  for (const text of ["2001:db8::1", "fe80::1", "fec0::1"]) assert(ip(text).isHost6, text);
  for (const text of ["::", "::1", "ff02::1", "198.18.0.1", "::ffff:169.254.1.1"]) {
    assertFalse(ip(text).isHost6, text);
  }
});

Deno.test("IpAddress: as four words of a hash, in their order, where they are to be", () => {
  const words = new Int32Array(9).fill(-1);
  IpAddress.fromWords(1, 2, 3, 4).putWords(words, 4);
  assertEquals([...words], [-1, -1, -1, -1, 1, 2, 3, 4, -1]);
});

Deno.test("IpAddress: equal only when all four words are", () => {
  const words: [number, number, number, number] = [1, 2, 3, 4];
  const addr = IpAddress.fromWords(...words);
  assert(addr.equals(IpAddress.fromWords(...words)));
  for (let i = 0; i < 4; i++) {
    const other = [...words] as typeof words;
    other[i] = 9;
    assertFalse(addr.equals(IpAddress.fromWords(...other)), `word ${i}`);
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../../cli/base/failure.ts";
import {
  checkInterfaceName,
  parseCidr,
  parseDad,
  parseMac,
  parseMtu,
  parsePipePath,
  parseVif,
  type Setting,
  splitList,
  toHostAddress,
} from "../../../cli/config/values.ts";

const said = (text: string): Setting => ({ text, from: "--dev eth0" });

function refuses(parse: (setting: Setting) => unknown, texts: readonly string[]): void {
  for (const text of texts) {
    const error = assertThrows(() => parse(said(text)), Failure, "--dev eth0");
    assertEquals(/\(.*\)$/.test(error.message), true, `${error.message}: what to do?`);
  }
}

Deno.test("an address with a prefix length or without", () => {
  const { address, prefixLen } = parseCidr(said("198.18.0.2/24"));
  assertEquals([address.toString(), prefixLen], ["198.18.0.2", 24]);
  assertEquals(parseCidr(said("198.18.0.2")).prefixLen, null);
  refuses(parseCidr, ["", "198.18.0", "198.18.0.2/33", "198.18.0.2/", "198.18.0.2/8/8"]);
  assertEquals(parseCidr(said("2001:db8::2/56")).prefixLen, 56);
  refuses(parseCidr, ["2001:db8::2/129", "2001:db8::2::1", "fe80::1%eth0"]);
});

Deno.test("a list: its parts, trimmed, each where it begins", () => {
  const parts = splitList({ ...said("a, bb,,c"), placeAt: (offset) => `f:1:${8 + offset}` });
  assertEquals(parts.map(({ text, from, placeAt }) => [text, from, placeAt?.(0)]), [
    ["a", "--dev eth0", "f:1:8"],
    ["bb", "--dev eth0", "f:1:10"],
    ["", "--dev eth0", "f:1:14"],
    ["c", "--dev eth0", "f:1:15"],
  ]);
  assertEquals(parts[3].placeAt?.(1), "f:1:16");
  assertEquals(splitList(said(" a ,b")), [said("a"), said("b")]);
});

Deno.test("an address that a host may have", () => {
  const host = (text: string, fallback = 24) =>
    toHostAddress(said(text), parseCidr(said(text)), fallback);
  assertEquals(host("198.18.0.2"), { address: "198.18.0.2", prefixLen: 24 });
  assertEquals(host("198.18.0.0/31"), { address: "198.18.0.0", prefixLen: 31 });
  refuses(({ text }) => host(text), [
    "0.0.0.0",
    "127.0.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.0/24",
    "198.18.0.255/24",
    "198.18.0.2/0",
    "::",
    "::1",
    "ff02::1",
    "2001:db8::/64",
  ]);
});

Deno.test("kinds in any case, and nothing else", () => {
  assertEquals([parseVif(said("tap")), parseVif(said("RAW"))], ["TAP", "RAW"]);
  assertEquals([parseDad(said("Quick")), parseDad(said("off"))], ["quick", "off"]);
  refuses(parseVif, ["", "TUN", "RAW "]);
  refuses(parseDad, ["", "maybe"]);
});

Deno.test("a MAC of one host, or where it comes from", () => {
  const macs = ["own", "INTERFACE", "02:00:00:00:00:0A"].map((text) => parseMac(said(text)));
  assertEquals(macs, ["own", "interface", "02:00:00:00:00:0a"]);
  refuses(parseMac, ["", "02:00", "03:00:00:00:00:01", "00:00:00:00:00:00", "02-00-00-00-00-01"]);
});

Deno.test("an MTU, from RFC 791's least to the longest packet", () => {
  assertEquals([parseMtu(said("68")), parseMtu(said("65535"))], [68, 65535]);
  refuses(parseMtu, ["", "67", "65536", "1500x", "-1"]);
});

Deno.test("a name that the kernel takes", () => {
  assertEquals(checkInterfaceName(said("a23456789012345"), 0), "a23456789012345");
  refuses((s) => checkInterfaceName(s, 0), ["", "a b", "a/b", "..", "a:1", "a234567890123456"]);
  refuses((s) => checkInterfaceName(s, 5), ["a2345678901"]);
});

Deno.test("the path of a pipe: absolute, and as many bytes as a socket's address takes", () => {
  assertEquals(parsePipePath(said("/tmp/pipe")), "/tmp/pipe");
  assertEquals(parsePipePath(said("pipe")), `${Deno.cwd()}/pipe`);
  const longest = `/tmp/${"\u00e9".repeat(51)}`; // of two bytes each
  assertEquals(parsePipePath(said(longest)), longest);
  refuses(parsePipePath, ["", "/tmp/", "/tmp/a\nb", `${longest}e`, `/tmp/${"e".repeat(103)}`]);
});

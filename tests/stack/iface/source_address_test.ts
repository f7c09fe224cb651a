import { assertEquals } from "@std/assert";
import { Interface } from "../../../stack/iface/interface.ts";
import {
  commonPrefixLen,
  labelOf,
  scopeOf,
  selectSource,
} from "../../../stack/iface/source_address.ts";
import { BuddyMemory } from "../../../stack/mod.ts";
import { FakeDevice, ip, NO_OFFLOAD } from "../net_fixture.ts";

const memory = new BuddyMemory(new ArrayBuffer(1 << 20));

/** "2001:db8::1/64" or "… deprecated". */
function withAddresses(index: number, ...texts: string[]): Interface {
  const link = new FakeDevice(NO_OFFLOAD, 1500);
  const iface = new Interface(
    index,
    { name: `e${index}`, mac: new Uint8Array(6), link },
    memory,
    4,
  );
  for (const text of texts) {
    const [cidr, word] = text.split(" ");
    const [addr, len] = cidr.split("/");
    const isDeprecated = word === "deprecated";
    iface.addresses.push({ addr: ip(addr), prefixLen: Number(len), broadcast: null, isDeprecated });
  }
  return iface;
}

function chosen(dst: string, out: Interface, ...others: Interface[]): string {
  return selectSource(ip(dst), out, [out, ...others])?.toString() ?? "none";
}

Deno.test("source address: the examples of RFC 6724 10.1", () => {
  const both = withAddresses(2, "2001:db8:1::1/64", "fe80::1/64");
  assertEquals(chosen("2001:db8:1::9", both), "2001:db8:1::1", "appropriate scope");
  assertEquals(chosen("ff05::1", both), "2001:db8:1::1", "site scope from a global one");
  assertEquals(chosen("fe80::9", both), "fe80::1", "same scope");
  const twice = withAddresses(2, "2001:db8:1::2/64", "2001:db8:3::2/64");
  assertEquals(chosen("2001:db8:1::1", twice), "2001:db8:1::2", "longest prefix");
  assertEquals(chosen("2001:db8:3::1", twice), "2001:db8:3::2", "longest prefix");
  const same = withAddresses(2, "2001:db8:1::9/64", "2001:db8:1::2/64");
  assertEquals(chosen("2001:db8:1::2", same), "2001:db8:1::2", "same address");
});

Deno.test("source address: no deprecated one while there is another (rule 3)", () => {
  const iface = withAddresses(2, "2001:db8:1::1/64 deprecated", "2001:db8:2::1/64");
  assertEquals(chosen("2001:db8:1::5", iface), "2001:db8:2::1");
  const only = withAddresses(2, "2001:db8:1::1/64 deprecated", "fe80::1/64");
  assertEquals(chosen("2001:db8:1::5", only), "2001:db8:1::1");
});

Deno.test("source address: of the outgoing interface (rule 5), and of its label (rule 6)", () => {
  const out = withAddresses(2, "2001:db8:9::1/64");
  const other = withAddresses(3, "2001:db8:1::1/64");
  assertEquals(chosen("2001:db8:1::5", out, other), "2001:db8:9::1");
  const mixed = withAddresses(2, "fd00::1/64", "2001:db8:9::1/64");
  assertEquals(chosen("2001:db8:1::5", mixed), "2001:db8:9::1");
  assertEquals(chosen("fd77::5", mixed), "fd00::1");
});

Deno.test("source address: one is borrowed, but for what stays on its link", () => {
  const out = withAddresses(2, "fe80::2/64");
  const other = withAddresses(3, "2001:db8:1::1/64", "fe80::3/64");
  assertEquals(chosen("2001:db8:1::5", out, other), "2001:db8:1::1");
  assertEquals(chosen("ff02::1", out, other), "fe80::2");
  const bare = withAddresses(4);
  assertEquals(chosen("ff02::1", bare, other), "none");
  assertEquals(chosen("fe80::9", bare, other), "none");
});

Deno.test("source address: scopes, labels and common prefixes", () => {
  const scopes = ["fe80::1", "::1", "fec0::1", "2001:db8::1", "ff02::1", "ff05::1", "ff0e::1"];
  assertEquals(scopes.map((text) => scopeOf(ip(text))), [2, 2, 5, 14, 2, 5, 14]);
  const labels = ["::1", "2001:db8::1", "2002::1", "2001::1", "fd00::1", "198.18.0.1"];
  assertEquals(labels.map((text) => labelOf(ip(text))), [0, 1, 2, 5, 13, 4]);
  assertEquals(commonPrefixLen(ip("2001:db8::1"), ip("2001:db8::1")), 128);
  assertEquals(commonPrefixLen(ip("2001:db8::"), ip("2001:db8:0:1::")), 63);
});

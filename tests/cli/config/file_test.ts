import { assert, assertEquals } from "@std/assert";
import { type SectionKind, SECTIONS } from "../../../cli/config/keys.ts";
import { only, parseConfigFile, quoted, type Section } from "../../../cli/config/file.ts";

const parse = (text: string) => parseConfigFile(text, "nuse.conf");

/** What a section says: "key value", in the order of the file. */
function said({ settings }: Section): string[] {
  return [...settings].flatMap(([key, all]) => all.map(({ text }) => `${key} ${text}`));
}

/** The keys of a section, as messages list them. */
function listOf(kind: SectionKind): string {
  return SECTIONS[kind].map(({ inFile }) => inFile).join(", ");
}

const outside = `${listOf("global")}, interface, route`;

/** What is wrong with a text, without the file's name. */
function complaints(text: string): string[] {
  return parse(text).complaints.map((line) => {
    assert(line.startsWith("nuse.conf:"), line);
    assert(/\(.+\)$/.test(line), `no advice: ${line}`);
    return line.slice("nuse.conf:".length);
  });
}

Deno.test("the original's file", () => {
  const file = parse(`interface eth0
    address 192.168.0.10
    netmask 255.255.255.0
    macaddr 00:01:01:01:01:01
    viftype TAP

route
    network 0.0.0.0
    netmask 0.0.0.0
    gateway 192.168.0.1
`);
  assertEquals(file.complaints, []);
  assertEquals(file.sections.map(({ kind, name }) => [kind, name?.text]), [
    ["interface", "eth0"],
    ["route", undefined],
  ]);
  assertEquals(said(file.sections[0]), [
    "address 192.168.0.10",
    "netmask 255.255.255.0",
    "macaddr 00:01:01:01:01:01",
    "viftype TAP",
  ]);
  assertEquals(said(file.sections[1]), [
    "network 0.0.0.0",
    "netmask 0.0.0.0",
    "gateway 192.168.0.1",
  ]);
});

Deno.test("each value knows its line and column", () => {
  const { global, sections: [eth0] } = parse(
    "sysctl net.ipv4.tcp_sack 0\n\ninterface eth0\n\tmtu 99",
  );
  assertEquals(only(global, "sysctl")?.from, "nuse.conf:1:8");
  assertEquals(only(global, "sysctl")?.placeAt?.(18), "nuse.conf:1:26");
  assertEquals([eth0.from, eth0.name?.from], ["nuse.conf:3:1", "nuse.conf:3:11"]);
  assertEquals(only(eth0, "mtu")?.from, "nuse.conf:4:6");
});

Deno.test("comments, blank lines, ends of lines, a byte order mark", () => {
  const file = parse(
    "\ufeff# a comment\r\ninterface a # of a\r\n  # not blank: the section goes on\r\n" +
      "  address 198.18.0.2/24\t# here\r\n   \t\r\nhostname lab#1\r\nroute\r\n network 0.0.0.0/0",
  );
  // A # within a word begins no comment; so this is a wrong name, and not "lab"
  assertEquals(file.complaints.map((line) => line.split(" ")[0]), ["nuse.conf:6:10:"]);
  assertEquals(said(file.sections[0]), ["address 198.18.0.2/24"]);
  assertEquals(said(file.sections[1]), ["network 0.0.0.0/0"]);
  assertEquals(parse("").sections, []);
});

Deno.test("a section ends at the next one as well; keys may repeat where that has a sense", () => {
  const file = parse(`interface a
address 198.18.0.2/24
address 198.18.1.2/24
interface b
address 198.18.2.2/24
`);
  assertEquals(file.complaints, []);
  assertEquals(file.sections.map(said), [
    ["address 198.18.0.2/24", "address 198.18.1.2/24"],
    ["address 198.18.2.2/24"],
  ]);
});

Deno.test("a quoted value reads back as it was", () => {
  for (const path of ["/tmp/a #b", "/tmp/a#b", '/tmp/"x" y', "/tmp/back\\slash", '"/x', "# /x"]) {
    const { complaints, sections } = parse(`interface a\n  pipepath ${quoted(path)} # comment\n`);
    assertEquals(complaints, [], path);
    assertEquals(only(sections[0], "pipepath")?.text, path);
  }
  assertEquals([quoted("a b"), quoted(" a"), quoted("")], ["a b", '" a"', '""']);
  assertEquals(complaints('interface a\n  pipepath "/tmp/x'), [
    '2:12: no closing quote (expected "...")',
  ]);
  assertEquals(complaints('interface a\n  pipepath "/tmp/x" y'), [
    "2:12: more after the closing quote (expected the end of the line)",
  ]);
});

Deno.test("unknown keys: what was expected, and the nearest known", () => {
  assertEquals(complaints("interface a\n    adress 198.18.0.2\n    speed 9\n"), [
    `2:5: unknown key "adress" (expected ${listOf("interface")}; did you mean address?)`,
    `3:5: unknown key "speed" (expected ${listOf("interface")})`,
  ]);
  assertEquals(complaints("interfce a\n    address 198.18.0.2\n    gateway x\n\nhostnam b"), [
    `1:1: unknown key "interfce" (expected ${outside}; did you mean interface?)`,
    `5:1: unknown key "hostnam" (expected ${outside}; did you mean hostname?)`,
  ]);
});

Deno.test("known keys in the wrong place", () => {
  assertEquals(complaints("interface a\n  gateway 198.18.0.1"), [
    `2:3: gateway belongs to route (expected ${listOf("interface")})`,
  ]);
  assertEquals(complaints("interface a\n  hostname lab"), [
    "2:3: hostname in a section (expected a blank line before it)",
  ]);
  const after = "a blank line ends it: take it out";
  assertEquals(complaints("route\n  network 0.0.0.0/0\n\n  netmask 0.0.0.0\n  gateway 1.2.3.4"), [
    `4:3: netmask after the end of the section (${after})`,
  ]);
  assertEquals(complaints("netmask 255.0.0.0"), [
    `1:1: netmask belongs to interface or route (expected ${outside})`,
  ]);
});

Deno.test("what is missing, what is double", () => {
  assertEquals(complaints("interface\n\nroute 10.0.0.0\n"), [
    "1:1: an interface without a name (e.g. eth0)",
    "3:7: a route has no name (expected nothing more; network comes on its own line)",
  ]);
  assertEquals(complaints("interface a\n  mtu   # to be said\n"), [
    "2:3: mtu has no value (expected BYTES, e.g. 1500)",
  ]);
  assertEquals(complaints("interface a\n  mtu 99\n  mtu 98\n\ninterface a\n"), [
    "3:3: a second mtu (first: nuse.conf:2:7)",
    "5:11: a second interface a (first: nuse.conf:1:1)",
  ]);
  const twice = "interface a\n  address 198.18.0.2/24\n  address 198.18.0.2/24\n";
  assertEquals(complaints(twice), [
    "3:11: address 198.18.0.2/24 again (first: nuse.conf:2:11)",
  ]);
});

Deno.test("every bad value of a file is said, where it stands", () => {
  const lines = complaints(`sysctl net.ipv4.tcp_sak 0
sysctl net.ipv4.tcp_sack   maybe
nameserver lab

interface a
    address 198.18.0.256
    viftype DPDK
    macaddr 2
    mtu 9

route
    network 10.0.0.0/8
    gateway 10.0.0.1/8
`);
  assertEquals(lines.map((line) => line.match(/^\d+:\d+/)![0]), [
    "1:8",
    "2:28",
    "3:12",
    "6:13",
    "7:13",
    "8:13",
    "9:9",
    "13:13",
  ]);
  assert(lines[0].includes("did you mean net.ipv4.tcp_sack?"), lines[0]);
});

/** Words of files, right and wrong. */
const WORDS = [
  ...["interface", "route", "address", "netmask", "mtu", "gateway", "sysctl", "pipepath", "x"],
  ...["a", "198.18.0.2/24", "1500", "net.ipv4.tcp_sack", "0", '"', '"a b"', "\\", "#", "# x"],
  ...["\n", "\n", "\n", "\n\n", "\r\n", "\t", "    ", "\0", "é"],
];

Deno.test("any text gives sections and complaints with places in it, never anything else", () => {
  let state = 20261126;
  const random = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  for (let i = 0; i < 1000; i++) {
    const text = Array.from({ length: random(24) }, () => WORDS[random(WORDS.length)]).join(" ");
    const lines = text.split(/\r?\n/);
    for (const line of parse(text).complaints) {
      const [, row, column] = line.match(/^nuse\.conf:(\d+):(\d+): .+ ?\(.+\)$/s)!.map(Number);
      assert(row >= 1 && row <= lines.length, line);
      assert(column >= 1 && column <= lines[row - 1].length + 1, `${line} in ${lines[row - 1]}`);
    }
  }
});

import { assertEquals } from "@std/assert";
import { IpAddress } from "../../../stack/mod.ts";
import {
  encodeAssociation,
  encodeDhcp6,
  OPT6_CLIENT_ID,
  parseDhcp6Reply,
} from "../../../stack/wire/dhcp6.ts";
import { bytes16, option6, SERVER_ID, status6, u32 } from "../dhcp/server6.ts";

const DUID = [0, 3, 0, 1, 2, 0, 0, 0, 0, 7];
const IDS = [...option6(1, DUID), ...option6(2, SERVER_ID)];

function address(text: string, preferred: number, valid: number, inner: number[] = []): number[] {
  return option6(5, [...bytes16(text), ...u32(preferred), ...u32(valid), ...inner]);
}

function association(...parts: number[][]): number[] {
  return option6(3, [...u32(77), ...u32(10), ...u32(20), ...parts.flat()]);
}

function parse(...parts: number[][]) {
  return parseDhcp6Reply(Uint8Array.of(7, 1, 2, 3, ...parts.flat()), 77);
}

function addresses(...parts: number[][]): string[] | undefined {
  return parse(IDS, association(...parts))?.association?.addresses.map(({ addr }) => `${addr}`);
}

Deno.test("dhcp6 message: header, options, an association (RFC 9915 8, 21.1, 21.4, 21.6)", () => {
  const value = encodeAssociation(-2, [IpAddress.parse("2001:db8::1")!]);
  assertEquals([...value], [
    ...[255, 255, 255, 254, 0, 0, 0, 0, 0, 0, 0, 0],
    ...option6(5, [...bytes16("2001:db8::1"), ...new Uint8Array(8)]),
  ]);
  const message = encodeDhcp6(1, 0x7a010203, [[OPT6_CLIENT_ID, Uint8Array.from(DUID)]]);
  assertEquals([...message], [1, 1, 2, 3, ...option6(1, DUID)]);
});

Deno.test("dhcp6 reply: what it says, its transaction, its server", () => {
  const reply = parse(
    IDS,
    association(address("2001:db8::77", 100, 200), status6(0)),
    option6(7, [9]),
    option6(14, []),
    option6(32, u32(700)),
  )!;
  assertEquals([reply.type, reply.xid, reply.preference, reply.isRapid], [7, 0x010203, 9, true]);
  assertEquals([...reply.serverId], [...SERVER_ID]);
  const { t1Seconds, t2Seconds, status } = reply.association!;
  assertEquals([t1Seconds, t2Seconds, status, reply.status], [10, 20, 0, 0]);
  assertEquals([reply.refreshSeconds, reply.solMaxRtSeconds], [700, null]);
});

Deno.test("dhcp6 reply: without both identifiers, or malformed, it is none (16.3, 16.10)", () => {
  assertEquals(parse(option6(1, DUID)), null);
  assertEquals(parse(option6(2, SERVER_ID)), null);
  assertEquals(parse(option6(1, DUID), option6(2, [0, 1])), null); // a DUID of no type
  assertEquals(parse(option6(1, DUID), option6(2, new Uint8Array(131))), null);
  assertEquals(parse(IDS, [0, 3, 0, 50, 1]), null); // beyond the end
  assertEquals(parse(IDS, [0, 3, 0]), null);
  assertEquals(parse(IDS, option6(3, u32(77))), null); // an association cut short
  assertEquals(parse(IDS, association([0, 5, 0, 9])), null);
  assertEquals(parseDhcp6Reply(Uint8Array.of(3, 1, 2, 3, ...IDS), 77), null); // a client's
  assertEquals(parse(IDS)?.association, null);
  assertEquals(parse(IDS, option6(3, [...u32(78), ...new Uint8Array(8)]))?.association, null);
});

Deno.test("dhcp6 reply: addresses that a host can have, with lifetimes that can be (21.6)", () => {
  assertEquals(
    addresses(
      address("2001:db8::1", 100, 200),
      address("2001:db8::2", 201, 200), // preferred for longer than valid
      address("2001:db8::1", 5, 5), // again
      address("fe80::1", 1, 1),
      address("ff02::1", 1, 1),
      address("::", 1, 1),
      address("::1", 1, 1),
      option6(5, [...new Uint8Array(10), 255, 255, 198, 18, 0, 1, ...u32(1), ...u32(1)]),
      address("2001:db8::3", 1, 1, status6(4)),
      option6(5, new Uint8Array(23)),
      address("2001:db8::4", 1, 1),
    ),
    ["2001:db8::1", "2001:db8::4"],
  );
  const many = Array.from({ length: 500 }, (_, i) => address(`2001:db8::${i + 1}`, 1, 1));
  assertEquals(addresses(...many)?.length, 8);
  assertEquals(parse(IDS, option6(13, [0]))?.status, 1); // a status code cut short is a failure
});

Deno.test("dhcp6 reply: name servers are hosts of IPv6, also of the link (RFC 3646 3)", () => {
  const none = [...new Uint8Array(10), 255, 255, 169, 254, 1, 1]; // of IPv4's link
  const told = ["fe80::53", "::", "::1", "ff02::53", "2001:db8::53"].flatMap((text) => [
    ...bytes16(text),
  ]);
  const reply = parse(IDS, option6(23, [...none, ...told]))!;
  assertEquals(reply.nameservers.map((addr) => `${addr}`), ["fe80::53", "2001:db8::53"]);
});

Deno.test("dhcp6 reply: lists of servers and names are bounded", () => {
  const servers = Array.from({ length: 90 }, (_, i) => [...bytes16(`2001:db8::${i + 1}`)]).flat();
  const names = Array.from({ length: 90 }, (_, i) => [1, 97 + i % 26, 0]).flat();
  const reply = parse(IDS, option6(23, servers), option6(24, names))!;
  assertEquals([reply.nameservers.length, reply.search.length], [8, 16]);
});

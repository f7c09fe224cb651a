import { assertEquals } from "@std/assert";
import { setOption } from "../../../stack/mod.ts";
import { ip } from "../net_fixture.ts";
import {
  addressBytes,
  concat,
  Host6,
  icmp6Message,
  ip6Frame,
  PEER_LINK_LOCAL,
  type Sent6,
} from "../v6_fixture.ts";
import { hex } from "../wire/golden.ts";

const GROUP = ip("ff05::77");
const ALL_NODES = ip("ff02::1");
const JOIN = 20;
const LEAVE = 21;

function change(host: Host6, name: number, group = GROUP): void {
  const value = concat(addressBytes(group), Uint8Array.of(host.iface.index, 0, 0, 0));
  assertEquals(setOption(socketOf(host), 41, name, value, host.nowUs), 0);
}

const sockets = new WeakMap<Host6, unknown>();
function socketOf(host: Host6) {
  if (!sockets.has(host)) sockets.set(host, host.datagram(2, 17, 10));
  return sockets.get(host) as never;
}

/** "type group" of every record of a version 2 report. */
function records({ payload }: Sent6): string[] {
  if (payload[8] !== 143) return [`message ${payload[8]}`];
  const dv = new DataView(payload.buffer, payload.byteOffset);
  const all: string[] = [];
  let at = 16;
  for (let n = dv.getUint16(14); n > 0; n--) {
    const words = [0, 4, 8, 12].map((i) => dv.getInt32(at + 4 + i));
    const group = words.map((w) => (w >>> 0).toString(16)).join(" ");
    all.push(`${payload[at]} ${group}`);
    at += 20 + 16 * dv.getUint16(at + 2);
  }
  return all;
}

function query(group = ip("::"), rest = "02 7d 0000", dst = ALL_NODES, hopLimit = 1): Uint8Array {
  const src = PEER_LINK_LOCAL;
  const body = concat(addressBytes(group), hex(rest));
  const message = icmp6Message(130, 0, 1000 << 16, body, src, dst);
  const alert = hex("3a 00 0502 0000 0100");
  return ip6Frame(0, concat(alert, message), { src, dst, hopLimit });
}

Deno.test("mld: a group that is joined is told at once, again, and when it is left", () => {
  const host = new Host6();
  change(host, JOIN);
  host.advance(10e6);
  const joined = host.sent6();
  assertEquals(joined.map(records), [["4 ff050000 0 0 77"], ["4 ff050000 0 0 77"]]);
  const [{ src, dst, header, payload }] = joined;
  assertEquals([src, dst], ["fe80::ff:fe00:2", "ff02::16"]);
  assertEquals([header.hopLimit, header.nextHeader], [1, 0]);
  assertEquals([...payload.slice(0, 8)], [58, 0, 5, 2, 0, 0, 1, 0]);
  change(host, LEAVE);
  host.advance(10e6);
  assertEquals(host.sent6().map(records), [["3 ff050000 0 0 77"], ["3 ff050000 0 0 77"]]);
});

Deno.test("mld: a general query is answered with all groups, our addresses' too", () => {
  const host = new Host6();
  change(host, JOIN);
  host.advance(10e6);
  host.sent();
  host.inject(query());
  host.advance(2e6);
  const [answer, ...more] = host.sent6();
  assertEquals(more.length, 0);
  // Both of our addresses end alike, and share a group
  assertEquals(records(answer).sort(), ["2 ff020000 0 1 ff000002", "2 ff050000 0 0 77"]);
});

Deno.test("mld: a query about one group, and one that is not from this link", () => {
  const host = new Host6();
  change(host, JOIN);
  host.advance(10e6);
  host.sent();
  host.inject(query(GROUP, "02 7d 0000", GROUP));
  host.advance(2e6);
  assertEquals(host.sent6().map(records), [["2 ff050000 0 0 77"]]);
  host.inject(query(GROUP, "02 7d 0000", GROUP, 64));
  host.inject(query(ip("ff05::78"), "02 7d 0000"));
  host.advance(2e6);
  assertEquals(host.sent().length, 0);
});

Deno.test("mld: a querier of version 1 is answered in its version", () => {
  const host = new Host6();
  change(host, JOIN);
  host.advance(10e6);
  host.sent();
  host.inject(query(ip("::"), ""));
  host.advance(2e6);
  const types = host.sent6().map(({ payload, dst }) => `${payload[8]} ${dst}`).sort();
  assertEquals(types, ["131 ff02::1:ff00:2", "131 ff05::77"]);
  change(host, LEAVE);
  host.advance(1e6);
  assertEquals(host.sent6().map(({ payload, dst }) => `${payload[8]} ${dst}`), ["132 ff02::2"]);
});

Deno.test("mld: what does not leave the host is not told, nor ff02::1", () => {
  const host = new Host6();
  change(host, JOIN, ip("ff01::5"));
  change(host, JOIN, ALL_NODES);
  host.advance(10e6);
  assertEquals(host.sent().length, 0);
});

import { assertEquals } from "@std/assert";
import { leaseOf } from "../../../stack/dhcp/lease.ts";
import { parseDhcpReply } from "../../../stack/wire/dhcp.ts";
import { address, type Answer, reply, seconds, type Seen } from "./server.ts";

const SEEN: Seen = {
  xid: 1,
  secs: 0,
  wantsBroadcast: true,
  ciaddr: 0,
  mac: Uint8Array.of(2, 0, 0, 0, 0, 7),
  type: 1,
  options: new Map(),
};

function lease(options: Answer["options"] = {}, yiaddr?: string) {
  return leaseOf(parseDhcpReply(reply(SEEN, 2, { options, yiaddr }))!);
}

function routes(options: Answer["options"]): string[] | undefined {
  return lease(options)?.routes.map(({ dst, prefixLen, gateway }) =>
    `${dst}/${prefixLen} ${gateway ?? "on link"}`
  );
}

Deno.test("lease: address, mask, server, and half and seven eighths of the time", () => {
  const found = lease();
  assertEquals(
    `${found?.addr}/${found?.prefixLen} of ${found?.server}`,
    "198.18.0.77/24 of 198.18.0.1",
  );
  const { renewAfterUs, rebindAfterUs, expiresAfterUs } = found!;
  assertEquals([renewAfterUs, rebindAfterUs, expiresAfterUs], [1800e6, 3150e6, 3600e6]);
});

Deno.test("lease: times of the server, if they are in order", () => {
  const timesOf = (t1: number, t2: number) => {
    const { renewAfterUs, rebindAfterUs } = lease({ 58: seconds(t1), 59: seconds(t2) })!;
    return [renewAfterUs / 1e6, rebindAfterUs / 1e6];
  };
  assertEquals(timesOf(100, 200), [100, 200]);
  assertEquals(timesOf(300, 200), [200, 200]); // T1 after T2: never later than it
  assertEquals(timesOf(100, 9999), [100, 3150]); // T2 after the end
  assertEquals(timesOf(100, 3600), [100, 3150]); // T2 at the end
  assertEquals(timesOf(100, 3599), [100, 3599]);
  assertEquals(timesOf(200, 200), [200, 200]);
  const forEver = lease({ 51: Uint8Array.of(255, 255, 255, 255), 58: seconds(5) })!;
  assertEquals([forEver.renewAfterUs, forEver.expiresAfterUs], [Infinity, Infinity]);
});

Deno.test("lease: none without server, time or a host's address", () => {
  assertEquals(lease({ 54: null }), null);
  assertEquals(lease({ 51: null }), null);
  assertEquals(lease({ 51: seconds(9) }), null);
  assertEquals(lease({ 51: Uint8Array.of(1) }), null);
  for (const bad of ["0.0.0.0", "224.0.0.9", "255.255.255.255", "127.0.0.1"]) {
    assertEquals(lease({}, bad), null);
  }
});

Deno.test("lease: without a mask that is one, the address's class says it", () => {
  assertEquals(lease({ 1: null })?.prefixLen, 24);
  assertEquals(lease({ 1: null }, "172.16.5.5")?.prefixLen, 16);
  assertEquals(lease({ 1: null }, "10.5.5.5")?.prefixLen, 8);
  assertEquals(lease({ 1: address("255.0.255.0") })?.prefixLen, 24);
  assertEquals(lease({ 1: address("0.0.0.0") })?.prefixLen, 24);
  assertEquals(lease({ 1: address("255.255.255.255") })?.prefixLen, 32);
  assertEquals(lease({ 1: address("255.255.254.0") })?.prefixLen, 23);
});

Deno.test("lease: routes: the router's, or the classless ones alone (RFC 3442)", () => {
  assertEquals(routes({}), []);
  assertEquals(routes({ 3: Uint8Array.of(198, 18, 0, 1, 198, 18, 0, 2) }), [
    "0.0.0.0/0 198.18.0.1",
  ]);
  const classless = Uint8Array.of(
    ...[0, 198, 18, 0, 3],
    ...[25, 203, 0, 113, 129, 198, 18, 0, 4], // a bit beyond the prefix is dropped
    ...[32, 192, 0, 2, 9, 0, 0, 0, 0],
  );
  assertEquals(routes({ 3: address("198.18.0.1"), 121: classless }), [
    "0.0.0.0/0 198.18.0.3",
    "203.0.113.128/25 198.18.0.4",
    "192.0.2.9/32 on link",
  ]);
  // Malformed: as if it were not there.
  for (const bad of [Uint8Array.of(33, 1, 2, 3, 4, 5, 6, 7, 8, 9), Uint8Array.of(24, 10, 0)]) {
    assertEquals(routes({ 3: address("198.18.0.1"), 121: bad }), ["0.0.0.0/0 198.18.0.1"]);
  }
});

Deno.test("lease: MTU, names and name servers", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const found = lease({
    6: Uint8Array.of(192, 0, 2, 1, 192, 0, 2, 2),
    12: bytes("box\n\0"),
    15: bytes("example.org"),
    26: Uint8Array.of(5, 0),
  })!;
  assertEquals(found.nameservers.map(String), ["192.0.2.1", "192.0.2.2"]);
  assertEquals([found.hostname, found.domain, found.mtu], ["box", "example.org", 1280]);
  assertEquals(lease({ 26: Uint8Array.of(0, 67) })?.mtu, 0);
});

Deno.test("lease: search list with compression; a pointer that does not lead back ends it", () => {
  const search = (...bytes: number[]) => lease({ 119: Uint8Array.from(bytes) })?.search;
  const example = [7, 101, 120, 97, 109, 112, 108, 101, 3, 111, 114, 103, 0]; // example.org
  assertEquals(search(...example, 3, 101, 110, 103, 0xc0, 0), ["example.org", "eng.example.org"]);
  assertEquals(search(...example, 0xc0, 8), ["example.org", "org"]);
  assertEquals(search(...example, 0xc0, 13), ["example.org"]); // at itself
  assertEquals(search(...example, 0xc0, 99), ["example.org"]);
  assertEquals(search(...example, 9, 101), ["example.org"]);
  assertEquals(search(...example, 0xc0), ["example.org"]);
  assertEquals(search(3, 111, 114, 103), []); // no end
  assertEquals(search(...example, 3, 101, 110, 103, 0xc0, 13), ["example.org"]); // in a circle
  assertEquals(search(1, 97, 0xc0, 0), []);
});

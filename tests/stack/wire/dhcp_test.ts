import { assertEquals } from "@std/assert";
import { encodeDhcp, parseDhcpReply } from "../../../stack/wire/dhcp.ts";
import { readRequest, reply, type Seen } from "../dhcp/server.ts";

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 7);
const SEEN: Seen = {
  xid: -5,
  secs: 0,
  wantsBroadcast: true,
  ciaddr: 0,
  mac: MAC,
  type: 1,
  options: new Map(),
};

Deno.test("dhcp: a client's message, at least 300 bytes (RFC 1542 2.1)", () => {
  const options = [[53, Uint8Array.of(1)], [12, new TextEncoder().encode("box")]] as const;
  const message = encodeDhcp({
    xid: -5,
    secs: 70_000,
    wantsBroadcast: true,
    ciaddr: 0x0a000001,
    mac: MAC,
    options,
  });
  assertEquals(message.length, 300);
  const seen = readRequest(message);
  assertEquals(seen, {
    xid: -5,
    secs: 65535,
    wantsBroadcast: true,
    ciaddr: 0x0a000001,
    mac: MAC,
    type: 1,
    options: new Map(options),
  });
});

Deno.test("dhcp: a server's message", () => {
  const parsed = parseDhcpReply(reply(SEEN, 5));
  assertEquals([parsed?.xid, parsed?.type, parsed?.yiaddr], [-5, 5, 0xc612004d | 0]);
  assertEquals(parsed?.mac, MAC);
  assertEquals(parsed?.options.get(54), Uint8Array.of(198, 18, 0, 1));
});

Deno.test("dhcp: an option in parts is one, also where file and sname hold some", () => {
  const message = reply(SEEN, 2, { options: { 52: Uint8Array.of(3), 119: Uint8Array.of(1, 2) } });
  message.set([119, 1, 3, 255], 108);
  message.set([0, 119, 2, 4, 5, 255], 44);
  assertEquals(parseDhcpReply(message)?.options.get(119), Uint8Array.of(1, 2, 3, 4, 5));
});

Deno.test("dhcp: what is no server's message, or malformed", () => {
  const good = reply(SEEN, 2);
  const changed = (at: number, value: number) => {
    const message = good.slice();
    message[at] = value;
    return parseDhcpReply(message);
  };
  assertEquals(changed(0, 1), null); // a request
  assertEquals(changed(1, 6), null); // not Ethernet
  assertEquals(changed(236, 0), null); // BOOTP without the cookie
  assertEquals(changed(good.length - 6, 200), null); // an option beyond the end
  assertEquals(parseDhcpReply(good.slice(0, 239)), null);
  assertEquals(parseDhcpReply(good.slice(0, 240)), null); // no message type
  assertEquals(parseDhcpReply(reply(SEEN, 2, { options: { 53: Uint8Array.of(1, 2) } })), null);
  // An overloaded field that is not a list of options.
  const overloaded = reply(SEEN, 2, { options: { 52: Uint8Array.of(1) } });
  overloaded.fill(99, 108, 236);
  assertEquals(parseDhcpReply(overloaded), null);
});

Deno.test("dhcp: an overloaded field is as long as it is, and no longer (RFC 2131 2)", () => {
  for (const [overload, from, to] of [[1, 108, 236], [2, 44, 108]]) {
    const message = reply(SEEN, 2, { options: { 52: Uint8Array.of(overload) } });
    message.fill(0, from, to);
    message.set([119, 2, 7, 8], to - 4);
    assertEquals(parseDhcpReply(message)?.options.get(119), Uint8Array.of(7, 8), `${overload}`);
    message.set([119, 3, 7, 8], to - 4);
    assertEquals(parseDhcpReply(message), null, "beyond its end");
  }
});

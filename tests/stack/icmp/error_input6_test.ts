import { assertEquals } from "@std/assert";
import { bytesOf, ip } from "../net_fixture.ts";
import { hex } from "../wire/golden.ts";
import { concat, Host6, icmp6Frame, PEER_ADDR6 } from "../v6_fixture.ts";
import { setOption } from "../../../stack/mod.ts";

/** What we have sent, as a router sees it. */
function lastSent(host: Host6): Uint8Array {
  return host.sent().at(-1)!.bytes.slice(14);
}

function connected(host: Host6) {
  const socket = host.datagram(2, 17, 10);
  socket.connect(PEER_ADDR6, 9, host.nowUs);
  host.send(socket, bytesOf(40), null);
  return { socket, quote: lastSent(host) };
}

Deno.test("icmpv6 errors: port unreachable ends in a connected socket", () => {
  const host = new Host6();
  const { socket, quote } = connected(host);
  host.inject(icmp6Frame(1, 4, 0, quote));
  assertEquals(socket.takeError(), 111);
});

Deno.test("icmpv6 errors: about a packet behind extension headers, and cut off", () => {
  const host = new Host6();
  const { socket, quote } = connected(host);
  const behind = concat(
    quote.slice(0, 6),
    hex("3c"),
    quote.slice(7, 40),
    hex("11 00 0104 00000000"),
  )
    .slice();
  host.inject(icmp6Frame(1, 4, 0, concat(behind, quote.slice(40, 50))));
  assertEquals(socket.takeError(), 111);
});

Deno.test("icmpv6 errors: about packets that are not ours, or too short to tell", () => {
  const host = new Host6();
  const { socket, quote } = connected(host);
  const foreign = quote.slice();
  foreign[8 + 15] = 0x77;
  host.inject(icmp6Frame(1, 4, 0, foreign));
  host.inject(icmp6Frame(1, 4, 0, quote.slice(0, 47)));
  assertEquals([socket.takeError(), host.stack.counters.drops[30]], [0, 2]);
});

Deno.test("icmpv6 errors: too big lowers the path MTU, not below 1280 (RFC 8201 4)", () => {
  const host = new Host6();
  const { socket, quote } = connected(host);
  host.inject(icmp6Frame(2, 0, 1400, quote));
  assertEquals(socket.takeError(), 90);
  host.send(socket, bytesOf(1400), PEER_ADDR6, 9);
  assertEquals(host.sent6().map(({ header }) => header.nextHeader), [44, 44]);
  host.inject(icmp6Frame(2, 0, 500, quote));
  socket.takeError();
  host.send(socket, bytesOf(1232), PEER_ADDR6, 9);
  assertEquals(host.sent6().map(({ header }) => header.nextHeader), [17]);
  host.send(socket, bytesOf(1233), PEER_ADDR6, 9);
  assertEquals(host.sent6().length, 2);
});

Deno.test("icmpv6 errors: in the queue of who asks for them, from whom and about what", () => {
  const host = new Host6();
  const { socket, quote } = connected(host);
  setOption(socket as never, 41, 25, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  host.inject(icmp6Frame(3, 0, 0, quote, { src: ip("2001:db8:9::1") }));
  const entry = socket.takeErrorQueue()!;
  assertEquals([entry.errno, entry.origin, entry.type, entry.code], [113, 3, 3, 0]);
  assertEquals(entry.offender?.addr.toString(), "2001:db8:9::1");
  assertEquals([entry.destination.addr.toString(), entry.destination.port], ["2001:db8::1", 9]);
  assertEquals(entry.payload.length, 40);
  host.inject(icmp6Frame(4, 1, 0x1234, quote));
  host.inject(icmp6Frame(1, 4, 0x1234, quote));
  const infos = [1, 2].map(() => socket.takeErrorQueue()!).map(({ type, info }) => [type, info]);
  assertEquals(infos, [[4, 0x1234], [1, 0]], "where the problem is");
});

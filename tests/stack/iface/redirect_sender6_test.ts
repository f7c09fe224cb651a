import { assert, assertEquals } from "@std/assert";
import { assertBytes, bytesOf, ip, type SentFrame } from "../net_fixture.ts";
import {
  addressBytes,
  concat,
  ndpFrame,
  OUR_ADDR6,
  OUR_LINK_LOCAL,
  PEER_ADDR6,
  sent6,
} from "../v6_fixture.ts";
import { BEYOND6, datagram6, RouterHost6 } from "./router_host6.ts";

/** A router on the near link, to 2001:db8:55::/48. */
const BETTER = ip("fe80::ff:fe00:3");
const BETTER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 3);
const DST = ip("2001:db8:55::9");

function setUp(gateway = BETTER): RouterHost6 {
  const host = new RouterHost6();
  const asks = { src: gateway, dst: OUR_ADDR6, srcMac: BETTER_MAC };
  host.inject(ndpFrame(135, 0, OUR_ADDR6, 1, BETTER_MAC, asks));
  const ifIndex = host.iface.index;
  const route = { dst: ip("2001:db8:55::"), prefixLen: 48, gateway, ifIndex };
  assertEquals(host.stack.addRoute(route), 0);
  host.sent();
  return host;
}

/** What left by eth0: redirects, and packets that went on. */
function left(host: RouterHost6): { redirects: SentFrame[]; passed: SentFrame[] } {
  const frames = host.sent();
  const isRedirect = ({ bytes }: SentFrame) => bytes[20] === 58 && bytes[54] === 137;
  return { redirects: frames.filter(isRedirect), passed: frames.filter((f) => !isRedirect(f)) };
}

Deno.test("RFC 4861 8.2: out where it came in: its sender is told, the packet goes on", () => {
  const host = setUp();
  const frame = datagram6(bytesOf(20), { dst: DST });
  host.inject(frame);
  const { redirects, passed } = left(host);
  assertEquals([redirects.length, passed.length], [1, 1]);
  assertEquals(passed[0].bytes.slice(0, 6), BETTER_MAC);
  const { header, src, dst, payload } = sent6(redirects[0]);
  assertEquals([header.hopLimit, src, dst], [255, `${OUR_LINK_LOCAL}`, `${PEER_ADDR6}`]);
  assertEquals(payload.slice(8, 40), addressBytes(BETTER, DST));
  assertEquals(payload.slice(40, 48), concat(Uint8Array.of(2, 1), BETTER_MAC));
  const quoted = frame.slice(14).length & ~7;
  assertEquals(payload.slice(48, 56), Uint8Array.of(4, 1 + quoted / 8, 0, 0, 0, 0, 0, 0));
  assertBytes(payload.slice(56), frame.slice(14, 14 + quoted));
  assertEquals(host.stack.counters.icmp6.outRedirects, 1);
});

Deno.test("RFC 4861 8.2: never longer than 1280 bytes", () => {
  const host = setUp();
  host.inject(datagram6(bytesOf(1400), { dst: DST }));
  const [redirect] = left(host).redirects;
  const { length } = redirect.bytes;
  assert(length <= 14 + 1280 && length > 14 + 1272, `${length}`);
  sent6(redirect);
});

Deno.test("to a neighbour: the better hop is the destination itself", () => {
  const host = setUp();
  const neighbour = ip("2001:db8::77");
  host.inject(datagram6(bytesOf(20), { dst: neighbour }));
  const { payload } = sent6(left(host).redirects[0]);
  assertEquals(payload.slice(8, 40), addressBytes(neighbour, neighbour));
  // Whose link-layer address we have to ask for ourselves
  assertEquals(payload[40], 4);
});

Deno.test("not out by another link, nor to whom another router stands before", () => {
  const host = setUp();
  host.inject(datagram6(bytesOf(20), { dst: BEYOND6 }));
  host.inject(datagram6(bytesOf(20), { dst: DST, src: ip("2001:db8:55::77") }));
  assertEquals(left(host).redirects.length, 0);
});

Deno.test("not to a router that is not known by its address on the link", () => {
  const host = setUp(ip("2001:db8::3"));
  host.inject(datagram6(bytesOf(20), { dst: DST }));
  const { redirects, passed } = left(host);
  assertEquals([redirects.length, passed.length], [0, 1]);
});

Deno.test("RFC 4861 8.2: a flood is told now and then, and goes on all the same", () => {
  const host = setUp();
  for (let i = 0; i < 50; i++) host.inject(datagram6(bytesOf(20), { dst: DST }));
  const { redirects, passed } = left(host);
  assertEquals([redirects.length, passed.length], [6, 50]);
  host.advance(2e6);
  for (let i = 0; i < 50; i++) host.inject(datagram6(bytesOf(20), { dst: DST }));
  assertEquals(left(host).redirects.length, 2);
});

import { assert, assertEquals } from "@std/assert";
import {
  arpFrame,
  bytesOf,
  ip,
  type IpFields,
  OUR_ADDR,
  OUR_MAC,
  parseIcmpFrame,
  PEER_ADDR,
  PEER_MAC,
  type SentFrame,
} from "../net_fixture.ts";
import { BEYOND, datagram, RouterHost } from "./router_host.ts";

/** A gateway on the near link, to 192.0.2.0/24. */
const BETTER = ip("198.18.0.3");
const BETTER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 3);
const DST = ip("192.0.2.9");

function setUp(config = {}): RouterHost {
  const host = new RouterHost({ config });
  host.inject(arpFrame(1, BETTER_MAC, BETTER, OUR_MAC, OUR_ADDR));
  const route = { dst: ip("192.0.2.0"), prefixLen: 24, gateway: BETTER };
  assertEquals(host.stack.addRoute(route), 0);
  host.sent();
  return host;
}

/** What left by eth0: redirects, and packets that went on. */
function left(host: RouterHost): { redirects: SentFrame[]; passed: SentFrame[] } {
  const frames = host.sent();
  const isRedirect = ({ bytes }: SentFrame) => bytes[23] === 1 && bytes[34] === 5;
  const [redirects, passed] = [frames.filter(isRedirect), frames.filter((f) => !isRedirect(f))];
  return { redirects, passed };
}

function isTold(host: RouterHost, fields: IpFields): boolean {
  host.inject(datagram(bytesOf(20), fields));
  return left(host).redirects.length === 1;
}

Deno.test("RFC 1812 5.2.7.2: out where it came in: its sender is told, the packet goes on", () => {
  const host = setUp();
  const frame = datagram(bytesOf(20), { dst: DST });
  host.inject(frame);
  const { redirects, passed } = left(host);
  assertEquals([redirects.length, passed.length], [1, 1]);
  assertEquals(passed[0].bytes.slice(0, 6), BETTER_MAC);
  const { icmp, header, data } = parseIcmpFrame(redirects[0]);
  assertEquals([icmp.type, icmp.code, icmp.gateway], [5, 1, BETTER.w3]);
  assertEquals([header.src, header.dst], [OUR_ADDR.w3, PEER_ADDR.w3]);
  assertEquals(data, frame.slice(14));
  assertEquals(host.stack.counters.icmp.outRedirects, 1);
});

Deno.test("to a neighbour: the better hop is the destination itself", () => {
  const host = setUp();
  host.inject(datagram(bytesOf(20), { dst: BETTER }));
  const [redirect] = left(host).redirects;
  assertEquals(parseIcmpFrame(redirect).icmp.gateway, BETTER.w3);
});

Deno.test("not out by another link, not to whom another router stands before, not if off", () => {
  assert(!isTold(setUp(), { dst: BEYOND }));
  const far = { dst: DST, src: ip("192.0.2.77") };
  assert(!isTold(setUp(), far));
  assert(!isTold(setUp({ sendRedirects: false }), { dst: DST }));
});

Deno.test("shared_media 0: only in the subnet of both", () => {
  for (const sharedMedia of [true, false]) {
    const host = setUp({ sharedMedia });
    host.stack.addAddress(host.iface.index, ip("198.18.7.2"), 24, host.nowUs);
    const other = arpFrame(1, PEER_MAC, ip("198.18.7.1"), OUR_MAC, ip("198.18.7.2"));
    host.inject(other);
    host.sent();
    assertEquals(isTold(host, { dst: DST }), true);
    assertEquals(isTold(host, { dst: DST, src: ip("198.18.7.1") }), sharedMedia);
  }
});

Deno.test("a flood is told now and then, and goes on all the same", () => {
  const host = setUp();
  for (let i = 0; i < 50; i++) host.inject(datagram(bytesOf(20), { dst: DST }));
  const { redirects, passed } = left(host);
  assertEquals([redirects.length, passed.length], [1, 50]);
});

import { assertEquals } from "@std/assert";
import type { DatagramSocket, IpAddress } from "../../../stack/mod.ts";
import type { StackConfig } from "../../../stack/config.ts";
import { addressBytes, Host6, icmp6Frame, OUR_ADDR6, PEER_LINK_LOCAL } from "../v6_fixture.ts";
import {
  arpFrame,
  arpReply,
  bytesOf,
  Host,
  icmpFrame,
  ip,
  OUR_ADDR,
  OUR_MAC,
  PEER_ADDR,
  PEER_MAC,
} from "../net_fixture.ts";

/** PEER_ADDR is the default gateway; this is to be another. */
const BETTER = ip("198.18.0.3");
const BETTER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 3);
const FAR = ip("203.0.113.9");
const ASKED = { acceptRedirects: true };

class RedirectedHost extends Host {
  readonly socket: DatagramSocket;

  constructor(config = {}, isBetterKnown = true) {
    super({ config: { ip: config } });
    this.stack.addRoute({ dst: ip("0.0.0.0"), prefixLen: 0, gateway: PEER_ADDR });
    if (isBetterKnown) this.inject(arpFrame(1, BETTER_MAC, BETTER, OUR_MAC, OUR_ADDR));
    this.socket = this.datagram(2, 0);
    this.sent();
  }

  /** A datagram to `dst`; the last byte of the MAC that it goes to. */
  hop(dst = FAR): number {
    this.send(this.socket, bytesOf(4), dst, 7);
    return this.sentOne().bytes[5];
  }

  /** A router says of the datagram sent last that another is better. */
  redirect(gateway: IpAddress, from = PEER_ADDR, dst = FAR, code = 1): void {
    this.send(this.socket, bytesOf(4), dst, 7);
    const quote = this.sentOne().bytes.slice(14);
    this.inject(icmpFrame(5, code, gateway.w3, quote, { src: from }));
    this.flush();
  }
}

Deno.test("ignored unless asked", () => {
  const host = new RedirectedHost();
  host.redirect(BETTER);
  assertEquals([host.hop(), host.stack.counters.icmp.inRedirects], [1, 1]);
  assertEquals(host.socket.takeError(), 0);
});

Deno.test("RFC 1122 3.2.2.2: asked for, it is followed, for this destination", () => {
  for (const code of [0, 1, 2, 3]) {
    const host = new RedirectedHost(ASKED);
    host.redirect(BETTER, PEER_ADDR, FAR, code);
    assertEquals([host.hop(), host.hop(ip("203.0.113.8"))], [3, 1]);
    assertEquals(host.stack.counters.ip.redirectsFollowed, 1);
    const told = `IP_REDIRECTED ${FAR} ${BETTER.w3 >>> 0}`;
    assertEquals(host.log.take().filter((line) => line === told).length, 1);
  }
});

Deno.test("not from a router that is not the one in use, nor to that one itself", () => {
  const host = new RedirectedHost(ASKED);
  host.redirect(BETTER, ip("198.18.0.4"));
  host.redirect(PEER_ADDR, PEER_ADDR);
  assertEquals(host.hop(), 1);
});

Deno.test("not to us, to many, to nobody, to what does not answer on the link", () => {
  const host = new RedirectedHost(ASKED);
  const none = [
    "198.18.0.2",
    "198.18.0.255",
    "255.255.255.255",
    "224.0.0.5",
    "0.0.0.0",
    "127.0.0.1",
  ];
  for (const gateway of none) host.redirect(ip(gateway));
  assertEquals(host.hop(), 1);
  host.redirect(ip("192.0.2.77"));
  const [asks, ...more] = host.device.frames.splice(0);
  assertEquals([asks.bytes[41], more.length], [77, 0]); // ARP, and nobody answers
  host.advance(10e6);
  assertEquals(host.stack.counters.ip.redirectsFollowed, 0);
});

Deno.test("a gateway not known yet is asked for; the next redirect is followed", () => {
  const host = new RedirectedHost(ASKED, false);
  host.redirect(BETTER);
  assertEquals(host.device.frames.splice(0).map(({ bytes }) => bytes[41]), [3]); // ARP, for .3
  host.inject(arpReply(BETTER, BETTER_MAC));
  assertEquals(host.hop(), 1);
  host.redirect(BETTER);
  assertEquals(host.hop(), 3);
});

Deno.test("a redirect about what we did not send", () => {
  const host = new RedirectedHost(ASKED);
  const quote = arpFrame(1, OUR_MAC, OUR_ADDR, PEER_MAC, FAR);
  host.inject(icmpFrame(5, 1, BETTER.w3, quote.slice(14)));
  host.redirect(BETTER, PEER_ADDR, PEER_ADDR); // not by a gateway at all
  host.send(host.socket, bytesOf(4), FAR, 7);
  const forged = host.sentOne().bytes.slice(14);
  forged[20] ^= 0x40; // from a port that nobody has
  host.inject(icmpFrame(5, 1, BETTER.w3, forged));
  assertEquals(host.hop(), 1);
});

Deno.test("a router does not follow", () => {
  const host = new RedirectedHost({ ...ASKED, forward: true });
  host.redirect(BETTER);
  assertEquals(host.hop(), 1);
});

Deno.test("shared_media 0: in the subnet, and with secure_redirects a default gateway", () => {
  const strict = { ...ASKED, sharedMedia: false };
  const secure = new RedirectedHost(strict);
  secure.redirect(BETTER);
  assertEquals(secure.hop(), 1);
  const spare = { dst: ip("0.0.0.0"), prefixLen: 0, gateway: BETTER, metric: 9 };
  assertEquals(secure.stack.addRoute(spare), 0);
  secure.redirect(BETTER);
  assertEquals(secure.hop(), 3);
  const other = ip("198.18.7.3");
  for (const [config, hop] of [[{ ...strict, secureRedirects: false }, 1], [ASKED, 3]] as const) {
    const host = new RedirectedHost(config);
    host.stack.addAddress(host.iface.index, ip("198.18.7.2"), 24, host.nowUs);
    host.inject(arpFrame(1, BETTER_MAC, other, OUR_MAC, ip("198.18.7.2")));
    host.sent();
    host.redirect(other);
    assertEquals(host.hop(), hop);
  }
});

Deno.test("followed for five minutes, and by the way of another route no more", () => {
  const host = new RedirectedHost(ASKED);
  host.redirect(BETTER);
  const begun = host.nowUs;
  // Both neighbours are heard of all the time
  const stay = () => {
    host.advance(20e6);
    host.inject(arpFrame(1, BETTER_MAC, BETTER, OUR_MAC, OUR_ADDR));
    host.inject(arpFrame(1, PEER_MAC, PEER_ADDR, OUR_MAC, OUR_ADDR));
    host.sent();
  };
  while (host.nowUs < begun + 270e6) stay();
  assertEquals(host.hop(), 3);
  stay();
  stay();
  assertEquals(host.hop(), 1);
  host.redirect(BETTER);
  assertEquals(host.hop(), 3);
  const other = ip("198.18.0.4");
  host.inject(arpFrame(1, Uint8Array.of(2, 0, 0, 0, 0, 4), other, OUR_MAC, OUR_ADDR));
  host.sent();
  assertEquals(host.stack.addRoute({ dst: FAR, prefixLen: 32, gateway: other }), 0);
  assertEquals(host.hop(), 4);
});

Deno.test("a gateway that does not answer any more is used no more", () => {
  const host = new RedirectedHost(ASKED);
  host.redirect(BETTER);
  assertEquals(host.hop(), 3);
  for (let i = 0; i < 30; i++) {
    host.send(host.socket, bytesOf(4), FAR, 7);
    host.advance(3e6);
    host.inject(arpFrame(1, PEER_MAC, PEER_ADDR, OUR_MAC, OUR_ADDR));
  }
  host.sent();
  assertEquals(host.hop(), 1);
});

Deno.test("IPv6: followed if asked for, from the router in use to another one", () => {
  const better = ip("fe80::ff:fe00:3");
  const far = ip("2001:db8:ffff::1");
  const followed = (config: Partial<StackConfig["ip"]>, target: IpAddress, dst = far) => {
    const host = new Host6({ config: { ip: config } });
    host.stack.addRoute({ dst: ip("::"), prefixLen: 0, gateway: PEER_LINK_LOCAL, ifIndex: 2 });
    const body = addressBytes(target, dst);
    const ends = { src: PEER_LINK_LOCAL, dst: OUR_ADDR6, hopLimit: 255 };
    host.inject(icmp6Frame(137, 0, 0, body, ends));
    return host.stack.counters.ip6.redirectsFollowed;
  };
  assertEquals(followed({ acceptRedirects6: true }, better), 1);
  assertEquals(followed({ acceptRedirects6: false }, better), 0);
  assertEquals(followed({ acceptRedirects6: true, forward6: true }, better), 0);
  assertEquals(followed({ acceptRedirects6: true }, PEER_LINK_LOCAL), 0, "to itself");
  assertEquals(followed({ acceptRedirects6: true }, better, ip("2001:db8::77")), 0, "on the link");
});

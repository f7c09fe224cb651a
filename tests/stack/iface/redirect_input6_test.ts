/** The IPv6 half of redirect_input.ts, through the whole stack. */
import { assertEquals } from "@std/assert";
import type { DatagramSocket, IpAddress } from "../../../stack/mod.ts";
import { bytesOf, ip, PEER_MAC } from "../net_fixture.ts";
import {
  addressBytes,
  concat,
  Host6,
  icmp6Frame,
  OUR_LINK_LOCAL,
  PEER_LINK_LOCAL,
} from "../v6_fixture.ts";

/** PEER_LINK_LOCAL is the default router; this is to be another. */
const BETTER = ip("fe80::ff:fe00:3");
const BETTER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 3);
const FAR = ip("2001:db8:77::9");
const ASKED = { acceptRedirects6: true };

interface Redirect {
  readonly target?: IpAddress;
  readonly dst?: IpAddress;
  readonly from?: IpAddress;
  readonly hopLimit?: number;
  readonly code?: number;
  readonly options?: Uint8Array;
}

class RedirectedHost6 extends Host6 {
  readonly socket: DatagramSocket;

  constructor(config = {}) {
    super({ config: { ip: config } });
    const ifIndex = this.iface.index;
    this.stack.addRoute({ dst: ip("::"), prefixLen: 0, gateway: PEER_LINK_LOCAL, ifIndex });
    this.socket = this.datagram(2, 17, 10);
    this.sent();
  }

  /** The last byte of the MAC that a datagram to `dst` goes to; negative: of who is asked for. */
  hop(dst = FAR): number {
    this.send(this.socket, bytesOf(4), dst, 7);
    const { bytes } = this.sentOne();
    return bytes[0] === 0x33 ? -bytes[5] : bytes[5];
  }

  redirect(fields: Redirect = {}): void {
    const { target = BETTER, dst = FAR, from = PEER_LINK_LOCAL, hopLimit = 255 } = fields;
    const { code = 0, options = concat(Uint8Array.of(2, 1), BETTER_MAC) } = fields;
    const body = concat(addressBytes(target, dst), options);
    this.inject(icmp6Frame(137, code, 0, body, { src: from, dst: OUR_LINK_LOCAL, hopLimit }));
    this.flush();
  }
}

Deno.test("redirect6: ignored unless asked, and by a router", () => {
  for (const config of [{}, { ...ASKED, forward6: true }]) {
    const host = new RedirectedHost6(config);
    assertEquals(host.hop(), 1);
    host.redirect();
    assertEquals([host.hop(), host.stack.counters.icmp6.inRedirects], [1, 1]);
  }
});

Deno.test("RFC 4861 8.3: asked for, it is followed, for this destination, until its time", () => {
  const host = new RedirectedHost6(ASKED);
  host.redirect();
  assertEquals([host.hop(), host.hop(ip("2001:db8:78::9"))], [3, 1]);
  assertEquals(host.stack.counters.ip6.redirectsFollowed, 1);
  host.advance(301e6);
  host.sent();
  assertEquals(host.hop(), -1);
});

Deno.test("RFC 4861 8: the destination is on the link; whom nobody has named is asked for", () => {
  const host = new RedirectedHost6(ASKED);
  host.redirect({ target: FAR });
  assertEquals(host.hop(), 3);
  const other = new RedirectedHost6(ASKED);
  other.redirect({ options: new Uint8Array(0) });
  assertEquals(other.hop(), -3);
});

Deno.test("RFC 4861 8.1: only from the router in use, on the link, well formed, of a host", () => {
  const none: Redirect[] = [
    { from: ip("fe80::ff:fe00:4") },
    { from: ip("2001:db8::1") },
    { hopLimit: 254 },
    { code: 1 },
    { target: ip("2001:db8::3") },
    { dst: ip("ff0e::1") },
    { target: OUR_LINK_LOCAL },
    { target: PEER_LINK_LOCAL },
    { options: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0) },
  ];
  for (const fields of none) {
    const host = new RedirectedHost6(ASKED);
    host.redirect(fields);
    assertEquals(host.hop(), 1, JSON.stringify(fields));
  }
});

Deno.test("redirect6: one that does not answer is forgotten", () => {
  const host = new RedirectedHost6(ASKED);
  host.redirect({ options: new Uint8Array(0) });
  assertEquals(host.hop(), -3);
  host.advance(4e6);
  host.sent();
  assertEquals(host.hop(), PEER_MAC[5]);
});

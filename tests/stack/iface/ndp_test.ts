import { assertEquals } from "@std/assert";
import { PEER_MAC } from "../net_fixture.ts";
import {
  addressBytes,
  advertisement,
  Host6,
  ip6Frame,
  ndpFrame,
  OUR_ADDR6,
  OUR_LINK_LOCAL,
  PEER_ADDR6,
  udp6Packet,
} from "../v6_fixture.ts";
import { ip } from "../net_fixture.ts";
import { QUICK_PROBE } from "../../../stack/mod.ts";

const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const OTHER = ip("2001:db8::9");
const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);
const OUR_GROUP = ip("ff02::1:ff00:2");

Deno.test("ndp: a solicitation is answered, to whom it came from (RFC 4861 7.2.4)", () => {
  const host = new Host6();
  const fields = { src: OTHER, dst: OUR_GROUP };
  host.inject(ndpFrame(SOLICITATION, 0, OUR_ADDR6, 1, OTHER_MAC, fields));
  const { header, src, dst, dstMac, payload } = host.sentOne6();
  assertEquals([src, dst, dstMac], ["2001:db8::2", "2001:db8::9", "02:00:00:00:00:09"]);
  assertEquals([header.hopLimit, payload[0], payload[4]], [255, ADVERTISEMENT, 0x60]);
  assertEquals([...payload.slice(24)], [2, 1, 2, 0, 0, 0, 0, 2]);
});

Deno.test("ndp: what came over a router, is malformed or not for us is not answered", () => {
  const host = new Host6();
  const good = { src: OTHER, dst: OUR_GROUP };
  host.inject(ndpFrame(SOLICITATION, 0, OUR_ADDR6, 1, OTHER_MAC, { ...good, hopLimit: 254 }));
  host.inject(ndpFrame(SOLICITATION, 0, OUR_ADDR6, 1, OTHER_MAC.slice(1), good));
  host.inject(ndpFrame(SOLICITATION, 0, ip("2001:db8::77"), 1, OTHER_MAC, good));
  host.inject(ndpFrame(SOLICITATION, 0, ip("ff02::1"), 1, OTHER_MAC, good));
  assertEquals(host.sent().length, 0);
  const { drops } = host.stack.counters;
  assertEquals([drops[61], drops[62]], [1, 2]);
});

Deno.test("ndp: who asks whether our address is free is told that it is not", () => {
  const host = new Host6();
  const fields = { src: ip("::"), dst: OUR_GROUP };
  host.inject(ndpFrame(SOLICITATION, 0, OUR_ADDR6, 14, OTHER_MAC, fields));
  const { dst, dstMac, payload } = host.sentOne6();
  assertEquals([dst, dstMac], ["ff02::1", "33:33:00:00:00:01"]);
  assertEquals([payload[0], payload[4]], [ADVERTISEMENT, 0x20]);
});

Deno.test("ndp: a packet waits for the answer to our question", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  assertEquals(host.send(socket, Uint8Array.of(1), OTHER, 9), 1);
  const asked = host.sentOne6();
  assertEquals([asked.dst, asked.dstMac], ["ff02::1:ff00:9", "33:33:ff:00:00:09"]);
  assertEquals([asked.payload[0], [...asked.payload.slice(24)]], [
    SOLICITATION,
    [1, 1, 2, 0, 0, 0, 0, 2],
  ]);
  const { ndp } = host.stack.counters;
  const replies = ndp.inReplies;
  host.inject(advertisement(OTHER, OTHER_MAC));
  assertEquals(ndp.inReplies - replies, 1);
  const { dst, dstMac, header } = host.sentOne6();
  assertEquals([dst, dstMac, header.nextHeader], ["2001:db8::9", "02:00:00:00:00:09", 17]);
});

Deno.test("ndp: nobody answers: three questions, then the program is told", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  assertEquals(socket.connect(OTHER, 9, host.nowUs), 0);
  host.send(socket, Uint8Array.of(1), null);
  host.advance(4e6);
  assertEquals(host.sent6().filter((f) => f.payload[0] === SOLICITATION).length, 3);
});

Deno.test("ndp: an answer without override leaves what is known alone (RFC 4861 7.2.5)", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  const macNow = () => {
    host.send(socket, Uint8Array.of(1), PEER_ADDR6, 9);
    return host.sent6().filter((f) => f.header.nextHeader === 17).map((f) => f.dstMac).join();
  };
  assertEquals(macNow(), "02:00:00:00:00:01");
  host.inject(ndpFrame(ADVERTISEMENT, 0, PEER_ADDR6, 2, OTHER_MAC, { src: PEER_ADDR6 }));
  assertEquals(macNow(), "02:00:00:00:00:01");
  host.inject(ndpFrame(ADVERTISEMENT, 0x20000000, PEER_ADDR6, 2, OTHER_MAC, { src: PEER_ADDR6 }));
  assertEquals(macNow(), "02:00:00:00:00:09");
});

Deno.test("ndp: an answer that nobody asked for is not learnt", () => {
  const host = new Host6();
  host.inject(advertisement(OTHER, OTHER_MAC));
  const socket = host.datagram(2, 17, 10);
  host.send(socket, Uint8Array.of(1), OTHER, 9);
  assertEquals(host.sentOne6().payload[0], SOLICITATION);
});

Deno.test("ndp: is an address free? asked from no address, for the group (RFC 4862 5.4.2)", () => {
  const host = new Host6();
  const wanted = ip("2001:db8::33");
  const probe = host.stack.probeAddress(host.iface.index, wanted, QUICK_PROBE, host.nowUs);
  host.advance(1e6);
  const asked = host.sent6().filter((f) => f.payload[0] === SOLICITATION);
  assertEquals(asked.map(({ src, dst }) => `${src} ${dst}`), Array(2).fill(":: ff02::1:ff00:33"));
  if (typeof probe === "number") throw new Error(`${probe}`);
  assertEquals([probe.isOver, probe.holder], [true, null]);
});

for (
  const [what, frame] of [
    [
      "somebody has it",
      ndpFrame(ADVERTISEMENT, 0x20000000, ip("2001:db8::33"), 2, OTHER_MAC, {
        src: ip("2001:db8::33"),
        dst: ip("ff02::1"),
        srcMac: OTHER_MAC,
      }),
    ],
    [
      "somebody else asks too",
      ndpFrame(SOLICITATION, 0, ip("2001:db8::33"), 14, OTHER_MAC, {
        src: ip("::"),
        dst: ip("ff02::1:ff00:33"),
        srcMac: OTHER_MAC,
      }),
    ],
  ] as const
) {
  Deno.test(`ndp: an address is not free: ${what}`, () => {
    const host = new Host6();
    const wanted = ip("2001:db8::33");
    const probe = host.stack.probeAddress(host.iface.index, wanted, QUICK_PROBE, host.nowUs);
    host.advance(1e3);
    host.inject(frame);
    if (typeof probe === "number") throw new Error(`${probe}`);
    assertEquals([probe.isOver, probe.holder], [true, "02:00:00:00:00:09"]);
  });
}

Deno.test("ndp: our own question that comes back is no conflict (RFC 7527)", () => {
  const host = new Host6();
  const wanted = ip("2001:db8::33");
  const probe = host.stack.probeAddress(host.iface.index, wanted, QUICK_PROBE, host.nowUs);
  host.advance(1e3);
  const [frame] = host.sent().filter((f) => f.bytes[14 + 40] === SOLICITATION);
  host.inject(frame.bytes);
  if (typeof probe === "number") throw new Error(`${probe}`);
  assertEquals(probe.holder, null);
});

Deno.test("ndp: somebody speaks for our address: contradicted, once in ten seconds", () => {
  const host = new Host6();
  const lie = ndpFrame(ADVERTISEMENT, 0x20000000, OUR_ADDR6, 2, OTHER_MAC, {
    src: OUR_ADDR6,
    dst: ip("ff02::1"),
    srcMac: OTHER_MAC,
  });
  host.inject(lie);
  host.inject(lie);
  assertEquals(host.sentOne6().dst, "ff02::1");
  assertEquals(host.stack.counters.ndp.conflicts, 2);
  host.inject(ip6Frame(17, udp6Packet(1, 2, Uint8Array.of(1), OUR_ADDR6), { src: OUR_ADDR6 }));
  assertEquals(host.stack.counters.drops[53], 1, "and no datagram");
});

Deno.test("ndp: a scan of a subnet fills no more than the table, and not IPv4's", () => {
  const host = new Host6({ config: { neighbour: { maxEntries: 64 } } });
  for (let i = 0; i < 1000; i++) {
    const from = ip(`2001:db8::1:${i.toString(16)}`);
    host.inject(ndpFrame(SOLICITATION, 0, OUR_ADDR6, 1, PEER_MAC, { src: from, dst: OUR_GROUP }));
  }
  assertEquals(host.stack.counters.ndp.inRequests, 1002);
  host.sent();
  const socket = host.datagram(2, 17, 2);
  assertEquals(host.send(socket, Uint8Array.of(1), ip("198.18.0.1"), 9), 1);
  assertEquals(host.sent().length, 1, "the IPv4 neighbour is still known");
});

Deno.test("RFC 4861 7.2.7: an address that others have as well: no override, no source", () => {
  const host = new Host6({ config: { ip: { forward6: true } } });
  const anycast = ip("2001:db8::");
  host.inject(ndpFrame(135, 0, anycast, 1, PEER_MAC, { dst: ip("ff02::1:ff00:0") }));
  const { payload, src } = host.sentOne6();
  assertEquals([payload[0], payload[4], src], [136, 0xc0, OUR_ADDR6.toString()]);
  assertEquals(payload.slice(8, 24), addressBytes(anycast));
});

Deno.test("RFC 4291 2.8: a router is in the groups of routers, and leaves them", () => {
  const host = new Host6({ config: { ip: { forward6: true } } });
  const isHeard = (text: string) => {
    const { w0, w1, w2, w3 } = ip(text);
    return host.iface.hasGroup6(w0, w1, w2, w3);
  };
  assertEquals([isHeard("ff02::2"), isHeard("ff05::2")], [true, true]);
  host.stack.removeAddress(host.iface.index, OUR_ADDR6, host.nowUs);
  assertEquals([isHeard("ff02::2"), isHeard("ff02::1:ff00:0")], [true, true]);
  host.stack.removeAddress(host.iface.index, OUR_LINK_LOCAL, host.nowUs);
  assertEquals([isHeard("ff02::2"), isHeard("ff02::1:ff00:0")], [false, false]);
  assertEquals(new Host6().iface.hasGroup6(0xff020000 | 0, 0, 0, 2), false);
});

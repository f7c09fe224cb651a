import { assert, assertEquals } from "@std/assert";
import { EEXIST, ENODEV, type Interface, TX_HEADROOM } from "../../../stack/mod.ts";
import {
  ALL_OFFLOADS,
  arpFrame,
  bytesOf,
  Host,
  icmpFrame,
  ip,
  OUR_MAC,
  parseIcmpFrame,
  PEER_MAC,
  type SentFrame,
  udpFrame,
} from "../net_fixture.ts";

const VLAN = 100;
const OURS = ip("198.18.5.2");
const PEER = ip("198.18.5.1");

/** Puts a tag behind the MAC addresses. */
function tagged(frame: Uint8Array, tci: number): Uint8Array {
  return Uint8Array.of(...frame.slice(0, 12), 0x81, 0, tci >> 8, tci, ...frame.slice(12));
}

/** The frame without its tag, which must be there. */
function untagged(frame: SentFrame, tci = VLAN): SentFrame {
  assertEquals(frame.bytes.slice(12, 16), Uint8Array.of(0x81, 0, tci >> 8, tci));
  const bytes = Uint8Array.of(...frame.bytes.slice(0, 12), ...frame.bytes.slice(16));
  return { ...frame, bytes, csumStart: frame.csumStart - 4 };
}

/** A host with a VLAN on its link, the peer's MAC known there. */
function hostWithVlan(options: ConstructorParameters<typeof Host>[0] = {}): [Host, Interface] {
  const host = new Host(options);
  const vlan = host.stack.addVlan(host.iface.index, VLAN, "eth0.100", OUR_MAC);
  assert(typeof vlan !== "number");
  assertEquals(host.stack.addAddress(vlan.index, OURS, 24, host.nowUs), 0);
  host.advance(3e6);
  host.inject(tagged(arpFrame(1, PEER_MAC, PEER, OUR_MAC, OURS), VLAN));
  host.sent();
  return [host, vlan];
}

Deno.test("vlan: what comes with its tag is its own, the answer bears it too", () => {
  const [host, vlan] = hostWithVlan();
  host.inject(tagged(icmpFrame(8, 0, 1, bytesOf(8), { src: PEER, dst: OURS }), VLAN));
  assertEquals(parseIcmpFrame(untagged(host.sentOne())).icmp.type, 0);
  assertEquals(vlan.rxPackets, 2);
  // The priority in the tag's first bits says nothing of whose it is.
  host.inject(tagged(icmpFrame(8, 0, 1, bytesOf(8), { src: PEER, dst: OURS }), 0xe000 | VLAN));
  assertEquals(parseIcmpFrame(untagged(host.sentOne())).icmp.type, 0);
});

Deno.test("vlan: another VLAN's frames are nobody's; a tag for its priority alone is none", () => {
  const [host] = hostWithVlan();
  const before = host.iface.rxDropped;
  host.inject(tagged(icmpFrame(8, 0, 1, bytesOf(8), { src: PEER, dst: OURS }), VLAN + 1));
  host.inject(tagged(new Uint8Array(13).fill(2), VLAN).slice(0, 17));
  assertEquals([host.sent().length, host.iface.rxDropped - before], [0, 2]);
  const drops = host.stack.counters.snapshot();
  assertEquals([drops["drop.frameEthertype"], drops["drop.frameShort"]], [1, 1]);
  host.inject(tagged(icmpFrame(8, 0, 1, bytesOf(8)), 0x2000));
  assertEquals(parseIcmpFrame(host.sentOne()).icmp.type, 0);
});

Deno.test("vlan: sockets use it as any interface, with the device's offloads", () => {
  const [host] = hostWithVlan({ caps: ALL_OFFLOADS });
  const socket = host.datagram(2, 17);
  host.send(socket, bytesOf(50), PEER, 7);
  const frame = untagged(host.sentOne());
  assertEquals([frame.csum, frame.csumStart, frame.csumOffset], [1, 34, 6]);
  host.inject(tagged(udpFrame(7, 9, bytesOf(9), { src: PEER, dst: OURS }), VLAN));
  assertEquals(parseIcmpFrame(untagged(host.sentOne())).icmp.code, 3);
});

Deno.test("vlan: fragments and the longest headers leave room for the tag", () => {
  const [host] = hostWithVlan();
  host.send(host.datagram(2, 17), bytesOf(4000), PEER, 7);
  const frames = host.sent().map((frame) => untagged(frame));
  assertEquals(frames.map(({ bytes }) => bytes.length), [1514, 1514, 1082]);
  // Ethernet, tag, IP with options and the virtio-net header of the device.
  assert(14 + 4 + 60 + 12 <= TX_HEADROOM);
});

Deno.test("vlan: once for each link", () => {
  const [host] = hostWithVlan();
  assertEquals(host.stack.addVlan(host.iface.index, VLAN, "again", OUR_MAC), -EEXIST);
  assertEquals(host.stack.addVlan(77, VLAN, "nowhere", OUR_MAC), -ENODEV);
});

import { assertEquals } from "@std/assert";
import { LogEvent } from "../../../stack/mod.ts";
import { macHi, macLo } from "../../../stack/wire/ethernet.ts";
import {
  arpFrame,
  arpReply,
  BROADCAST_MAC,
  bytesOf,
  Host,
  ip,
  OUR_ADDR,
  OUR_MAC,
  parseArpFrame,
  parseUdpFrame,
  PEER_ADDR,
  PEER_MAC,
} from "../net_fixture.ts";

const REQUEST = 1;
const REPLY = 2;
const NOBODY = new Uint8Array(6);
const OTHER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);

Deno.test("a request for our address is answered to the asker, and teaches its MAC", () => {
  const host = new Host({ isSettled: false });
  host.sent();
  host.inject(arpFrame(REQUEST, PEER_MAC, PEER_ADDR, NOBODY, OUR_ADDR));
  const frame = host.sentOne();
  assertEquals(frame.bytes.slice(0, 12), Uint8Array.of(...PEER_MAC, ...OUR_MAC));
  const reply = parseArpFrame(frame);
  assertEquals(reply.operation, REPLY);
  assertEquals([reply.senderIp, reply.targetIp], [OUR_ADDR.w3, PEER_ADDR.w3]);
  assertEquals([reply.senderHi, reply.senderLo], [macHi(OUR_MAC), macLo(OUR_MAC)]);
  const socket = host.datagram(2, 0);
  host.send(socket, bytesOf(1), PEER_ADDR, 7);
  parseUdpFrame(host.sentOne());
});

Deno.test("a probe for our address (RFC 5227) is answered; requests for others are not", () => {
  const host = new Host();
  host.inject(arpFrame(REQUEST, OTHER_MAC, ip("0.0.0.0"), NOBODY, OUR_ADDR));
  assertEquals(parseArpFrame(host.sentOne()).targetIp, 0);
  host.inject(arpFrame(REQUEST, PEER_MAC, PEER_ADDR, NOBODY, ip("198.18.0.77")));
  host.inject(arpFrame(REQUEST, PEER_MAC, PEER_ADDR, NOBODY, ip("127.0.0.1")));
  assertEquals(host.sent().length, 0);
  assertEquals(host.stack.counters.arp.inRequests, 2); // with the fixture's own
});

Deno.test("an answer that nobody asked for teaches nothing", () => {
  const host = new Host();
  host.inject(arpReply(ip("198.18.0.50"), OTHER_MAC));
  const socket = host.datagram(2, 0);
  host.send(socket, bytesOf(1), ip("198.18.0.50"), 7);
  assertEquals(parseArpFrame(host.sentOne()).operation, REQUEST);
});

Deno.test("a known neighbour that announces a new MAC is followed", () => {
  const host = new Host();
  host.advance(1e6);
  host.inject(arpFrame(REQUEST, OTHER_MAC, PEER_ADDR, NOBODY, PEER_ADDR));
  const socket = host.datagram(2, 0);
  host.send(socket, bytesOf(1), PEER_ADDR, 7);
  assertEquals(parseUdpFrame(host.sentOne()).dstMac, "02:00:00:00:00:09");
});

Deno.test("a conflict is counted, logged and defended against once in ten seconds", () => {
  const host = new Host();
  const conflict = arpFrame(REPLY, OTHER_MAC, OUR_ADDR, PEER_MAC, PEER_ADDR);
  conflict.set(BROADCAST_MAC, 0);
  for (let i = 0; i < 3; i++) host.inject(conflict);
  const defence = parseArpFrame(host.sentOne());
  assertEquals([defence.senderIp, defence.targetIp], [OUR_ADDR.w3, OUR_ADDR.w3]);
  const told = { ifIndex: 2, subject: "198.18.0.2" };
  assertEquals(host.log.all, [
    { ...told, event: LogEvent.ARP_CONFLICT, numbers: [0x020000000009] },
    { ...told, event: LogEvent.ARP_DEFENDED, numbers: [] },
  ]);
  assertEquals(host.stack.counters.arp.conflicts, 3);
  host.advance(10e6);
  host.inject(conflict);
  assertEquals([host.sent().length, host.log.all.length], [1, 4]);
});

Deno.test("each address is defended by itself", () => {
  const host = new Host();
  const second = ip("198.18.0.12");
  host.stack.addAddress(host.iface.index, second, 24, host.nowUs);
  host.advance(3e6);
  host.sent();
  for (const addr of [OUR_ADDR, second]) {
    host.inject(arpFrame(REQUEST, OTHER_MAC, addr, NOBODY, addr));
    assertEquals(parseArpFrame(host.sentOne()).senderIp, addr.w3);
  }
  assertEquals(host.log.take().filter((text) => text.startsWith("ARP")), [
    "ARP_ANNOUNCED 198.18.0.12",
    `ARP_CONFLICT 198.18.0.2 ${0x020000000009}`,
    "ARP_DEFENDED 198.18.0.2",
    `ARP_CONFLICT 198.18.0.12 ${0x020000000009}`,
    "ARP_DEFENDED 198.18.0.12",
  ]);
});

Deno.test("a twin with our MAC address is answered by broadcast: a switch carries it", () => {
  const host = new Host();
  host.inject(arpFrame(REQUEST, OUR_MAC, ip("0.0.0.0"), NOBODY, OUR_ADDR));
  const frame = host.sentOne();
  assertEquals(frame.bytes.slice(0, 6), BROADCAST_MAC);
  assertEquals([parseArpFrame(frame).operation, parseArpFrame(frame).senderIp], [2, OUR_ADDR.w3]);
});

Deno.test("our own announcement echoed is no conflict", () => {
  const host = new Host();
  host.inject(arpFrame(REQUEST, OUR_MAC, OUR_ADDR, NOBODY, OUR_ADDR));
  assertEquals([host.stack.counters.arp.conflicts, host.sent().length], [0, 0]);
});

Deno.test("senders that cannot be are dropped", () => {
  const host = new Host();
  host.inject(arpFrame(REQUEST, NOBODY, PEER_ADDR, NOBODY, OUR_ADDR));
  host.inject(arpFrame(REQUEST, BROADCAST_MAC, PEER_ADDR, NOBODY, OUR_ADDR));
  host.inject(arpFrame(REQUEST, PEER_MAC, ip("224.0.0.1"), NOBODY, OUR_ADDR));
  const senders = ["127.0.0.1", "0.1.2.3", "240.0.0.1", "255.255.255.255", "198.18.0.255"];
  for (const sender of senders) {
    host.inject(arpFrame(REQUEST, PEER_MAC, ip(sender), NOBODY, OUR_ADDR));
  }
  assertEquals([host.sent().length, host.stack.counters.arp.inErrors], [0, 8]);
});

Deno.test("an address removed in between is not announced again", () => {
  const host = new Host({ isSettled: false });
  host.sent();
  host.stack.removeAddress(host.iface.index, OUR_ADDR, host.nowUs);
  host.advance(5e6);
  assertEquals(host.sent().length, 0);
});

Deno.test("the log hears who is asked for, who answers, moves, or does not answer", () => {
  const host = new Host({ isSettled: false });
  host.log.take();
  const socket = host.datagram(2, 0);
  host.send(socket, bytesOf(1), PEER_ADDR, 7);
  host.inject(arpReply());
  host.advance(1e6);
  host.inject(arpFrame(REQUEST, OTHER_MAC, PEER_ADDR, NOBODY, PEER_ADDR));
  assertEquals(host.log.take().filter((text) => text.startsWith("ARP")), [
    "ARP_ASK 198.18.0.1 1 1",
    `ARP_LEARNED 198.18.0.1 ${0x020000000001}`,
    `ARP_MOVED 198.18.0.1 ${0x020000000009}`,
  ]);
  host.send(socket, bytesOf(1), ip("198.18.0.77"), 7);
  host.advance(4e6);
  assertEquals(host.log.take().filter((text) => text.startsWith("ARP")), [
    "ARP_ASK 198.18.0.77 1 1",
    "ARP_ASK 198.18.0.77 2 1",
    "ARP_ASK 198.18.0.77 3 1",
    "ARP_FAILED 198.18.0.77 1",
    "ARP_DROP 43",
  ]);
});

Deno.test("what is sent is counted apart: requests, replies", () => {
  const host = new Host();
  const { arp } = host.stack.counters;
  const socket = host.datagram(2, 0);
  const before = [arp.outRequests, arp.outReplies];
  const sent = () => [arp.outRequests - before[0], arp.outReplies - before[1]];
  host.inject(arpFrame(REQUEST, PEER_MAC, PEER_ADDR, NOBODY, OUR_ADDR));
  assertEquals(sent(), [0, 1]);
  host.send(socket, bytesOf(1), ip("198.18.0.55"), 7);
  host.flush();
  assertEquals(sent(), [1, 1]);
  const replies = arp.inReplies;
  host.inject(arpReply());
  assertEquals([arp.inReplies - replies, sent()], [1, [1, 1]]);
});

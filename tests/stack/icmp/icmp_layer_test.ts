import { assertEquals } from "@std/assert";
import {
  assertBytes,
  bytesOf,
  Host,
  icmpFrame,
  ip,
  OUR_ADDR,
  parseIcmpFrame,
  PEER_ADDR,
  udpFrame,
} from "../net_fixture.ts";

const ECHO = 8;

Deno.test("echo data of any length comes back, empty and odd too", () => {
  const host = new Host();
  for (const len of [0, 1, 7, 56, 1472]) {
    const data = bytesOf(len);
    host.inject(icmpFrame(ECHO, 0, 0x00070003, data));
    const reply = parseIcmpFrame(host.sentOne());
    assertBytes(reply.data, data);
    assertEquals([reply.icmp.type, reply.icmp.id, reply.icmp.seq], [0, 7, 3]);
  }
  const { icmp } = host.stack.counters;
  assertEquals([icmp.inEchos, icmp.outEchoReps, icmp.inMsgs, icmp.outMsgs], [5, 5, 5, 5]);
});

Deno.test("broken messages are dropped", () => {
  const host = new Host();
  const frame = icmpFrame(ECHO, 0, 1, bytesOf(8));
  frame[40] ^= 1;
  host.inject(frame);
  host.inject(icmpFrame(ECHO, 0, 1, bytesOf(8)).slice(0, 14 + 20 + 8 - 1));
  const { icmp } = host.stack.counters;
  assertEquals([host.sent().length, icmp.inCsumErrors], [0, 1]);
});

Deno.test("echo can be turned off, or on for broadcasts", () => {
  const deaf = new Host({ config: { icmp: { echoIgnoreAll: true } } });
  deaf.inject(icmpFrame(ECHO, 0, 1, bytesOf(8)));
  assertEquals(deaf.sent().length, 0);
  const open = new Host({ config: { icmp: { echoIgnoreBroadcasts: false } } });
  open.inject(icmpFrame(ECHO, 0, 1, bytesOf(8), { dst: ip("198.18.0.255") }));
  assertEquals(parseIcmpFrame(open.sentOne()).src, "198.18.0.2");
});

Deno.test("redirects, source quenches, time stamps and the unknown are counted, no more", () => {
  const host = new Host();
  for (const type of [4, 5, 13, 14, 77]) host.inject(icmpFrame(type, 0, 1, bytesOf(28)));
  for (const [type, times] of [[0, 2], [3, 3], [11, 4], [12, 5]]) {
    for (let i = 0; i < times; i++) host.inject(icmpFrame(type, 0, 1, bytesOf(28)));
  }
  const { icmp, drops } = host.stack.counters;
  assertEquals([icmp.inSrcQuenchs, icmp.inRedirects, icmp.inTimestamps], [1, 1, 1]);
  assertEquals([icmp.inTimestampReps, drops[29], host.sent().length], [1, 1, 0]);
  assertEquals([icmp.inEchoReps, icmp.inDestUnreachs], [2, 3]);
  assertEquals([icmp.inTimeExcds, icmp.inParmProbs], [4, 5]);
});

Deno.test("ping to ourselves", () => {
  const host = new Host();
  const socket = host.datagram(2, 1);
  const request = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 5, ...bytesOf(56));
  assertEquals(host.send(socket, request, ip("127.0.0.1")), 64);
  host.flush();
  const got = host.recv(socket);
  assertEquals([got?.payload[0], got?.payload[7], got?.addr], [0, 5, "127.0.0.1"]);
  assertEquals(got?.payload.slice(8), bytesOf(56));
});

Deno.test("an echo request that finds no memory for its answer is dropped", () => {
  const host = new Host();
  while (host.memory.alloc(64) >= 0);
  host.inject(icmpFrame(ECHO, 0, 1, bytesOf(100)));
  assertEquals([host.sent().length, host.stack.counters.drops[44]], [0, 1]);
});

Deno.test("the log hears of pings and of errors, with who sent them", () => {
  const host = new Host();
  host.inject(icmpFrame(ECHO, 0, 0x00070003, bytesOf(8)));
  const ours = udpFrame(1000, 7, bytesOf(64), { src: OUR_ADDR, dst: PEER_ADDR }).slice(14);
  host.inject(icmpFrame(3, 1, 0, ours, { src: ip("198.18.0.9") }));
  assertEquals(host.log.take(), [
    "ICMP_ECHO 198.18.0.1 7 3 16",
    `ICMP_ERROR_RECEIVED 198.18.0.9 ${3 << 8 | 1} 17 0`,
    "UDP_ERROR 198.18.0.2:1000 198.18.0.1:7 113",
  ]);
});

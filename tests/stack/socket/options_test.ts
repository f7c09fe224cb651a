import { assertEquals } from "@std/assert";
import { EINVAL, ENOPROTOOPT, EOPNOTSUPP, getOption, setOption } from "../../../stack/mod.ts";
import { DGRAM_HAS_SEGMENT, DGRAM_SEGMENT_OFF } from "../../../stack/socket/datagram_header.ts";
import { bytesOf, Host, parseUdpFrame, PEER_ADDR } from "../net_fixture.ts";
import { checkLevel } from "./linux_options.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";

Deno.test("IPPROTO_TCP, IPPROTO_UDP, SOL_RAW as Linux answers", () => {
  checkLevel(6, 2500);
  checkLevel(17, 380);
  checkLevel(255, 100);
});

Deno.test("levels that are not there", () => {
  const host = new Host();
  const kinds = [[2, 1, 0, 17], [2, 2, 0, 6], [2, 3, 1, 17], [10, 1, 0, 17], [10, 2, 0, 6]];
  for (const [domain, type, protocol, foreign] of kinds) {
    const socket = host.stack.socket(domain, type, protocol);
    if (typeof socket === "number") throw new Error(`${socket}`);
    for (const level of [7777, 132, foreign]) {
      assertEquals(setOption(socket, level, 1, intBytes(1), host.nowUs), -ENOPROTOOPT);
      const refused = domain === 2 ? -EOPNOTSUPP : -ENOPROTOOPT;
      assertEquals(getOption(socket, level, 1, 4, host.nowUs), refused);
    }
  }
  const four = host.datagram(2, 0);
  assertEquals(setOption(four, 41, 26, intBytes(1), host.nowUs), -ENOPROTOOPT);
  assertEquals(getOption(four, 41, 26, 4, host.nowUs), -EOPNOTSUPP);
});

Deno.test("ICMP_FILTER belongs to raw ICMP sockets", () => {
  const host = new Host();
  const icmp = host.datagram(3, 1);
  assertEquals(getOption(icmp, 255, 1, 4, host.nowUs), intBytes(0));
  assertEquals(setOption(icmp, 255, 1, intBytes(-2), host.nowUs), 0);
  assertEquals(setOption(icmp, 255, 1, Uint8Array.of(7), host.nowUs), 0); // the rest stays
  assertEquals(getOption(icmp, 255, 1, 4, host.nowUs), intBytes(-249));
  const other = host.datagram(3, 99);
  assertEquals(setOption(other, 255, 1, intBytes(1), host.nowUs), -EOPNOTSUPP);
  assertEquals(getOption(other, 255, 1, 4, host.nowUs), -EOPNOTSUPP);
  const udp = host.datagram(2, 0);
  assertEquals(setOption(udp, 255, 1, intBytes(1), host.nowUs), -ENOPROTOOPT);
});

Deno.test("UDP_SEGMENT: one write, several datagrams", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const set = (n: number) => setOption(socket, 17, 103, intBytes(n), host.nowUs);
  assertEquals([set(-1), set(65536), set(1000)], [-EINVAL, -EINVAL, 0]);
  assertEquals(getOption(socket, 17, 103, 4, host.nowUs), intBytes(1000));
  assertEquals(host.send(socket, bytesOf(2500), PEER_ADDR, 7), 2500);
  const datagrams = host.sent().map(parseUdpFrame);
  assertEquals(datagrams.map((d) => d.data.length), [1000, 1000, 500]);
  assertEquals(datagrams[1].data, bytesOf(2500).slice(1000, 2000));
  set(1473);
  assertEquals(host.send(socket, bytesOf(2500), PEER_ADDR, 7), -90);
  set(1);
  assertEquals(host.send(socket, bytesOf(128), PEER_ADDR, 7), 128);
  assertEquals(host.sent().length, 128);
  assertEquals(host.send(socket, bytesOf(129), PEER_ADDR, 7), -EINVAL, "as many as on Linux");
  set(1000);
  setOption(socket, 0, 10, intBytes(2), host.nowUs); // IP_PMTUDISC_DO: each is looked at by itself
  assertEquals(host.send(socket, bytesOf(2500), PEER_ADDR, 7), 2500);
  assertEquals(socket.check(PEER_ADDR, 7, 2500), 0);
  const one = (dv: DataView, off: number) => dv.setUint16(off + DGRAM_SEGMENT_OFF, 500, true);
  host.sent();
  assertEquals(host.send(socket, bytesOf(1200), PEER_ADDR, 7, DGRAM_HAS_SEGMENT, one), 1200);
  assertEquals(host.sent().map((f) => parseUdpFrame(f).data.length), [500, 500, 200]);
  const raw = host.datagram(3, 17);
  assertEquals(setOption(raw, 17, 103, intBytes(1), host.nowUs), -ENOPROTOOPT);
  assertEquals(getOption(raw, 17, 103, 4, host.nowUs), -EOPNOTSUPP);
});

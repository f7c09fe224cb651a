import { getOption, setOption } from "../../../stack/mod.ts";
import { assertEquals } from "@std/assert";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import {
  bytesOf,
  Host,
  icmpFrame,
  ip,
  ipFrame,
  OUR_ADDR,
  parseIp,
  PEER_ADDR,
} from "../net_fixture.ts";

Deno.test("the port is the protocol; bind again until connected", () => {
  const host = new Host();
  const s = host.datagram(3, 1);
  assertEquals(s.local(), { addr: ip("0.0.0.0"), port: 1 });
  assertEquals(s.bind(OUR_ADDR, 0, host.nowUs), 0);
  assertEquals(s.bind(ip("127.0.0.1"), 0, host.nowUs), 0);
  assertEquals(s.bind(OUR_ADDR, 0, host.nowUs), 0);
  s.connect(PEER_ADDR, 0, host.nowUs);
  assertEquals(s.bind(OUR_ADDR, 0, host.nowUs), -22);
  s.disconnect(host.nowUs);
  assertEquals(s.bind(OUR_ADDR, 0, host.nowUs), 0);
  host.inject(icmpFrame(0, 0, 1, bytesOf(1)));
  assertEquals(s.recvCount(), 1); // disconnected sockets still receive
});

Deno.test("IPPROTO_RAW includes the header by default, others when told", () => {
  const host = new Host();
  const raw = host.datagram(3, 255);
  assertEquals(getOption(raw, 0, 3, 4, host.nowUs), intBytes(1));
  const other = host.datagram(3, 99);
  assertEquals(getOption(other, 0, 3, 4, host.nowUs), intBytes(0));
  setOption(other, 0, 3, intBytes(1), host.nowUs);
  host.send(other, ipFrame(50, bytesOf(9), { dst: PEER_ADDR }).slice(14), PEER_ADDR);
  assertEquals(parseIp(host.sentOne()).header.protocol, 50);
  setOption(other, 0, 3, intBytes(0), host.nowUs);
  host.send(other, bytesOf(9), PEER_ADDR);
  assertEquals(parseIp(host.sentOne()).header.protocol, 99);
});

Deno.test("closed: nothing comes any more", () => {
  const host = new Host();
  const s = host.datagram(3, 1);
  s.close(host.nowUs);
  host.inject(icmpFrame(0, 0, 1, bytesOf(1)));
  assertEquals(s.recvCount(), 0);
});

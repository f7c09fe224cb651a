import { assertEquals } from "@std/assert";
import { EAFNOSUPPORT, EMSGSIZE } from "../../../stack/mod.ts";
import { bytesOf, Host, icmpFrame, ip, parseIcmpFrame, PEER_ADDR } from "../net_fixture.ts";

const REQUEST = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 1, ...bytesOf(8));

Deno.test("connected: send without an address, replies counted by identifier", () => {
  const host = new Host();
  const s = host.datagram(2, 1);
  assertEquals(s.connect(PEER_ADDR, 0, host.nowUs), 0);
  const { port } = s.local();
  assertEquals(host.send(s, REQUEST, null), REQUEST.length);
  assertEquals(parseIcmpFrame(host.sentOne()).icmp.id, port);
  host.inject(icmpFrame(0, 0, (port << 16) | 1, bytesOf(8)));
  host.inject(icmpFrame(0, 0, ((port ^ 1) << 16) | 1, bytesOf(8)));
  assertEquals(s.recvCount(), 1);
  s.disconnect(host.nowUs);
  assertEquals(s.local().port, 0);
});

Deno.test("bound to an address: replies to it alone", () => {
  const host = new Host();
  const s = host.datagram(2, 1);
  assertEquals(s.bind(ip("127.0.0.1"), 500, host.nowUs), 0);
  host.inject(icmpFrame(0, 0, 500 << 16, bytesOf(8)));
  assertEquals(s.recvCount(), 0);
});

Deno.test("limits", () => {
  const host = new Host();
  const s = host.datagram(2, 1);
  const big = new Uint8Array(65516);
  big[0] = 8;
  assertEquals(host.send(s, big, PEER_ADDR), -EMSGSIZE);
  assertEquals(host.send(s, big.slice(0, 65515), PEER_ADDR), 65515);
  assertEquals(host.send(s, REQUEST, ip("2001:db8::1")), -EAFNOSUPPORT);
});

import { assertEquals } from "@std/assert";
import { bytesOf, Host, ip, parseUdpFrame, PEER_ADDR, udpFrame } from "../net_fixture.ts";

Deno.test("an echo server: what comes goes back to where it came from", () => {
  const host = new Host();
  const server = host.datagram(2, 17);
  server.bind(ip("0.0.0.0"), 7, host.nowUs);
  for (let i = 0; i < 5; i++) host.inject(udpFrame(1000 + i, 7, bytesOf(50, i)));
  for (let i = 0; i < 5; i++) {
    const got = host.recv(server);
    host.send(server, got?.payload ?? bytesOf(0), ip(got?.addr ?? ""), got?.port);
  }
  const replies = host.sent().map(parseUdpFrame);
  assertEquals(replies.map((r) => r.dstPort), [1000, 1001, 1002, 1003, 1004]);
  for (const [i, reply] of replies.entries()) assertEquals(reply.data, bytesOf(50, i));
});

Deno.test("empty datagrams are datagrams", () => {
  const host = new Host();
  const s = host.datagram(2, 17);
  s.connect(PEER_ADDR, 7, host.nowUs);
  assertEquals(host.send(s, bytesOf(0), null), 0);
  assertEquals(parseUdpFrame(host.sentOne()).data.length, 0);
  host.inject(udpFrame(7, s.local().port, bytesOf(0)));
  assertEquals(host.recv(s)?.payload.length, 0);
});

Deno.test("a dual-stack socket on :: speaks IPv4", () => {
  const host = new Host();
  const s = host.datagram(2, 17, 10);
  assertEquals(s.bind(ip("::"), 5000, host.nowUs), 0);
  host.inject(udpFrame(9, 5000, bytesOf(3)));
  const got = host.recv(s);
  assertEquals([got?.family, got?.addr], [2, "198.18.0.1"]);
  assertEquals(host.send(s, bytesOf(3), PEER_ADDR, 9), 3);
  assertEquals(parseUdpFrame(host.sentOne()).srcPort, 5000);
  assertEquals(s.connect(PEER_ADDR, 9, host.nowUs), 0);
  assertEquals(s.local().addr.toString(), "198.18.0.2");
  host.inject(udpFrame(10, 5000, bytesOf(3)));
  assertEquals(s.recvCount(), 0);
});

Deno.test("connect() keeps a group's address, and sends from the interface's", () => {
  for (const group of ["239.1.2.3", "198.18.0.255", "255.255.255.255"]) {
    const host = new Host();
    const s = host.datagram(2, 17);
    assertEquals(s.bind(ip(group), 5000, host.nowUs), 0);
    s.memberships?.join({ group: ip("239.1.2.3"), ifIndex: host.iface.index, ifAddr: 0 });
    host.sent();
    assertEquals(s.connect(PEER_ADDR, 9, host.nowUs), 0);
    assertEquals(s.local().addr.toString(), group);
    const from = (port: number) => udpFrame(port, 5000, bytesOf(3), { dst: ip(group) });
    host.inject(from(9));
    host.inject(from(10));
    host.inject(udpFrame(9, 5000, bytesOf(3)));
    host.sent(); // port unreachable
    assertEquals(s.recvCount(), 1, group);
    assertEquals(host.send(s, bytesOf(3), null), 3);
    assertEquals(parseUdpFrame(host.sentOne()).header.src, ip("198.18.0.2").w3);
    assertEquals([s.disconnect(host.nowUs), s.local().addr.toString()], [0, group]);
    assertEquals(host.send(s, bytesOf(3), PEER_ADDR, 9), 3);
  }
});

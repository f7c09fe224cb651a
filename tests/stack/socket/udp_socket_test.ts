import { assertEquals } from "@std/assert";
import { EINVAL, ENETUNREACH, ENOTCONN, EPIPE, setOption } from "../../../stack/mod.ts";
import { bytesOf, Host, ip, ipFrame, parseUdpFrame, PEER_ADDR, udpFrame } from "../net_fixture.ts";

const SOL_SOCKET = 1;
const SO_DONTROUTE = 5;

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

Deno.test("what an option changes holds for the next datagram", () => {
  const host = new Host();
  host.stack.addRoute({ dst: ip("0.0.0.0"), prefixLen: 0, gateway: PEER_ADDR });
  const far = ip("203.0.113.1");
  const [connected, other] = [host.datagram(2, 17), host.datagram(2, 17)];
  connected.connect(far, 7, host.nowUs);
  const send = () => [
    host.send(connected, bytesOf(3), null),
    host.send(other, bytesOf(3), far, 7),
  ];
  assertEquals(send(), [3, 3]);
  for (const s of [connected, other]) {
    assertEquals(setOption(s, SOL_SOCKET, SO_DONTROUTE, Uint8Array.of(1, 0, 0, 0), host.nowUs), 0);
  }
  assertEquals(send(), [-ENETUNREACH, -ENETUNREACH]);
});

Deno.test("shutdown: for writing it ends sending, for reading it does not", () => {
  for (const [how, sent] of [[0, 3], [1, -EPIPE], [2, -EPIPE]]) {
    const host = new Host();
    const s = host.datagram(2, 17);
    assertEquals(s.shutdown(how, host.nowUs), -ENOTCONN);
    s.connect(PEER_ADDR, 7, host.nowUs);
    assertEquals(
      [s.shutdown(how, host.nowUs), host.send(s, bytesOf(3), null)],
      [0, sent],
      `${how}`,
    );
    assertEquals([s.shutdown(3, host.nowUs), s.shutdown(-1, host.nowUs)], [-EINVAL, -EINVAL]);
  }
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

Deno.test("IP_LOCAL_PORT_RANGE: a port is chosen from it, or there is none", () => {
  const host = new Host();
  const range = Uint8Array.of(...[40_000, 40_001].flatMap((port) => [port & 255, port >> 8]));
  const ranged = () => {
    const s = host.datagram(2, 17);
    assertEquals(setOption(s, 0, 51, range, host.nowUs), 0);
    return s;
  };
  const bound = [1, 2, 3].map(() => {
    const s = ranged();
    return [s.bind(ip("0.0.0.0"), 0, host.nowUs), s.local().port];
  });
  assertEquals(bound.sort(), [[-98, 0], [0, 40_000], [0, 40_001]]);
  assertEquals(ranged().connect(PEER_ADDR, 7, host.nowUs), -11);
});

Deno.test("IP_RECVFRAGSIZE: the longest fragment that it came in, if it is asked for", () => {
  const host = new Host();
  const s = host.datagram(2, 17);
  s.bind(ip("0.0.0.0"), 5000, host.nowUs);
  const fragSize = () => host.memory.dv.getUint16(s.recvPeek(0) + 66, true);
  const udp = udpFrame(9, 5000, bytesOf(100)).slice(34);
  const send = () => {
    host.inject(ipFrame(17, udp.slice(0, 64), { id: 7, flagsAndOffset: 0x2000 }));
    host.inject(ipFrame(17, udp.slice(64), { id: 7, flagsAndOffset: 8 }));
  };
  send();
  assertEquals([fragSize(), host.recv(s)?.payload], [0, bytesOf(100)]);
  assertEquals(setOption(s, 0, 25, Uint8Array.of(1), host.nowUs), 0);
  send();
  assertEquals([fragSize(), host.recv(s)?.payload], [84, bytesOf(100)]);
  host.inject(udpFrame(9, 5000, bytesOf(100)));
  assertEquals(fragSize(), 0);
});

Deno.test("IP_BIND_ADDRESS_NO_PORT: a port is chosen when it is needed", () => {
  const host = new Host();
  const s = host.datagram(2, 17);
  assertEquals(setOption(s, 0, 24, Uint8Array.of(1), host.nowUs), 0);
  assertEquals(s.bind(ip("198.18.0.2"), 0, host.nowUs), 0);
  assertEquals([s.local().addr.toString(), s.local().port], ["198.18.0.2", 0]);
  assertEquals(host.send(s, bytesOf(3), PEER_ADDR, 9), 3);
  const sent = parseUdpFrame(host.sentOne());
  assertEquals([sent.header.src, sent.srcPort], [ip("198.18.0.2").w3, s.local().port]);
  assertEquals(s.local().port >= 32_768, true);
});

import { assertEquals } from "@std/assert";
import {
  DGRAM_DONTROUTE,
  DGRAM_HAS_PKTINFO,
  DGRAM_HAS_TOS,
  DGRAM_HAS_TTL,
  EACCES,
  EAFNOSUPPORT,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
  EVENT_ERRQUEUE,
  setOption,
} from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { bytesOf, Host, ip, parseIp, parseUdpFrame, PEER_ADDR, udpFrame } from "../net_fixture.ts";

const ANY = ip("0.0.0.0");

Deno.test("addresses before and after bind, connect, disconnect", () => {
  const host = new Host();
  const s = host.datagram(2, 0);
  const names = () => [`${s.local().addr}:${s.local().port}`, String(s.remote()?.addr ?? null)];
  assertEquals(names(), ["0.0.0.0:0", "null"]);
  assertEquals(s.bind(ANY, 5000, host.nowUs), 0);
  assertEquals(s.bind(ANY, 5001, host.nowUs), -EINVAL);
  assertEquals(names(), ["0.0.0.0:5000", "null"]);
  assertEquals(s.connect(PEER_ADDR, 7, host.nowUs), 0);
  assertEquals(names(), ["198.18.0.2:5000", "198.18.0.1"]);
  assertEquals(s.connect(ip("127.0.0.1"), 8, host.nowUs), 0); // again, elsewhere
  assertEquals(s.remote(), { addr: ip("127.0.0.1"), port: 8 });
  assertEquals(s.disconnect(host.nowUs), 0);
  assertEquals(names(), ["0.0.0.0:5000", "null"]);
  const auto = host.datagram(2, 0);
  auto.connect(PEER_ADDR, 7, host.nowUs);
  assertEquals(auto.local().port >= 32768, true);
  auto.disconnect(host.nowUs);
  assertEquals(auto.local().port, 0);
  assertEquals(host.datagram(2, 0, 10).local().addr.toString(), "::");
});

Deno.test("where datagrams cannot go", () => {
  const host = new Host();
  const s = host.datagram(2, 0);
  assertEquals(host.send(s, bytesOf(1), null), -EDESTADDRREQ);
  assertEquals(s.check(null, 0, 1), -EDESTADDRREQ);
  assertEquals(host.send(s, bytesOf(1), PEER_ADDR, 0), -EINVAL);
  assertEquals(host.send(s, bytesOf(1), ip("2001:db8::1"), 7), -EAFNOSUPPORT);
  assertEquals(s.connect(ip("2001:db8::1"), 7, host.nowUs), -EAFNOSUPPORT);
  assertEquals(s.connect(ip("198.18.0.255"), 7, host.nowUs), -EACCES);
  assertEquals(s.check(ip("198.18.0.255"), 7, 1), -EACCES);
  assertEquals(s.connect(ip("203.0.113.1"), 7, host.nowUs), -ENETUNREACH);
  const v6 = host.datagram(2, 0, 10);
  assertEquals(host.send(v6, bytesOf(1), ip("2001:db8::1"), 7), -ENETUNREACH);
  assertEquals(v6.connect(ip("2001:db8::1"), 7, host.nowUs), -ENETUNREACH);
  assertEquals(host.send(v6, bytesOf(1), PEER_ADDR, 7), 1);
  v6.close(host.nowUs);
  assertEquals(host.send(v6, bytesOf(1), PEER_ADDR, 7), -EPIPE);
});

Deno.test("check binds, and answers what send would", () => {
  const host = new Host();
  const s = host.datagram(2, 0);
  assertEquals(s.check(PEER_ADDR, 7, 65507), 0);
  assertEquals(s.local().port > 0, true);
  assertEquals(s.check(PEER_ADDR, 7, 65508), -EMSGSIZE);
  assertEquals(host.send(s, bytesOf(65508), PEER_ADDR, 7), -EMSGSIZE);
});

Deno.test("ancillary time to live, type of service, source and interface", () => {
  const host = new Host();
  host.stack.addAddress(2, ip("198.18.0.7"), 24, host.nowUs);
  host.sent();
  const s = host.datagram(2, 0);
  const fill = (dv: DataView, off: number) => {
    dv.setUint8(off + 32, 9);
    dv.setUint8(off + 33, 0x10);
    dv.setUint32(off + 36, 2, true);
    dv.setInt32(off + 40, ip("198.18.0.7").w3);
  };
  const flags = DGRAM_HAS_TTL | DGRAM_HAS_TOS | DGRAM_HAS_PKTINFO;
  assertEquals(host.send(s, bytesOf(1), PEER_ADDR, 7, flags, fill), 1);
  const sent = parseIp(host.sentOne());
  assertEquals([sent.src, sent.header.ttl, sent.header.tos], ["198.18.0.7", 9, 0x10]);
  const foreign = (dv: DataView, off: number) => dv.setInt32(off + 40, ip("203.0.113.1").w3);
  const result = host.send(s, bytesOf(1), PEER_ADDR, 7, DGRAM_HAS_PKTINFO, foreign);
  assertEquals(result, -ENETUNREACH); // as Linux's route look-up; bind() says EADDRNOTAVAIL
  s.connect(PEER_ADDR, 7, host.nowUs);
  host.send(s, bytesOf(2), null, 0, DGRAM_HAS_PKTINFO, fill);
  assertEquals(parseUdpFrame(host.sentOne()).src, "198.18.0.7");
});

Deno.test("MSG_DONTROUTE reaches neighbours only", () => {
  const host = new Host();
  host.stack.addRoute({ dst: ANY, prefixLen: 0, gateway: PEER_ADDR });
  const s = host.datagram(2, 0);
  assertEquals(host.send(s, bytesOf(1), PEER_ADDR, 7, DGRAM_DONTROUTE), 1);
  assertEquals(host.send(s, bytesOf(1), ip("203.0.113.1"), 7, DGRAM_DONTROUTE), -ENETUNREACH);
  assertEquals(host.send(s, bytesOf(1), ip("203.0.113.1"), 7), 1);
});

Deno.test("shutdown: ENOTCONN without a peer, no sending afterwards", () => {
  const host = new Host();
  const s = host.datagram(2, 0);
  assertEquals(s.shutdown(3, host.nowUs), -EINVAL);
  assertEquals(s.shutdown(0, host.nowUs), -ENOTCONN);
  s.connect(PEER_ADDR, 7, host.nowUs);
  assertEquals(s.shutdown(0, host.nowUs), 0);
  assertEquals(host.send(s, bytesOf(1), null), 1, "sending is what goes on");
  assertEquals(s.shutdown(1, host.nowUs), 0);
  assertEquals(host.send(s, bytesOf(1), null), -EPIPE);
});

Deno.test("a full receive buffer drops and counts", () => {
  const host = new Host();
  const s = host.datagram(2, 0);
  s.bind(ANY, 5000, host.nowUs);
  setOption(s, 1, 8, intBytes(2000), host.nowUs); // 4000
  for (let i = 0; i < 10; i++) host.inject(udpFrame(1, 5000, bytesOf(1000)));
  assertEquals([s.recvCount(), host.stack.counters.udp.rcvbufErrors], [4, 6]);
  const raw = host.datagram(3, 17);
  setOption(raw, 1, 8, intBytes(0), host.nowUs);
  for (let i = 0; i < 5; i++) host.inject(udpFrame(1, 5000, bytesOf(1400)));
  assertEquals(host.stack.counters.raw.rcvbufErrors, 3);
});

Deno.test("too big for the path, with IP_RECVERR: the error queue says how much fits", () => {
  const host = new Host();
  const s = host.datagram(2, 0);
  setOption(s, 0, 10, intBytes(2), host.nowUs);
  setOption(s, 0, 11, intBytes(1), host.nowUs);
  assertEquals(host.send(s, bytesOf(2000), PEER_ADDR, 7), -EMSGSIZE);
  assertEquals(s.events, EVENT_ERRQUEUE);
  const entry = s.takeErrorQueue();
  assertEquals([entry?.errno, entry?.origin, entry?.info], [EMSGSIZE, 1, 1500]);
  assertEquals(entry?.destination, { addr: PEER_ADDR, port: 7 });
  assertEquals(s.soError, 0);
});

Deno.test("close gives back the memory of what nobody has read", () => {
  const host = new Host();
  const before = host.memory.usedBytes;
  const s = host.datagram(2, 0);
  s.bind(ANY, 5000, host.nowUs);
  for (let i = 0; i < 20; i++) host.inject(udpFrame(1, 5000, bytesOf(1000)));
  assertEquals(s.recvCount(), 20);
  assertEquals(host.memory.usedBytes > before, true);
  s.close(host.nowUs);
  assertEquals([host.memory.usedBytes, host.memory.badFrees], [before, 0]);
});

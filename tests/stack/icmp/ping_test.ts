import { assertEquals } from "@std/assert";
import { EADDRINUSE, EHOSTUNREACH, EINVAL, setOption, SOCK_DGRAM } from "../../../stack/mod.ts";
import {
  bytesOf,
  Host,
  icmpFrame,
  ip,
  OUR_ADDR,
  parseIcmpFrame,
  PEER_ADDR,
} from "../net_fixture.ts";

const request = (seq: number) => Uint8Array.of(8, 0, 9, 9, 1, 2, 0, seq, ...bytesOf(16));

function ping(host: Host) {
  return host.datagram(SOCK_DGRAM, 1);
}

Deno.test("identifier and checksum are ours, the reply finds its way by the identifier", () => {
  const host = new Host();
  const [a, b] = [ping(host), ping(host)];
  assertEquals(host.send(a, request(1), PEER_ADDR), 24);
  assertEquals(host.send(b, request(2), PEER_ADDR), 24);
  const [first, second] = host.sent().map(parseIcmpFrame);
  assertEquals([first.icmp.id, first.icmp.seq], [a.local().port, 1]);
  assertEquals([second.icmp.id, second.icmp.seq], [b.local().port, 2]);
  assertEquals(first.data, bytesOf(16));
  host.inject(icmpFrame(0, 0, (second.icmp.id << 16) | 2, bytesOf(16)));
  assertEquals(host.recv(a), null);
  const got = host.recv(b);
  assertEquals([got?.addr, got?.port, got?.payload[0]], ["198.18.0.1", 0, 0]);
});

Deno.test("only echo requests, with a whole header", () => {
  const host = new Host();
  const socket = ping(host);
  assertEquals(host.send(socket, Uint8Array.of(8, 0, 0, 0, 0, 0, 0), PEER_ADDR), -EINVAL);
  assertEquals(host.send(socket, Uint8Array.of(13, 0, ...bytesOf(16)), PEER_ADDR), -EINVAL);
  assertEquals(host.send(socket, Uint8Array.of(8, 1, ...bytesOf(16)), PEER_ADDR), -EINVAL);
});

Deno.test("an identifier is taken once", () => {
  const host = new Host();
  const [a, b] = [ping(host), ping(host)];
  assertEquals(a.bind(OUR_ADDR, 77, host.nowUs), 0);
  assertEquals(a.bind(OUR_ADDR, 78, host.nowUs), -EINVAL);
  assertEquals(b.bind(OUR_ADDR, 77, host.nowUs), -EADDRINUSE);
  a.close(host.nowUs);
  assertEquals(b.bind(OUR_ADDR, 77, host.nowUs), 0);
  assertEquals(b.local().port, 77);
});

Deno.test("all identifiers in use: EADDRINUSE", () => {
  const host = new Host({ memoryLen: 4 << 20 });
  for (let i = 1; i <= 65535; i++) {
    if (ping(host).bind(ip("0.0.0.0"), 0, 0) !== 0) throw new Error(`${i}`);
  }
  assertEquals(ping(host).bind(ip("0.0.0.0"), 0, 0), -EADDRINUSE);
});

Deno.test("errors about a request come to the socket that sent it", () => {
  const host = new Host();
  host.stack.addRoute({ dst: ip("0.0.0.0"), prefixLen: 0, gateway: PEER_ADDR });
  const socket = ping(host);
  setOption(socket, 0, 11, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  host.send(socket, request(3), ip("203.0.113.1"));
  const sent = host.sentOne();
  host.inject(icmpFrame(11, 0, 0, sent.bytes.slice(14)));
  const entry = socket.takeErrorQueue();
  assertEquals([entry?.errno, entry?.type, entry?.origin], [EHOSTUNREACH, 11, 2]);
  assertEquals(entry?.payload, sent.bytes.slice(34));
  assertEquals(entry?.destination.addr.toString(), "203.0.113.1");
});

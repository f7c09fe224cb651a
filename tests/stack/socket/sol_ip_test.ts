import { assert, assertEquals } from "@std/assert";
import {
  EADDRNOTAVAIL,
  EINVAL,
  ENOPROTOOPT,
  ENOTCONN,
  getOption,
  setOption,
} from "../../../stack/mod.ts";
import { intBytes, v4Bytes } from "../../../stack/socket/option_codec.ts";
import { bytesOf, Host, ip, parseIp, PEER_ADDR } from "../net_fixture.ts";
import { checkLevel } from "./linux_options.ts";

Deno.test("IPPROTO_IP as Linux answers", () => {
  checkLevel(0, 2500);
});

Deno.test("IP_TTL and IP_TOS are in what is sent", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  setOption(socket, 0, 2, Uint8Array.of(5), host.nowUs);
  setOption(socket, 0, 1, intBytes(0x2e), host.nowUs);
  host.send(socket, bytesOf(1), PEER_ADDR, 7);
  const { header } = parseIp(host.sentOne());
  assertEquals([header.ttl, header.tos], [5, 0x2e]);
});

Deno.test("IP_MTU is the connected path's", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  assertEquals(getOption(socket, 0, 14, 4, host.nowUs), -ENOTCONN);
  socket.connect(PEER_ADDR, 7, host.nowUs);
  assertEquals(getOption(socket, 0, 14, 4, host.nowUs), intBytes(1500));
  assertEquals(getOption(socket, 0, 14, 1, host.nowUs), intBytes(1500));
});

Deno.test("IP_MULTICAST_IF: in_addr, ip_mreq, ip_mreqn", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  const set = (value: Uint8Array) => setOption(socket, 0, 32, value, host.nowUs);
  const ours = v4Bytes(ip("198.18.0.2").w3);
  const any = new Uint8Array(4);
  assertEquals(set(v4Bytes(ip("203.0.113.1").w3)), -EADDRNOTAVAIL);
  assertEquals(set(Uint8Array.of(...any, ...any, 9, 0, 0, 0)), -EADDRNOTAVAIL);
  assertEquals(set(Uint8Array.of(1, 2, 3)), -EINVAL);
  assertEquals(set(ours), 0);
  assertEquals(getOption(socket, 0, 32, 4, host.nowUs), ours);
  assertEquals(host.send(socket, bytesOf(1), ip("239.1.2.3"), 7), 1);
  assertEquals(parseIp(host.sentOne()).dst, "239.1.2.3");
  assertEquals(set(Uint8Array.of(...any, ...any, 2, 0, 0, 0)), 0);
  assertEquals(host.send(socket, bytesOf(1), ip("239.1.2.3"), 7), 1);
});

Deno.test("IP_RECVERR off empties the error queue", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  setOption(socket, 0, 11, intBytes(1), host.nowUs);
  host.send(socket, bytesOf(1), ip("127.0.0.1"), 9);
  host.flush();
  setOption(socket, 0, 11, intBytes(0), host.nowUs);
  assertEquals(socket.takeErrorQueue(), null);
});

Deno.test("IP_UNICAST_IF chooses the interface", () => {
  const host = new Host();
  const socket = host.datagram(2, 0);
  assertEquals(setOption(socket, 0, 50, Uint8Array.of(0, 0, 0, 9), host.nowUs), -EADDRNOTAVAIL);
  assertEquals(setOption(socket, 0, 50, Uint8Array.of(0, 0, 0, 2), host.nowUs), 0);
  assertEquals(getOption(socket, 0, 50, 4, host.nowUs), Uint8Array.of(0, 0, 0, 2));
  assertEquals(host.send(socket, bytesOf(1), ip("203.0.113.1"), 7), 1); // as if on-link
});

Deno.test("IP_PKTOPTIONS of a stream: our address and its interface, as IP_PKTINFO", () => {
  const host = new Host();
  const stream = host.stack.socket(2, 1, 0);
  assert(typeof stream !== "number");
  const get = () => getOption(stream, 0, 9, 64, host.nowUs);
  assertEquals(get(), new Uint8Array(0));
  assertEquals(setOption(stream, 0, 8, intBytes(1), host.nowUs), 0);
  const head = [28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0];
  assertEquals(get(), Uint8Array.from([...head, ...new Array(16).fill(0)]));
  assertEquals(stream.bind(ip("198.18.0.2"), 80, host.nowUs), 0);
  const ours = [198, 18, 0, 2];
  assertEquals(get(), Uint8Array.from([...head, 2, 0, 0, 0, ...ours, ...ours, 0, 0, 0, 0]));
  assertEquals(getOption(host.datagram(2, 0), 0, 9, 64, host.nowUs), -ENOPROTOOPT);
});

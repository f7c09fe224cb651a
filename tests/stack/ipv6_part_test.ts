import { assert, assertEquals } from "@std/assert";
import type { IpAddress, StreamSocket } from "../../stack/mod.ts";
import { bytesOf, Host, ip, OUR_MAC } from "./net_fixture.ts";
import { Host6, icmp6Frame, OUR_ADDR6, OUR_LINK_LOCAL } from "./v6_fixture.ts";

function stream(host: Host6, domain = 10): StreamSocket {
  const socket = host.stack.socket(domain, 1, 0);
  assert(typeof socket !== "number" && socket.kind === "stream");
  return socket as StreamSocket;
}

/** Writes `bytes`, reads them at the other end. */
function exchange(host: Host6, from: StreamSocket, to: StreamSocket, bytes: Uint8Array): void {
  const { u8 } = host.memory;
  const got: number[] = [];
  let sent = 0;
  for (let turn = 0; turn < 100 && got.length < bytes.length; turn++) {
    const span = from.sendSpan(Math.min(bytes.length - sent, from.sendSpace()));
    const { off0, len0 } = span;
    if (len0 > 0) {
      u8.set(bytes.subarray(sent, sent + len0), off0);
      sent += len0;
      from.sendCommit(len0, host.nowUs);
    }
    host.advance(1e4);
    for (let n = to.recvAvailable(); n > 0; n = to.recvAvailable()) {
      const { off0: at, len0: len } = to.recvSpan(n);
      got.push(...u8.subarray(at, at + len));
      to.recvConsume(len, host.nowUs);
    }
  }
  assertEquals(Uint8Array.from(got), bytes);
}

function connectedPair(host: Host6, to: IpAddress, domain = 10, listenAt = ip("::")) {
  const listener = stream(host);
  assertEquals(listener.bind(listenAt, 80, host.nowUs), 0);
  assertEquals(listener.listen(5, host.nowUs), 0);
  const client = stream(host, domain);
  assertEquals(client.connect(to, 80, host.nowUs), -115);
  host.advance(1e5);
  const server = listener.accept();
  assert(server !== null);
  return { client, server };
}

Deno.test("a connection to ourselves, by each of our addresses", () => {
  for (const to of [ip("::1"), OUR_ADDR6, OUR_LINK_LOCAL]) {
    const host = new Host6();
    const { client, server } = connectedPair(host, to);
    assertEquals(server.local().addr.toString(), to.toString());
    assertEquals(server.remote()?.addr.toString(), to.toString());
    assertEquals(client.remote()?.port, 80);
    exchange(host, client, server, bytesOf(100_000));
    exchange(host, server, client, bytesOf(3));
    assertEquals(host.device.frames.length, 0);
  }
});

Deno.test("a listener on :: takes IPv4 connections too, one on an address does not", () => {
  const host = new Host6();
  const { server } = connectedPair(host, ip("127.0.0.1"), 2);
  assertEquals(server.remote()?.addr.toString(), "127.0.0.1");
  const other = new Host6();
  const listener = stream(other);
  assertEquals(listener.bind(ip("::1"), 80, other.nowUs), 0);
  assertEquals(listener.listen(5, other.nowUs), 0);
  const client = stream(other, 2);
  assertEquals(client.connect(ip("127.0.0.1"), 80, other.nowUs), -115);
  other.advance(1e5);
  assertEquals([client.takeError(), listener.accept()], [111, null]);
});

Deno.test("without IPv6 there is none", () => {
  const host = new Host({ config: { ip: { disableIpv6: true } } });
  const { stack, iface, nowUs } = host;
  assertEquals(stack.addAddress(iface.index, OUR_ADDR6, 64, nowUs), -97);
  const socket = host.datagram(2, 17, 10);
  assertEquals(host.send(socket, bytesOf(1), ip("::1"), 9), -101);
  host.inject(icmp6Frame(128, 0, 1, bytesOf(8), { dstMac: OUR_MAC }));
  assertEquals([host.sent().length, stack.counters.drops[2]], [0, 1]);
});

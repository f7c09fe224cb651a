import { assertEquals } from "@std/assert";
import { Peer } from "../support/peer.ts";
import { check, pattern, read, World, write } from "../support/world.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { TCP_FASTOPEN } from "../../../../stack/tcp/user/sol_tcp.ts";
import { EALREADY, EINPROGRESS, EISCONN, EOPNOTSUPP } from "../../../../stack/base/errno.ts";

const int = (n: number) => new Uint8Array(Int32Array.of(n).buffer);

function listen(world: World): TcpSocket {
  const listener = world.b.tcp.createSocket(2);
  check(listener.bind(world.b.address, 80, world.nowUs));
  check(listener.setTcpOption(TCP_FASTOPEN, int(5), world.nowUs));
  check(listener.listen(16, world.nowUs));
  return listener;
}

Deno.test("connect to oneself (a port to itself)", () => {
  const peer = new Peer();
  const socket = peer.host.tcp.createSocket(2);
  socket.bind(peer.host.address, 7777, peer.nowUs);
  socket.connect(peer.host.address, 7777, peer.nowUs);
  for (let i = 0; i < 6; i++) {
    for (const seen of peer.sent.splice(0)) peer.host.receive(seen.packet, peer.nowUs);
    peer.flush();
  }
  assertEquals(socket.stateName, "ESTABLISHED");
});

Deno.test("IPv6 handshake and data", () => {
  const peer = new Peer({ address: "fd00::1" });
  const socket = peer.connect();
  assertEquals(socket.tcb.smss, 1440);
  peer.write(socket, 10);
  peer.flush();
  assertEquals(peer.next(), "P. 1:11(10) ack 1");
});

Deno.test("connect fails at once when there is no way", () => {
  const peer = new Peer();
  peer.host.routeError = -101;
  const socket = peer.host.tcp.createSocket(2);
  assertEquals(socket.connect(peer.address, 80, peer.nowUs), -101);
  assertEquals(peer.host.tcp.bindings.count, 0);
});

Deno.test("MSG_FASTOPEN: asks for a cookie first, then takes text along", () => {
  const world = new World({ delayUs: 50_000 });
  const listener = listen(world);
  const first = world.a.tcp.createSocket(2);
  check(first.connectFast(world.b.address, 80, world.nowUs), -EINPROGRESS);
  check(first.connectFast(world.b.address, 80, world.nowUs), -EALREADY);
  world.runUntil(() => listener.accept() !== null);
  check(first.connectFast(world.b.address, 80, world.nowUs), -EISCONN);
  const client = world.a.tcp.createSocket(2);
  check(client.connectFast(world.b.address, 80, world.nowUs), 0);
  check(client.connectFast(world.b.address, 80, world.nowUs), 0);
  check(client.connect(world.b.address, 80, world.nowUs), -EISCONN);
  assertEquals(client.tcpOptions.fastOpenConnect, false);
  const startUs = world.nowUs;
  assertEquals(write(world.a, client, pattern(500), world.nowUs), 500);
  let server: TcpSocket | null = null;
  world.runUntil(() => (server = listener.accept()) !== null);
  assertEquals(world.nowUs - startUs, 50_000);
  assertEquals(read(world.b, server!, world.nowUs), pattern(500));
});

Deno.test("MSG_FASTOPEN without data: the SYN does not wait for any, and has the cookie", () => {
  const world = new World({ delayUs: 50_000 });
  listen(world);
  const cookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  world.a.tcp.cookieCache.set(world.b.address, { cookie, mss: 1460 });
  const client = world.a.tcp.createSocket(2);
  check(client.connectFast(world.b.address, 80, world.nowUs, false), -EINPROGRESS);
  assertEquals([client.tcb.isConnectDeferred, client.tcb.fastOpenAsked], [false, true]);
  assertEquals([client.tcb.synDataLen, client.tcb.sent.count], [0, 1]);
  world.runUntil(() => client.stateName === "ESTABLISHED");
});

Deno.test("MSG_FASTOPEN where clients may not: EOPNOTSUPP", () => {
  const world = new World({ a: { config: { fastOpen: 2 } } });
  const client = world.a.tcp.createSocket(2);
  check(client.connectFast(world.b.address, 80, world.nowUs), -EOPNOTSUPP);
  assertEquals(client.stateName, "CLOSED");
});

Deno.test("IP_BIND_ADDRESS_NO_PORT: connections to different ends share a port", () => {
  const peer = new Peer({ config: { portMin: 50_000, portMax: 50_000 } });
  const { host, nowUs } = peer;
  const bound = (isPortLater: boolean) => {
    const socket = host.tcp.createSocket(2);
    socket.tcb.ownOptions().ownSocketOptions().bindAddressNoPort = isPortLater;
    return { socket, result: socket.bind(host.address, 0, nowUs) };
  };
  const first = bound(true);
  const second = bound(true);
  assertEquals([first.result, second.result, first.socket.local().port], [0, 0, 0]);
  assertEquals(first.socket.local().addr.equals(host.address), true);
  assertEquals(first.socket.connect(peer.address, 5000, nowUs), -EINPROGRESS);
  assertEquals(second.socket.connect(peer.address, 5001, nowUs), -EINPROGRESS);
  assertEquals([first.socket.local().port, second.socket.local().port], [50_000, 50_000]);
  assertEquals(bound(true).socket.connect(peer.address, 5000, nowUs), -99);
  assertEquals(bound(false).result, -98);
  const listener = bound(true).socket;
  assertEquals(listener.listen(1, nowUs), -98);
  first.socket.close(nowUs);
  second.socket.close(nowUs);
  assertEquals([listener.listen(1, nowUs), listener.local().port], [0, 50_000]);
});

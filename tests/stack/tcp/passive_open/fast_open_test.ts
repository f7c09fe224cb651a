import { assertEquals } from "@std/assert";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { TCP_FASTOPEN, TCP_FASTOPEN_CONNECT } from "../../../../stack/tcp/user/sol_tcp.ts";
import { EINPROGRESS } from "../../../../stack/base/errno.ts";
import { check, pattern, read, World, write } from "../support/world.ts";

const int = (n: number) => new Uint8Array(Int32Array.of(n).buffer);

function listen(world: World): TcpSocket {
  const listener = world.b.tcp.createSocket(2);
  check(listener.bind(world.b.address, 80, world.nowUs));
  check(listener.setTcpOption(TCP_FASTOPEN, int(5), world.nowUs));
  check(listener.listen(16, world.nowUs));
  return listener;
}

/** connect() with the option: -EINPROGRESS the first time, 0 when there is a cookie. */
function connect(world: World, result: number): TcpSocket {
  const client = world.a.tcp.createSocket(2);
  check(client.setTcpOption(TCP_FASTOPEN_CONNECT, int(1), world.nowUs));
  check(client.connect(world.b.address, 80, world.nowUs), result);
  return client;
}

Deno.test("fast open between two hosts: the answer is there after one round trip", () => {
  const world = new World({ delayUs: 50_000 });
  const listener = listen(world);
  connect(world, -EINPROGRESS);
  let server: TcpSocket | null = null;
  world.runUntil(() => (server = listener.accept()) !== null);
  const client = connect(world, 0);
  const startUs = world.nowUs;
  assertEquals(write(world.a, client, pattern(700), world.nowUs), 700);
  world.runUntil(() => (server = listener.accept()) !== null);
  assertEquals(world.nowUs - startUs, 50_000);
  assertEquals(server!.stateName, "SYN-RECEIVED");
  assertEquals(read(world.b, server!, world.nowUs), pattern(700));
  assertEquals(write(world.b, server!, pattern(3000), world.nowUs), 3000);
  world.runUntil(() => client.recvAvailable() === 3000);
  assertEquals(world.nowUs - startUs, 100_000);
  assertEquals(read(world.a, client, world.nowUs), pattern(3000));
  world.run(1_000_000);
  assertEquals(server!.stateName, "ESTABLISHED");
  assertEquals(listener.listening!.fastOpenPending, 0);
  assertEquals(world.a.counters.tcp.fastOpenActive, 1);
  assertEquals(world.b.counters.tcp.fastOpenPassive, 1);
});

Deno.test("fast open: more text than the SYN takes, and a FIN behind it", () => {
  const world = new World({ delayUs: 5_000 });
  const listener = listen(world);
  connect(world, -EINPROGRESS);
  world.runUntil(() => listener.accept() !== null);
  const client = connect(world, 0);
  write(world.a, client, pattern(20_000), world.nowUs);
  client.shutdown(1, world.nowUs);
  let server: TcpSocket | null = null;
  world.runUntil(() => (server = listener.accept()) !== null);
  world.runUntil(() => server!.recvAvailable() === 20_000);
  assertEquals(read(world.b, server!, world.nowUs), pattern(20_000));
  world.runUntil(() => server!.recvEof);
  server!.close(world.nowUs);
  client.close(world.nowUs);
  world.run(1_000_000);
  assertEquals(world.a.counters.tcp.retransSegs, 0);
});

Deno.test("fast open: written and closed before the SYN has left: all of it is delivered", () => {
  const world = new World({ delayUs: 5_000 });
  const listener = listen(world);
  connect(world, -EINPROGRESS);
  world.runUntil(() => listener.accept() !== null);
  const client = connect(world, 0);
  write(world.a, client, pattern(3000), world.nowUs);
  client.close(world.nowUs);
  let server: TcpSocket | null = null;
  world.runUntil(() => (server = listener.accept()) !== null);
  world.runUntil(() => server!.recvAvailable() === 3000);
  assertEquals(read(world.b, server!, world.nowUs), pattern(3000));
  world.runUntil(() => server!.recvEof);
  server!.close(world.nowUs);
  world.run(200_000_000);
  assertEquals(client.stateName, "CLOSED");
  assertEquals(world.a.tcp.orphanCount, 0);
});

Deno.test("fast open: what is sent in SYN-RECEIVED is cut by the peer's MSS", () => {
  const world = new World({ delayUs: 5_000 });
  const listener = listen(world);
  connect(world, -EINPROGRESS);
  world.runUntil(() => listener.accept() !== null);
  const client = connect(world, 0);
  write(world.a, client, pattern(100), world.nowUs);
  let server: TcpSocket | null = null;
  world.runUntil(() => (server = listener.accept()) !== null);
  assertEquals([server!.stateName, server!.tcb.smss], ["SYN-RECEIVED", 1448]);
});

Deno.test("fast open: no server without both the setting and the listener's option", () => {
  for (const [setting, queue] of [[1, 5], [3, 0]]) {
    const world = new World({ delayUs: 5_000, b: { config: { fastOpen: setting } } });
    const listener = world.b.tcp.createSocket(2);
    check(listener.bind(world.b.address, 80, world.nowUs));
    check(listener.listen(16, world.nowUs));
    if (queue > 0) listener.setTcpOption(TCP_FASTOPEN, int(queue), world.nowUs);
    for (let i = 0; i < 2; i++) {
      connect(world, -EINPROGRESS); // no cookie has come
      world.runUntil(() => listener.accept() !== null);
    }
  }
});

import { assert, assertEquals } from "@std/assert";
import { CookieCache, CookieMaker } from "../../../stack/tcp/fast_open.ts";
import type { TcpSocket } from "../../../stack/tcp/mod.ts";
import { Ends } from "../../../stack/tcp/reset.ts";
import { TCP_FASTOPEN, TCP_FASTOPEN_CONNECT } from "../../../stack/tcp/option_level.ts";
import { IpAddress } from "../../../stack/wire/ip_address.ts";
import { seededRandom } from "./support/host.ts";
import { check, pattern, read, World, write } from "./support/world.ts";

const int = (n: number) => new Uint8Array(Int32Array.of(n).buffer);

function listen(world: World): TcpSocket {
  const listener = world.b.tcp.createSocket(2);
  check(listener.bind(world.b.address, 80, world.nowUs));
  check(listener.setTcpOption(TCP_FASTOPEN, int(5), world.nowUs));
  check(listener.listen(16, world.nowUs));
  return listener;
}

function connect(world: World): TcpSocket {
  const client = world.a.tcp.createSocket(2);
  check(client.setTcpOption(TCP_FASTOPEN_CONNECT, int(1), world.nowUs));
  check(client.connect(world.b.address, 80, world.nowUs), -115);
  return client;
}

Deno.test("fast open between two hosts: the answer is there after one round trip", () => {
  const world = new World({ delayUs: 50_000 });
  const listener = listen(world);
  connect(world);
  let server: TcpSocket | null = null;
  world.runUntil(() => (server = listener.accept()) !== null);
  const client = connect(world);
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
  connect(world);
  world.runUntil(() => listener.accept() !== null);
  const client = connect(world);
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

Deno.test("fast open: a client's cookies are bounded, the oldest make way", () => {
  const cache = new CookieCache();
  const addr = (i: number) => IpAddress.parse(`10.1.${i >> 8}.${i & 255}`)!;
  for (let i = 0; i < 1000; i++) cache.set(addr(i), { cookie: Uint8Array.of(i), mss: 1460 });
  assertEquals(cache.size, 256);
  assertEquals(cache.get(addr(0)), null);
  assert(cache.get(addr(999)) !== null);
});

Deno.test("fast open: a server's cookies differ by client and by key, and last", () => {
  const maker = new CookieMaker(seededRandom(3));
  const ends = new Ends();
  ends.local = IpAddress.parse("10.0.0.1")!;
  ends.remote = IpAddress.parse("10.0.0.2")!;
  const cookie = maker.make(ends);
  assertEquals(cookie.length, 8);
  assertEquals(maker.make(ends), cookie);
  assert(`${new CookieMaker(seededRandom(4)).make(ends)}` !== `${cookie}`);
  ends.remote = IpAddress.parse("10.0.0.3")!;
  assert(`${maker.make(ends)}` !== `${cookie}`);
});

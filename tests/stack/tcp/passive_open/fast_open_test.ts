import { assert, assertEquals } from "@std/assert";
import {
  CookieCache,
  CookieKey,
  CookieMaker,
} from "../../../../stack/tcp/secrets/fast_open_cookies.ts";
import { FastOpenPause } from "../../../../stack/tcp/base/fast_open_pause.ts";
import type { TcpSocket } from "../../../../stack/tcp/mod.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { TCP_FASTOPEN, TCP_FASTOPEN_CONNECT } from "../../../../stack/tcp/user/sol_tcp.ts";
import { EALREADY, EINPROGRESS, EISCONN, EOPNOTSUPP } from "../../../../stack/base/errno.ts";
import { IpAddress } from "../../../../stack/base/ip_address.ts";
import { seededRandom } from "../support/host.ts";
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

Deno.test("fast open: a client's cookies are bounded, the oldest make way", () => {
  const cache = new CookieCache();
  const addr = (i: number) => IpAddress.parse(`10.1.${i >> 8}.${i & 255}`)!;
  for (let i = 0; i < 1000; i++) cache.set(addr(i), { cookie: Uint8Array.of(i), mss: 1460 });
  assertEquals(cache.size, 256);
  assertEquals(cache.get(addr(0)), null);
  assert(cache.get(addr(999)) !== null);
});

const KEY_A = Uint8Array.from({ length: 16 }, (_, i) => i);
const KEY_B = Uint8Array.from({ length: 16 }, (_, i) => 100 + i);

function ends(local: string, remote: string): FourTuple {
  const e = new FourTuple();
  e.local = IpAddress.parse(local)!;
  e.remote = IpAddress.parse(remote)!;
  return e;
}

Deno.test("fast open: a server's cookies differ by client and by key, and last", () => {
  const maker = new CookieMaker(KEY_A);
  const one = ends("10.0.0.1", "10.0.0.2");
  const cookie = maker.make(one);
  assertEquals(cookie.length, 8);
  assertEquals(maker.make(one), cookie);
  assert(`${new CookieMaker(KEY_B).make(one)}` !== `${cookie}`);
  assert(`${maker.make(ends("10.0.0.1", "10.0.0.3"))}` !== `${cookie}`);
  const random = CookieMaker.withRandomKey(seededRandom(4));
  assert(`${random.make(one)}` !== `${CookieMaker.withRandomKey(seededRandom(5)).make(one)}`);
  assertEquals(random.keys.length, 16);
});

Deno.test("fast open: cookies are Linux's: SipHash of the addresses in network order", () => {
  // The reference vectors of SipHash-2-4: key 00..0f, messages 00..07 and 00..1f
  const maker = new CookieMaker(KEY_A);
  const hex = (bytes: Uint8Array) =>
    [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  assertEquals(hex(maker.make(ends("4.5.6.7", "0.1.2.3"))), "6224939a79f5f593");
  const v6 = ends("1011:1213:1415:1617:1819:1a1b:1c1d:1e1f", "1:203:405:607:809:a0b:c0d:e0f");
  assertEquals(hex(maker.make(v6)), "ce7cf2722f512771");
  // Seen on the lo of a Linux 6.18 server with this TCP_FASTOPEN_KEY
  const key = new Uint8Array(Int32Array.of(1, 2, 3, 4).buffer);
  const lo = ends("127.0.0.1", "127.0.0.1");
  assertEquals(hex(new CookieMaker(key).make(lo)), "43c413eef9c8cf43");
});

Deno.test("fast open: keys change: cookies of the old one stay valid", () => {
  const one = ends("10.0.0.1", "10.0.0.2");
  const old = new CookieMaker(KEY_A).make(one);
  const both = new CookieMaker(Uint8Array.of(...KEY_B, ...KEY_A));
  assertEquals(both.keyOf(one, both.make(one), 0, 8), CookieKey.FIRST);
  assertEquals(both.keyOf(one, old, 0, 8), CookieKey.SECOND);
  assertEquals(both.keyOf(one, old, 0, 7), CookieKey.NONE);
  assertEquals(new CookieMaker(KEY_B).keyOf(one, old, 0, 8), CookieKey.NONE);
});

Deno.test("fast open: pauses double, to 64 times the first, until text comes", () => {
  const pause = new FastOpenPause(10);
  assertEquals(pause.isOn(5), false);
  let nowUs = 1000;
  for (const lengthUs of [10, 20, 40, 80, 160, 320, 640, 640, 640]) {
    pause.begin(nowUs);
    assertEquals([pause.isOn(nowUs + lengthUs - 1), pause.isOn(nowUs + lengthUs)], [true, false]);
    nowUs += 1000;
  }
  pause.begin(nowUs);
  pause.end();
  assertEquals(pause.isOn(nowUs), false);
  const never = new FastOpenPause(0);
  never.begin(5);
  assertEquals(never.isOn(5), false);
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
  assertEquals(client.options.fastOpenConnect, false);
  const startUs = world.nowUs;
  assertEquals(write(world.a, client, pattern(500), world.nowUs), 500);
  let server: TcpSocket | null = null;
  world.runUntil(() => (server = listener.accept()) !== null);
  assertEquals(world.nowUs - startUs, 50_000);
  assertEquals(read(world.b, server!, world.nowUs), pattern(500));
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

Deno.test("MSG_FASTOPEN where clients may not: EOPNOTSUPP", () => {
  const world = new World({ a: { config: { fastOpen: 2 } } });
  const client = world.a.tcp.createSocket(2);
  check(client.connectFast(world.b.address, 80, world.nowUs), -EOPNOTSUPP);
  assertEquals(client.stateName, "CLOSED");
});

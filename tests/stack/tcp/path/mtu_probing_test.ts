import { assert, assertEquals } from "@std/assert";
import { Recovery } from "../../../../stack/tcp/base/state.ts";
import { mtuProbeLen } from "../../../../stack/tcp/path/mtu_probing.ts";
import { Peer } from "../support/peer.ts";
import { transfer, World } from "../support/world.ts";

/** A path that silently drops segments of more than `limit` bytes of text. */
function blackHole(limit: () => number, config = {}): World {
  const world = new World({ delayUs: 5000, a: { config } });
  world.filter = (seen) => (seen.payload.length > limit() ? -1 : 0);
  return world;
}

Deno.test("black hole: a transfer gets through, and the search finds the size that passes", () => {
  const world = blackHole(() => 1200, { mtuProbeIntervalUs: 1_000_000 });
  const [client, server] = world.connect();
  const { tcb } = client;
  assertEquals(tcb.smss, 1448);
  transfer(world, [world.a, client], [world.b, server], 300_000);
  assertEquals(tcb.smss, 1024);
  for (let i = 0; i < 12; i++) {
    world.run(1_100_000);
    transfer(world, [world.a, client], [world.b, server], 300_000);
  }
  assert(tcb.smss > 1190 && tcb.smss <= 1200, `SMSS is ${tcb.smss}`);
  assert(world.a.counters.tcp.mtupSuccess > 0);
  assert(world.a.counters.tcp.mtupFail > 0);
  const { timeouts } = world.a.counters.tcp;
  transfer(world, [world.a, client], [world.b, server], 1_000_000);
  assertEquals(world.a.counters.tcp.timeouts, timeouts, "nothing is lost to the search");
});

Deno.test("black hole that was a passing outage: the full size is back with one probe", () => {
  let isOut = false;
  const world = blackHole(() => (isOut ? 100 : 9000), { mtuProbeIntervalUs: 1_000_000 });
  const [client, server] = world.connect();
  transfer(world, [world.a, client], [world.b, server], 300_000);
  isOut = true;
  const span = client.sendSpan(5000);
  client.sendCommit(span.len0, world.nowUs);
  world.run(4_000_000);
  assert(client.tcb.smss < 1448);
  isOut = false;
  world.run(30_000_000);
  server.recvDiscard(world.nowUs);
  server.tcb.isRcvShutdown = false;
  transfer(world, [world.a, client], [world.b, server], 600_000);
  assertEquals(client.tcb.smss, 1448);
  assertEquals(client.tcb.mtuProbing.nextAtUs, Infinity);
});

Deno.test("black hole: back-offs on a path that just loses leave the size alone", () => {
  const world = new World({ delayUs: 5000 });
  const [client, server] = world.connect();
  transfer(world, [world.a, client], [world.b, server], 100_000);
  for (let i = 0; i < 12; i++) {
    const untilUs = world.nowUs + 4_000_000;
    world.filter = (seen) => (seen.payload.length > 0 && world.nowUs < untilUs ? -1 : 0);
    transfer(world, [world.a, client], [world.b, server], 50_000);
    assert(world.a.counters.tcp.timeouts > 4 * i);
    assertEquals(client.tcb.smss, 1448, `outage ${i}`);
  }
  assertEquals(client.tcb.mtuProbing.nextAtUs, Infinity);
});

Deno.test("black hole: a route that takes smaller segments only is found out in the end", () => {
  let limit = 9000;
  const world = blackHole(() => limit);
  const [client, server] = world.connect();
  transfer(world, [world.a, client], [world.b, server], 100_000);
  limit = 1200;
  transfer(world, [world.a, client], [world.b, server], 100_000);
  assertEquals(client.tcb.smss, 1024);
  assert(client.tcb.mtuProbing.nextAtUs < Infinity, "and larger ones are tried again");
});

Deno.test("black hole: a probe that is lost is no congestion, and reduces nothing", () => {
  const world = blackHole(() => 1200, { mtuProbeIntervalUs: 1_000_000 });
  const [client, server] = world.connect();
  const { tcb } = client;
  const { tcp } = world.a.counters;
  transfer(world, [world.a, client], [world.b, server], 300_000);
  world.run(1_100_000);
  client.sendCommit(client.sendSpan(60_000).len0, world.nowUs);
  let before = [0, 0];
  world.runUntil(() => {
    if (tcp.mtupFail > 0) return true;
    before = [tcb.cwnd, tcb.ssthresh];
    return false;
  });
  assert(before[0] > 0 && tcp.timeouts > 0);
  assertEquals([tcb.cwnd, tcb.ssthresh], before);
});

Deno.test("an outage: sizes that have passed before are tried smaller each third back-off", () => {
  const world = new World({ delayUs: 5000 });
  const [client, server] = world.connect();
  const { tcb } = client;
  transfer(world, [world.a, client], [world.b, server], 100_000);
  world.filter = (seen) => (seen.payload.length > 0 ? -1 : 0);
  const span = client.sendSpan(5000);
  client.sendCommit(span.len0, world.nowUs);
  const sizes: number[] = [];
  for (let backoff = 1; backoff <= 8; backoff++) {
    world.runUntil(() => tcb.backoff === backoff);
    sizes.push(tcb.smss);
  }
  assertEquals(sizes, [1448, 1448, 1448, 1024, 1024, 1024, 512, 512]);
});

Deno.test("mtuProbeLen: first all, then the middle, rounded up; when it may be sent at all", () => {
  const { tcb } = new Peer().connect();
  const { mtuProbing } = tcb;
  const full = tcb.smss;
  const much = 100_000;
  const len = (unsent = much, room = much) => mtuProbeLen(tcb, unsent, room, 10);
  tcb.smss = 1000;
  tcb.cwnd = much;
  assertEquals(len(), 0, "it is not time");
  mtuProbing.nextAtUs = 10;
  mtuProbing.high = 0;
  assertEquals(len(), full);
  for (const high of [1200, 1201]) {
    mtuProbing.high = high;
    assertEquals(len(), high === 1200 ? 1100 : 1101);
  }
  mtuProbing.high = 9000;
  assertEquals(len(), (1000 + full + 1) >> 1, "no more than the path MTU");
  mtuProbing.high = 1200;
  const wanted = 1100 + 3 * 1000;
  const enough = [len(wanted), len(wanted - 1), len(much, wanted), len(much, wanted - 1)];
  assertEquals(enough.map((n) => n > 0), [true, false, true, false]);
  tcb.cwnd = tcb.pipe + wanted;
  assertEquals(len(), 1100);
  tcb.cwnd--;
  assertEquals(len(), 0);
  tcb.cwnd = much;
  tcb.recovery = Recovery.FAST;
  assertEquals(len(), 0);
  tcb.recovery = Recovery.OPEN;
  mtuProbing.probeLen = 1;
  assertEquals(len(), 0, "one at a time");
});

import { assert, assertEquals } from "@std/assert";
import { PortAllocator } from "../../../stack/storage/port_allocator.ts";
import { IpAddress, LOOPBACK_V4 } from "../../../stack/base/ip_address.ts";
import { randomSource } from "./random.ts";

const LOCAL = IpAddress.v4(0xc6120001);
const REMOTE = IpAddress.v4(0xc6120002);
const RANGE = 60999 - 32768 + 1;

Deno.test("PortAllocator: the default range is Linux's", () => {
  const ports = new PortAllocator(randomSource(1));
  assertEquals([ports.low, ports.high], [32768, 60999]);
  for (let i = 0; i < 2000; i++) {
    const port = i % 2
      ? ports.pickRandom(() => false)
      : ports.pickFor(LOCAL, REMOTE, i, 0, () => false);
    assert(port >= 32768 && port <= 60999);
  }
});

Deno.test("PortAllocator: one destination's ports advance by steps that nobody can foresee", () => {
  const ports = new PortAllocator(randomSource(2));
  const steps = new Map<number, number>();
  let last = ports.pickFor(LOCAL, REMOTE, 80, 0, () => false);
  for (let i = 0; i < 800; i++) {
    const port = ports.pickFor(LOCAL, REMOTE, 80, 0, () => false);
    const step = (port - last + RANGE) % RANGE;
    steps.set(step, (steps.get(step) ?? 0) + 1);
    last = port;
  }
  assertEquals([...steps.keys()].sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  for (const [step, count] of steps) assert(count > 60 && count < 140, `${step}: ${count}`);
});

Deno.test("PortAllocator: whom others connect to does not show in one's own ports", () => {
  // An attacker's destination, before and after 1,000 connections to somebody else.
  let moved = 0;
  for (let seed = 0; seed < 20; seed++) {
    const gap = (strangers: number): number => {
      const ports = new PortAllocator(randomSource(seed));
      const mine = () => ports.pickFor(LOCAL, REMOTE, 80, 0, () => false);
      const first = mine();
      for (let i = 0; i < strangers; i++) ports.pickFor(LOCAL, REMOTE, 1000 + i, 0, () => false);
      return (mine() - first + RANGE) % RANGE;
    };
    if (gap(1000) > 8) moved++;
  }
  // 1,000 of 65,536 counters: one of them is the attacker's in 1.5 % of the runs.
  assert(moved <= 2, `${moved} of 20`);
});

Deno.test("PortAllocator: the place in the range changes every ten seconds", () => {
  const ports = new PortAllocator(randomSource(6));
  const at = (nowUs: number) => ports.pickFor(LOCAL, REMOTE, 80, nowUs, () => false);
  const places = new Set<number>();
  for (let period = 0; period < 50; period++) places.add(Math.floor(at(period * 10e6) / 16));
  assert(places.size > 45, `${places.size}`);
  assert((at(9.9e6) - at(0) + RANGE) % RANGE > RANGE - 17, "the same within one period");
});

Deno.test("PortAllocator: taken ports are passed over; none left is -1", () => {
  const ports = new PortAllocator(randomSource(3));
  ports.setRange(65530, 65535);
  const taken = new Set<number>();
  const isTaken = (port: number): boolean => taken.has(port);
  for (let i = 0; i < 6; i++) {
    const port = i % 2 ? ports.pickRandom(isTaken) : ports.pickFor(LOCAL, REMOTE, 80, 0, isTaken);
    assert(port >= 65530 && port <= 65535 && !taken.has(port));
    taken.add(port);
  }
  assertEquals([ports.pickRandom(isTaken), ports.pickFor(LOCAL, REMOTE, 80, 0, isTaken)], [-1, -1]);
  taken.delete(65533);
  assertEquals(ports.pickRandom(isTaken), 65533);
  taken.delete(65533);
  assertEquals(ports.pickFor(LOOPBACK_V4, REMOTE, 80, 0, isTaken), 65533);
});

Deno.test("PortAllocator: unpredictable across destinations and keys", () => {
  const first = (seed: number, remotePort: number): number =>
    new PortAllocator(randomSource(seed)).pickFor(LOCAL, REMOTE, remotePort, 0, () => false);
  const seen = new Set<number>();
  for (let i = 0; i < 50; i++) seen.add(first(i, 80)).add(first(4, 1000 + i));
  assert(seen.size > 90, `${seen.size} distinct`);
  assertEquals(first(9, 443), first(9, 443), "the same randomness gives the same port");
});

Deno.test("PortAllocator: a range of one's own, as far as it is within the system's", () => {
  const ports = new PortAllocator(randomSource(4));
  const ends = (own: number): number[] => {
    const found = new Set<number>();
    const isTaken = (port: number) => found.has(port) || !found.add(port);
    for (let i = 0; i < 2000; i++) {
      const port = i % 2 === 0
        ? ports.pickRandom(isTaken, own)
        : ports.pickFor(LOCAL, REMOTE, 80, 0, isTaken, own);
      if (port < 0) break;
    }
    return [Math.min(...found), Math.max(...found), found.size];
  };
  const range = (first: number, last: number) => (last << 16) | first;
  assertEquals(ends(range(40_000, 40_009)), [40_000, 40_009, 10]);
  assertEquals(ends(range(60_000, 0)), [60_000, 60_999, 1000]);
  assertEquals(ends(range(1000, 32_800)), [32_768, 32_800, 33]);
  assertEquals(ends(range(60_990, 65_535)), [60_990, 60_999, 10]);
});

import { assert, assertEquals } from "@std/assert";
import { PortAllocator } from "../../../stack/storage/port_allocator.ts";
import { IpAddress, LOOPBACK_V4 } from "../../../stack/base/ip_address.ts";
import { randomSource } from "./random.ts";

const LOCAL = IpAddress.v4(0xc6120001);
const REMOTE = IpAddress.v4(0xc6120002);

Deno.test("PortAllocator: the default range is Linux's", () => {
  const ports = new PortAllocator(randomSource(1));
  assertEquals([ports.low, ports.high], [32768, 60999]);
  for (let i = 0; i < 2000; i++) {
    const port = i % 2
      ? ports.pickRandom(() => false)
      : ports.pickFor(LOCAL, REMOTE, i, () => false);
    assert(port >= 32768 && port <= 60999);
  }
});

Deno.test("PortAllocator: one destination gets each port once before any again", () => {
  const ports = new PortAllocator(randomSource(2));
  ports.setRange(1000, 1099);
  const seen = new Set<number>();
  for (let i = 0; i < 100; i++) seen.add(ports.pickFor(LOCAL, REMOTE, 80, () => false));
  assertEquals(seen.size, 100);
  assertEquals([Math.min(...seen), Math.max(...seen)], [1000, 1099]);
});

Deno.test("PortAllocator: taken ports are passed over; none left is -1", () => {
  const ports = new PortAllocator(randomSource(3));
  ports.setRange(65530, 65535);
  const taken = new Set<number>();
  const isTaken = (port: number): boolean => taken.has(port);
  for (let i = 0; i < 6; i++) {
    const port = i % 2 ? ports.pickRandom(isTaken) : ports.pickFor(LOCAL, REMOTE, 80, isTaken);
    assert(port >= 65530 && port <= 65535 && !taken.has(port));
    taken.add(port);
  }
  assertEquals([ports.pickRandom(isTaken), ports.pickFor(LOCAL, REMOTE, 80, isTaken)], [-1, -1]);
  taken.delete(65533);
  assertEquals(ports.pickRandom(isTaken), 65533);
  taken.delete(65533);
  assertEquals(ports.pickFor(LOOPBACK_V4, REMOTE, 80, isTaken), 65533);
});

Deno.test("PortAllocator: unpredictable across destinations and keys", () => {
  const first = (seed: number, remotePort: number): number =>
    new PortAllocator(randomSource(seed)).pickFor(LOCAL, REMOTE, remotePort, () => false);
  const seen = new Set<number>();
  for (let i = 0; i < 50; i++) seen.add(first(i, 80)).add(first(4, 1000 + i));
  assert(seen.size > 90, `${seen.size} distinct`);
  assertEquals(first(9, 443), first(9, 443), "the same randomness gives the same port");
});

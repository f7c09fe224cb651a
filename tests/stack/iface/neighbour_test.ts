import { assert, assertEquals } from "@std/assert";
import { BuddyMemory, Interface } from "../../../stack/mod.ts";
import { DEFAULT_NEIGHBOUR_CONFIG } from "../../../stack/iface/config.ts";
import {
  DELAY,
  FAILED,
  INCOMPLETE,
  type Neighbour,
  NeighbourTable,
  PROBE,
  REACHABLE,
  STALE,
} from "../../../stack/iface/neighbour.ts";
import { FakeDevice, ip, NO_OFFLOAD, OUR_MAC, PEER_ADDR } from "../net_fixture.ts";

const S = 1e6;

class World {
  readonly memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  readonly iface: Interface;
  readonly log: string[] = [];
  readonly table: NeighbourTable;

  constructor(maxEntries = 1024) {
    const link = new FakeDevice(NO_OFFLOAD, 1500);
    this.iface = new Interface(2, { name: "e", mac: OUR_MAC, link }, this.memory, 8);
    const config = { ...DEFAULT_NEIGHBOUR_CONFIG, maxEntries };
    this.table = new NeighbourTable(config, this.memory, () => 0, {
      solicit: (n, unicast) => this.log.push(`${unicast ? "ask" : "who-has"} ${n.addr}`),
      learned: (_n, isNew) => this.log.push(isNew ? "learned" : "moved"),
      resolved: (_n, packets) => this.log.push(`resolved ${packets.length}`),
      failed: (_n, packets) => this.log.push(`failed ${packets.length}`),
    });
  }

  add(addr = PEER_ADDR, nowUs = 0): Neighbour {
    const n = this.table.findOrAdd(this.iface, addr, nowUs);
    assert(n !== null);
    return n;
  }

  /** As ip_output does for a packet; true when it could leave. */
  send(n: Neighbour, nowUs: number): boolean {
    if (this.table.canSend(n, nowUs)) return true;
    const { tx } = this.iface;
    tx.begin();
    this.table.wait(n, tx);
    this.table.startResolving(n, nowUs);
    return false;
  }

  taken(): string[] {
    return this.log.splice(0);
  }
}

Deno.test("three broadcasts a second apart, then failure; the next packet starts anew", () => {
  const w = new World();
  const n = w.add();
  assertEquals(w.send(n, 0), false);
  assertEquals(w.send(n, 1), false);
  assertEquals(w.taken(), ["who-has 198.18.0.1"]);
  assertEquals([w.table.pollAtUs(), w.table.resolvingCount], [S, 1]);
  w.table.poll(S);
  w.table.poll(2 * S);
  assertEquals(w.taken(), ["who-has 198.18.0.1", "who-has 198.18.0.1"]);
  w.table.poll(3 * S);
  assertEquals([w.taken(), n.state, w.table.resolvingCount], [["failed 2"], FAILED, 0]);
  assertEquals(w.send(n, 4 * S), false);
  assertEquals([w.taken(), n.state], [["who-has 198.18.0.1"], INCOMPLETE]);
});

Deno.test("an answer makes it reachable and lets go what waited", () => {
  const w = new World();
  const n = w.add();
  w.send(n, 0);
  w.taken();
  w.table.learn(n, 0x0200, 1, true, 100);
  assertEquals([w.taken(), n.state, n.macHi, n.macLo], [
    ["learned", "resolved 1"],
    REACHABLE,
    0x0200,
    1,
  ]);
  assertEquals(w.send(n, 200), true);
});

Deno.test("reachable goes stale, a packet makes it delay, silence makes it probe", () => {
  const w = new World();
  const n = w.add();
  w.table.learn(n, 2, 1, true, 0);
  w.taken();
  const reachableUs = DEFAULT_NEIGHBOUR_CONFIG.baseReachableUs / 2; // random() is 0
  assertEquals(w.table.pollAtUs(), reachableUs);
  w.table.poll(reachableUs);
  assertEquals(n.state, STALE);
  assertEquals(w.send(n, 20 * S), true);
  assertEquals(n.state, DELAY);
  w.table.poll(25 * S);
  assertEquals([n.state, w.taken()], [PROBE, ["ask 198.18.0.1"]]);
  assertEquals(w.send(n, 25 * S), true);
  w.table.poll(26 * S);
  w.table.poll(27 * S);
  assertEquals(w.taken(), ["ask 198.18.0.1", "ask 198.18.0.1"]);
  w.table.poll(28 * S);
  assertEquals([n.state, w.taken()], [FAILED, []]);
});

Deno.test("confirmation from above keeps it reachable", () => {
  const w = new World();
  const n = w.add();
  w.table.learn(n, 2, 1, true, 0);
  w.table.confirm(n, 14 * S);
  w.table.poll(15 * S);
  assertEquals(n.state, REACHABLE);
  w.table.poll(29 * S);
  assertEquals(n.state, STALE);
  w.send(n, 30 * S);
  w.table.confirm(n, 31 * S);
  assertEquals(n.state, REACHABLE);
});

Deno.test("confirmation from above makes nobody reachable whose MAC is not known", () => {
  const w = new World();
  const n = w.add();
  for (const state of [FAILED, INCOMPLETE]) {
    assertEquals(n.state, state);
    w.table.confirm(n, 0);
    assertEquals(n.state, state);
    assertEquals(w.send(n, 0), false);
  }
  w.table.learn(n, 2, 1, false, 0);
  assertEquals(n.state, STALE);
  w.table.confirm(n, 1);
  assertEquals(n.state, REACHABLE);
});

Deno.test("hearsay teaches the MAC but proves nothing", () => {
  const w = new World();
  const n = w.add();
  w.table.learn(n, 2, 1, false, 0);
  assertEquals(n.state, STALE);
  w.table.learn(n, 2, 1, true, S);
  w.table.learn(n, 2, 1, false, 2 * S);
  assertEquals(n.state, REACHABLE);
  w.table.learn(n, 2, 9, false, 3 * S); // it has moved
  assertEquals([n.state, n.macLo], [STALE, 9]);
  w.table.learn(n, 2, 1, true, 3 * S + 1); // two hosts at once: the first stands
  assertEquals(n.macLo, 9);
});

Deno.test("what is not used for a minute is forgotten", () => {
  const w = new World();
  const n = w.add();
  w.table.learn(n, 2, 1, false, 0);
  w.send(n, 40 * S);
  w.table.learn(n, 2, 1, true, 41 * S);
  w.table.poll(57 * S);
  assertEquals(n.state, STALE);
  w.table.poll(99 * S);
  assertEquals(w.table.count, 1);
  w.table.poll(100 * S);
  assertEquals([w.table.count, n.isEvicted, w.table.pollAtUs()], [0, true, Infinity]);
  assertEquals(w.table.find(w.iface, PEER_ADDR), null);
});

Deno.test("a full table gives up the entry unused for longest, never one being resolved", () => {
  const w = new World(3);
  const [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((t, i) => w.add(ip(t), i));
  w.send(a, 10);
  w.table.learn(b, 2, 1, false, 11);
  w.table.learn(c, 2, 1, false, 12);
  w.send(b, 13);
  w.table.learn(b, 2, 1, true, 14);
  const d = w.add(ip("10.0.0.4"), 20);
  assertEquals([a.isEvicted, b.isEvicted, c.isEvicted, d.isEvicted], [false, false, true, false]);
  w.send(d, 21);
  assertEquals(w.table.findOrAdd(w.iface, ip("10.0.0.5"), 22), null);
  assertEquals(w.table.count, 3);
});

Deno.test("a full table: of several that may go it is the one unused for longest", () => {
  const w = new World(3);
  const [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((t, i) => w.add(ip(t), i));
  for (const n of [a, b, c]) w.table.learn(n, 2, 1, false, 10);
  for (const [i, n] of [a, c, b].entries()) w.send(n, 10 + i);
  for (const n of [a, b, c]) w.table.learn(n, 2, 2, false, 1e6); // another MAC: stale again
  w.send(a, 2e6);
  w.table.learn(a, 2, 3, false, 3e6);
  const d = w.add(ip("10.0.0.4"), 4e6);
  assertEquals([a.isEvicted, b.isEvicted, c.isEvicted], [false, false, true]);
  w.add(ip("10.0.0.5"), 5e6);
  assertEquals([a.isEvicted, b.isEvicted, d.isEvicted], [false, true, false]);
});

Deno.test("clear forgets one interface's and fails what waits", () => {
  const w = new World();
  const n = w.add();
  w.send(n, 0);
  w.taken();
  w.table.clear(w.iface, 1);
  assertEquals([w.taken(), w.table.count, w.table.resolvingCount], [["failed 1"], 0, 0]);
});

Deno.test("addresses that share a hash are told apart", () => {
  const w = new World();
  const a = w.add(ip("10.0.0.1"));
  const b = w.add(ip("74.0.0.1")); // differs above the hash's bits
  assert(a !== b);
  assertEquals(w.table.find(w.iface, ip("10.0.0.1")), a);
  assertEquals(w.table.find(w.iface, ip("74.0.0.1")), b);
  w.table.clear(w.iface, 0);
  assertEquals(w.table.count, 0);
});

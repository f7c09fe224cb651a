import { assert, assertEquals } from "@std/assert";
import { FlowTable, portsWord, shareHash } from "../../../stack/storage/hash_table.ts";
import { randomSource } from "./random.ts";

type Key = [number, number, number, number, number, number, number, number, number];

function v4Key(local: number, remote: number, ports: number): Key {
  return [0, 0, 0xffff, local | 0, 0, 0, 0xffff, remote | 0, ports];
}

Deno.test("FlowTable: get, set, replace, delete", () => {
  const table = new FlowTable(1);
  const key = v4Key(0xc6120001, 0xc6120002, portsWord(50000, 65535));
  assertEquals([table.get(...key), table.delete(...key)], [-1, -1]);
  assertEquals(table.set(...key, 0), -1);
  assertEquals([table.get(...key), table.count], [0, 1]);
  assertEquals(table.set(...key, 2 ** 30), 0);
  assertEquals([table.get(...key), table.count], [2 ** 30, 1]);
  assertEquals(table.delete(...key), 2 ** 30);
  assertEquals([table.get(...key), table.count], [-1, 0]);
});

Deno.test("FlowTable: the zone is part of the key", () => {
  const table = new FlowTable(3);
  const key = v4Key(1, 2, 3);
  table.set(...key, 10, 2);
  table.set(...key, 11, 3);
  assertEquals([0, 2, 3].map((zone) => table.get(...key, zone)), [-1, 10, 11]);
  assertEquals([table.delete(...key), table.delete(...key, 2), table.count], [-1, 10, 1]);
  for (let i = 0; i < 100; i++) table.set(...v4Key(i, 9, 9), i); // it grows
  assertEquals(table.get(...key, 3), 11);
});

Deno.test("FlowTable: every word of the key counts", () => {
  const table = new FlowTable(2);
  const keys: Key[] = [];
  for (const base of [v4Key(1, 2, 3), [-1, 2, -3, 4, 5, 6, 7, 8, 9] as Key]) {
    keys.push(base);
    for (let i = 0; i < 9; i++) {
      const other = [...base] as Key;
      other[i] ^= 1 << 31;
      keys.push(other);
    }
    const [l0, l1, l2, l3, r0, r1, r2, r3, ports] = base;
    keys.push([r0, r1, r2, r3, l0, l1, l2, l3, ports]); // the other way round
  }
  const distinct = new Set(keys.map(String)).size;
  keys.forEach((key, i) => table.set(...key, i));
  assertEquals(table.count, distinct);
  keys.forEach((key, i) => assertEquals(table.get(...key), i));
});

Deno.test("FlowTable: ports as one word", () => {
  assertEquals(portsWord(0, 1), 1);
  assertEquals(portsWord(65535, 65535), -1);
  assert(portsWord(80, 50000) !== portsWord(50000, 80));
});

Deno.test("shareHash: fair in its low bits, whatever the ports have in common; keyed", () => {
  for (const [count, step] of [[2, 1], [2, 2], [4, 4], [3, 2], [16, 256]]) {
    const shares = new Array(count).fill(0);
    const n = 200 * count;
    for (let i = 0; i < n; i++) shares[shareHash(7, 0x0a000001, portsWord(80, i * step)) % count]++;
    for (const share of shares) assert(share > 140 && share < 260, `${count}: ${shares}`);
  }
  assert(shareHash(1, 2, 3) >= 0);
  assert(shareHash(1, 2, 3) !== shareHash(2, 2, 3));
});

Deno.test("FlowTable: model, random steps against a Map, through growth", () => {
  for (const seed of [0, 1, -5]) {
    const random = randomSource(seed + 100);
    const below = (n: number): number => (random() >>> 0) % n;
    const table = new FlowTable(seed, 4);
    const model = new Map<string, number>();
    for (let step = 0; step < 20000; step++) {
      const spread = step < 10000 ? 40 : 3000;
      const isV6 = below(4) === 0;
      const key: Key = isV6
        ? [0x20010db8, below(2), 0, 1, 0x20010db8, 0, below(2), below(spread), 80]
        : v4Key(0xc6120001, below(2), portsWord(below(2), below(spread)));
      const name = String(key);
      const expected = model.get(name) ?? -1;
      const action = below(10);
      if (action < 5) {
        assertEquals(table.set(...key, step), expected);
        model.set(name, step);
      } else if (action < 8) {
        assertEquals(table.delete(...key), expected);
        model.delete(name);
      } else {
        assertEquals(table.get(...key), expected);
      }
      assertEquals(table.count, model.size);
    }
    for (const [name, value] of model) {
      const key = name.split(",").map(Number) as Key;
      assertEquals(table.get(...key), value);
      assertEquals(table.delete(...key), value);
    }
    assertEquals(table.count, 0);
  }
});

Deno.test("FlowTable: 20,000 connections with sequential addresses and ports", () => {
  const table = new FlowTable(12345);
  const keyOf = (i: number): Key => v4Key(0xc6120001, 0x0a000000 + (i >> 4), i);
  for (let i = 0; i < 20000; i++) table.set(...keyOf(i), i);
  for (let i = 0; i < 40000; i++) assertEquals(table.get(...keyOf(i)), i < 20000 ? i : -1);
  for (let i = 0; i < 20000; i += 2) assertEquals(table.delete(...keyOf(i)), i);
  for (let i = 0; i < 20000; i++) assertEquals(table.get(...keyOf(i)), i % 2 ? i : -1);
  assertEquals(table.count, 10000);
});

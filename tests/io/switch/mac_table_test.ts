import { assert, assertEquals } from "@std/assert";
import {
  ADDRESS_MAX,
  AGEING_US,
  FLOOD,
  isGroupAddress,
  macKey,
  MacTable,
} from "../../../io/switch/mac_table.ts";

function key(bytes: number[]): number {
  return macKey(new DataView(Uint8Array.from([0, ...bytes]).buffer), 1);
}

Deno.test("mac table: what is learnt is found; the rest floods", () => {
  const table = new MacTable();
  assertEquals(table.lookUp(1, 0), FLOOD);
  assert(table.learn(1, 7, 0));
  assert(!table.learn(1, 7, 1));
  assertEquals(table.lookUp(1, 2), 7);
  assert(table.learn(1, 8, 3), "it has moved");
  assertEquals(table.lookUp(1, 4), 8);
});

Deno.test("mac table: who is silent for the ageing time is forgotten, who speaks is not", () => {
  const table = new MacTable();
  table.learn(1, 7, 0);
  table.learn(2, 7, 0);
  table.learn(2, 7, AGEING_US);
  assertEquals(table.lookUp(1, AGEING_US), 7);
  assertEquals(table.lookUp(1, AGEING_US + 1), FLOOD);
  assertEquals(table.lookUp(2, 2 * AGEING_US), 7);
  assertEquals(table.size, 1);
});

Deno.test("mac table: a liar who makes addresses up does not grow it", () => {
  const table = new MacTable();
  for (let i = 0; i < 3 * ADDRESS_MAX; i++) table.learn(i, 1, i);
  assertEquals(table.size, ADDRESS_MAX);
  assertEquals(table.lookUp(0, 0), FLOOD);
  assertEquals(table.lookUp(3 * ADDRESS_MAX - 1, 3 * ADDRESS_MAX), 1);
});

Deno.test("mac table: a port that goes takes its addresses along", () => {
  const table = new MacTable();
  table.learn(1, 7, 0);
  table.learn(2, 8, 0);
  table.forgetPort(7);
  assertEquals([table.lookUp(1, 1), table.lookUp(2, 1)], [FLOOD, 8]);
});

Deno.test("mac table: addresses that differ anywhere differ as keys", () => {
  const base = [0x02, 0x11, 0x22, 0x33, 0x44, 0x55];
  const keys = new Set([key(base)]);
  for (let i = 0; i < 48; i++) {
    keys.add(key(base.map((byte, at) => at === i >> 3 ? byte ^ 1 << (i & 7) : byte)));
  }
  assertEquals(keys.size, 49);
  const dv = new DataView(Uint8Array.from([0x02, 0x01]).buffer);
  assertEquals([isGroupAddress(dv, 0), isGroupAddress(dv, 1)], [false, true]);
});

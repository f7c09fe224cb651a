/** @module */
import { assertEquals } from "@std/assert";
import { KeptConnections } from "../../../../io/app/door/kept_connections.ts";
import { BuddyMemory } from "../../../../stack/mod.ts";

const RECORD_OFF = 64;

Deno.test("kept connections: the listener's next accept gets them, in their order", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 12));
  const closed: number[] = [];
  const kept = new KeptConnections(memory, (fd) => closed.push(fd));
  memory.u8[RECORD_OFF] = 1;
  kept.keep(7, 100, RECORD_OFF);
  memory.u8[RECORD_OFF] = 2;
  kept.keep(7, 101, RECORD_OFF);
  kept.keep(8, 102, RECORD_OFF);
  assertEquals([kept.take(9, RECORD_OFF), kept.take(7, RECORD_OFF)], [-1, 100]);
  assertEquals(memory.u8[RECORD_OFF], 1);
  assertEquals(kept.take(7, RECORD_OFF), 101);
  assertEquals(memory.u8[RECORD_OFF], 2);
  kept.closeAll();
  assertEquals(closed, [102]);
  for (let fd = 200; fd <= 264; fd++) kept.keep(1, fd, RECORD_OFF);
  assertEquals(closed, [102, 200]);
});

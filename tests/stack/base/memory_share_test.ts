import { assertEquals } from "@std/assert";
import { GROW_SHARE, isWithin, KEEP_SHARE, START_SHARE } from "../../../stack/base/memory_share.ts";
import { BuddyMemory } from "../../../stack/storage/mod.ts";

const BLOCK = 1 << 10;

Deno.test("memory shares: up to and with the last byte, what is to come counted", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  for (
    const [share, before] of [[KEEP_SHARE, 0], [GROW_SHARE, KEEP_SHARE], [START_SHARE, GROW_SHARE]]
  ) {
    const limitBytes = memory.sizeBytes * share;
    while (memory.usedBytes + BLOCK <= limitBytes) memory.alloc(BLOCK);
    const leftBytes = limitBytes - memory.usedBytes;
    assertEquals([isWithin(memory, share), isWithin(memory, before)], [true, false]);
    assertEquals([leftBytes, leftBytes + 1].map((n) => isWithin(memory, share, n)), [true, false]);
  }
});

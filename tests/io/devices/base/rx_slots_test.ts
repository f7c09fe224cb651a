import { assert, assertEquals, assertThrows } from "@std/assert";
import { SysError } from "../../../../ffi/errno.ts";
import { RX_READ_LEN, RX_SLOT_COUNT, RxSlots } from "../../../../io/devices/base/rx_slots.ts";
import { BuddyMemory } from "../../../../stack/mod.ts";

Deno.test("receive slots do not touch, and the IP header in each is aligned", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 23));
  const before = memory.usedBytes;
  const slots = new RxSlots(memory);
  assertEquals(slots.rx.capacity, RX_SLOT_COUNT);
  for (let i = 0; i < RX_SLOT_COUNT; i++) {
    assertEquals(slots.frameOff(i) - slots.readOff(i), 10, "the virtio-net header");
    assertEquals((slots.frameOff(i) + 14) % 4, 0);
    if (i > 0) assert(slots.readOff(i - 1) + RX_READ_LEN <= slots.readOff(i));
  }
  assert(RX_READ_LEN > 10 + 14 + 65535, "the longest packet and a byte more");
  slots.free();
  assertEquals(memory.usedBytes, before);
});

Deno.test("receive slots: no memory for them", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 20));
  assertThrows(() => new RxSlots(memory), SysError, "ENOMEM");
});

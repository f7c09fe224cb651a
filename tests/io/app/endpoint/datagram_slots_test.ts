import { assertEquals } from "@std/assert";
import { MSG_DONTWAIT, SOCK_SEQPACKET } from "../../../../ffi/abi/socket.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { BATCH_COUNT, SLOT_COUNT, SLOT_LEN } from "../../../../io/app/endpoint/datagram_slots.ts";
import { World } from "../world.ts";

const LIMITS = { maxSockets: 8, maxClients: 8, maxEnded: 8 };

Deno.test("datagram slots: used up in batches, all free after a reset", () => {
  using world = new World();
  const { slots } = new AppContext(world.stack, world.loop, world.arena, LIMITS);
  assertEquals([slots.first, slots.freeCount], [0, BATCH_COUNT]);
  slots.use(BATCH_COUNT);
  assertEquals([slots.first, slots.freeCount], [BATCH_COUNT, SLOT_COUNT - BATCH_COUNT]);
  slots.use(SLOT_COUNT - BATCH_COUNT);
  assertEquals(slots.freeCount, 0);
  slots.reset();
  assertEquals([slots.first, slots.freeCount], [0, BATCH_COUNT]);
});

Deno.test("datagram slots: messages land in their slots, one behind the other", () => {
  using world = new World();
  const app = new AppContext(world.stack, world.loop, world.arena, LIMITS);
  const { slots, sys, base, memory } = app;
  const [a, b] = socketPair(SOCK_SEQPACKET) as [number, number];
  for (let i = 1; i <= 3; i++) {
    memory.u8.fill(i, app.scratchOff, app.scratchOff + i);
    sys.send(a, base, app.scratchOff, i, 0, 0, 0);
  }
  slots.use(5);
  const n = sys.recvmmsg(b, base, slots.inbound.messageOff(5), slots.freeCount, MSG_DONTWAIT);
  assertEquals(n, 3);
  for (let i = 0; i < 3; i++) {
    assertEquals(slots.inbound.bytes(5 + i), i + 1);
    assertEquals(memory.u8[slots.slotOff(5 + i) + i], i + 1);
  }
  assertEquals(slots.slotOff(1) - slots.slotOff(0), SLOT_LEN);
  sys.close(a);
  sys.close(b);
});

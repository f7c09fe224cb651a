import { assertEquals } from "@std/assert";
import { BuddyMemory, Counters, CSUM_VALID, TxFrames } from "../../../stack/mod.ts";
import { LoopbackLink } from "../../../stack/iface/loopback.ts";
import { bytesOf } from "../net_fixture.ts";

function setUp(maxFrames: number, maxBytes: number) {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 18));
  const counters = new Counters();
  const link = new LoopbackLink(memory, counters, maxFrames, maxBytes);
  const tx = new TxFrames(memory, 8);
  const payload = memory.alloc(4096);
  memory.u8.set(bytesOf(4096), payload);
  const queue = (first: number, second: number) => {
    const row = tx.begin();
    memory.u8.fill(9, tx.l4Off[row], tx.l4Off[row] + 20);
    tx.hdrLen[row] = 20;
    tx.payOff[row] = payload;
    tx.payLen[row] = first;
    tx.pay2Off[row] = payload + 2000;
    tx.pay2Len[row] = second;
    tx.commit();
  };
  return { memory, counters, link, tx, queue, payload };
}

Deno.test("frames come back as they were, in order, and their memory is freed", () => {
  const { memory, link, tx, queue, payload } = setUp(4, 10_000);
  const used = memory.usedBytes;
  queue(100, 50);
  queue(7, 0);
  link.transmit(tx);
  memory.u8.fill(0, payload, payload + 4096); // the copy is already made
  assertEquals(link.count, 2);
  assertEquals(link.take(), 1);
  const { rx } = link;
  assertEquals([rx.len[0], rx.csum[0]], [170, CSUM_VALID]);
  const frame = memory.u8.slice(rx.off[0], rx.off[0] + rx.len[0]);
  assertEquals(frame.slice(0, 20), new Uint8Array(20).fill(9));
  assertEquals(frame.slice(20, 120), bytesOf(4096).slice(0, 100));
  assertEquals(frame.slice(120), bytesOf(4096).slice(2000, 2050));
  link.release();
  assertEquals(link.take(), 1);
  assertEquals(link.rx.len[0], 27);
  link.release();
  assertEquals(link.take(), 0);
  assertEquals(memory.usedBytes, used);
});

Deno.test("bounded in frames and in bytes", () => {
  const few = setUp(2, 10_000);
  for (let i = 0; i < 3; i++) few.queue(10, 0);
  few.link.transmit(few.tx);
  assertEquals([few.link.count, few.counters.device.txDropped], [2, 1]);
  const small = setUp(8, 1000);
  for (let i = 0; i < 3; i++) small.queue(400, 0);
  small.link.transmit(small.tx);
  assertEquals([small.link.count, small.counters.device.txDropped], [2, 1]);
});

Deno.test("an own broadcast comes back by the interface it went out of", () => {
  const { link, tx, queue } = setUp(2, 10_000);
  queue(10, 0);
  link.push(tx, 0, 5);
  assertEquals(link.take(), 5);
});

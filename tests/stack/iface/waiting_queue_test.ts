import { assertEquals } from "@std/assert";
import { BuddyMemory, CSUM_PARTIAL, GSO_TCPV4, TxFrames } from "../../../stack/mod.ts";
import { restoreRow, WaitingQueue } from "../../../stack/iface/waiting_queue.ts";
import { bytesOf } from "../net_fixture.ts";

function setUp(maxPackets: number, maxBytes: number) {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 18));
  const tx = new TxFrames(memory, 4);
  const payload = memory.alloc(4096);
  memory.u8.set(bytesOf(4096), payload);
  const begin = (payLen: number, pay2Len = 0) => {
    const row = tx.begin();
    memory.u8.set(bytesOf(28, 5), tx.l4Off[row] - 20);
    tx.hdrLen[row] = 8;
    tx.prepend(20);
    tx.payOff[row] = payload;
    tx.payLen[row] = payLen;
    tx.pay2Off[row] = payload + 3000;
    tx.pay2Len[row] = pay2Len;
    tx.csum[row] = CSUM_PARTIAL;
    tx.csumOffset[row] = 16;
    tx.gsoType[row] = GSO_TCPV4;
    tx.gsoSize[row] = 1448;
  };
  return { memory, tx, begin, payload, queue: new WaitingQueue(memory, maxPackets, maxBytes) };
}

Deno.test("a packet is restored with headers in the slot and all it was", () => {
  const { memory, tx, begin, payload, queue } = setUp(10, 10_000);
  begin(300, 100);
  assertEquals(queue.push(tx), 0);
  memory.u8.fill(0, payload, payload + 4096);
  const row = tx.begin();
  memory.u8.fill(0xa5, tx.l4Off[row] - 100, tx.l4Off[row] + 100);
  const [packet] = queue.takeAll();
  restoreRow(memory, tx, packet);
  assertEquals([tx.hdrLen[row], tx.payLen[row], tx.pay2Len[row]], [28, 400, 0]);
  assertEquals(tx.hdrOff[row], tx.l4Off[row] - 20);
  assertEquals(memory.u8.slice(tx.hdrOff[row], tx.hdrOff[row] + 28), bytesOf(28, 5));
  const body = memory.u8.slice(tx.payOff[row], tx.payOff[row] + 400);
  assertEquals(body.slice(0, 300), bytesOf(4096).slice(0, 300));
  assertEquals(body.slice(300), bytesOf(4096).slice(3000, 3100));
  assertEquals([tx.csum[row], tx.csumOffset[row]], [CSUM_PARTIAL, 16]);
  assertEquals([tx.gsoType[row], tx.gsoSize[row]], [GSO_TCPV4, 1448]);
  assertEquals(queue.length, 0);
});

Deno.test("full in packets or in bytes: the oldest goes, its memory too", () => {
  const few = setUp(2, 10_000);
  const used = few.memory.usedBytes;
  for (const [len, dropped] of [[100, 0], [200, 0], [300, 1]]) {
    few.begin(len);
    assertEquals(few.queue.push(few.tx), dropped);
  }
  const left = few.queue.takeAll();
  assertEquals(left.map((p) => p.len), [228, 328]);
  for (const { off, len } of left) few.memory.free(off, len);
  assertEquals(few.memory.usedBytes, used);
  const small = setUp(10, 1000);
  for (const [len, dropped] of [[400, 0], [400, 0], [900, 2]]) {
    small.begin(len);
    assertEquals(small.queue.push(small.tx), dropped);
  }
  assertEquals(small.queue.length, 1);
});

Deno.test("without memory the new packet is the one dropped", () => {
  const { memory, tx, begin, queue } = setUp(10, 1 << 20);
  while (memory.alloc(64) >= 0);
  begin(100);
  assertEquals([queue.push(tx), queue.length], [1, 0]);
});

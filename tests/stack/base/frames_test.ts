import { assertEquals } from "@std/assert";
import { BuddyMemory } from "../../../stack/storage/arena_memory.ts";
import {
  CSUM_NONE,
  CSUM_PARTIAL,
  GSO_NONE,
  GSO_TCPV4,
  RxFrames,
  TX_HEADROOM,
  TX_SLOT_LEN,
  TxFrames,
} from "../../../stack/base/frames.ts";

Deno.test("TxFrames: headers are prepended inside the row's own slot", () => {
  const memory = new BuddyMemory(new ArrayBuffer(1 << 16));
  const tx = new TxFrames(memory, 4);
  const rows: number[] = [];
  for (let i = 0; i < 4; i++) {
    const row = tx.begin();
    rows.push(row);
    const l4 = tx.l4Off[row];
    assertEquals(tx.prepend(0), l4);
    tx.hdrLen[row] += 60; // the transport's own header
    assertEquals(tx.prepend(20), l4 - 20);
    assertEquals(tx.prepend(14), l4 - 34);
    assertEquals([tx.hdrOff[row], tx.hdrLen[row]], [l4 - 34, 94]);
    tx.payLen[row] = 100;
    tx.pay2Len[row] = 11;
    assertEquals(tx.frameLen(row), 205);
    tx.commit();
  }
  assertEquals(rows, [0, 1, 2, 3]);
  assertEquals(tx.l4Off[1] - tx.l4Off[0], TX_SLOT_LEN);
  assertEquals(tx.l4Off[0] % TX_SLOT_LEN, TX_HEADROOM);
});

Deno.test("TxFrames: a row forgets the frame that was there before", () => {
  const tx = new TxFrames(new BuddyMemory(new ArrayBuffer(1 << 16)), 1);
  const row = tx.begin();
  tx.prepend(14);
  tx.payLen[row] = tx.pay2Len[row] = 9;
  tx.csum[row] = CSUM_PARTIAL;
  tx.gsoType[row] = GSO_TCPV4;
  tx.gsoSize[row] = 1448;
  tx.commit();
  tx.count = 0;
  tx.begin();
  assertEquals(tx.frameLen(0), 0);
  assertEquals([tx.csum[0], tx.gsoType[0], tx.gsoSize[0]], [CSUM_NONE, GSO_NONE, 0]);
  assertEquals(tx.hdrOff[0], tx.l4Off[0]);
});

Deno.test("RxFrames: room for its capacity", () => {
  const rx = new RxFrames(8);
  const lengths = [rx.off, rx.len, rx.csum, rx.gsoType, rx.gsoSize].map((a) => a.length);
  assertEquals([rx.count, ...lengths], [0, 8, 8, 8, 8, 8]);
});

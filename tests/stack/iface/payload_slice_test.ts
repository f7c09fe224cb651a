import { assertEquals } from "@std/assert";
import { BuddyMemory, TxFrames } from "../../../stack/mod.ts";
import { PayloadSlice } from "../../../stack/iface/payload_slice.ts";

Deno.test("a slice of a payload in two pieces is in one or two pieces", () => {
  const tx = new TxFrames(new BuddyMemory(new ArrayBuffer(1 << 16)), 4);
  const row = tx.begin();
  tx.payOff[row] = 1000;
  tx.payLen[row] = 10;
  tx.pay2Off[row] = 5000;
  tx.pay2Len[row] = 20;
  const slice = new PayloadSlice();
  slice.take(tx, row);
  assertEquals(slice.length, 30);
  const given = (pos: number, len: number) => {
    slice.give(tx, row, pos, len);
    const second = tx.pay2Len[row] === 0 ? [] : [tx.pay2Off[row], tx.pay2Len[row]];
    return [tx.payOff[row], tx.payLen[row], ...second];
  };
  assertEquals(given(0, 10), [1000, 10]);
  assertEquals(given(4, 10), [1004, 6, 5000, 4]);
  assertEquals(given(10, 20), [5000, 20]);
  assertEquals(given(15, 3), [5005, 3]);
  assertEquals(given(0, 30), [1000, 10, 5000, 20]);
});

import { assertEquals } from "@std/assert";
import { BuddyMemory, TxFrames } from "../../../stack/mod.ts";
import { Fragmenter } from "../../../stack/iface/fragmentation.ts";

function cut(l4Len: number, payLen: number, mtu: number): number[][] | null {
  const tx = new TxFrames(new BuddyMemory(new ArrayBuffer(1 << 20)), 2048);
  const row = tx.begin();
  tx.hdrLen[row] = l4Len;
  tx.payOff[row] = 100_000;
  tx.payLen[row] = payLen;
  const cutter = new Fragmenter();
  if (!cutter.start(tx, mtu)) return null;
  const fragments: number[][] = [];
  for (;;) {
    cutter.fill(tx);
    const i = tx.count;
    fragments.push([cutter.flagsAndOffset, tx.hdrLen[i], tx.payOff[i] - 100_000, tx.payLen[i]]);
    tx.commit();
    if (!cutter.more) return fragments;
    tx.begin();
  }
}

Deno.test("fragments are multiples of 8 but the last; the header goes with the first", () => {
  assertEquals(cut(8, 3000, 1500), [
    [0x2000, 8, 0, 1472],
    [0x2000 | 185, 0, 1472, 1480],
    [370, 0, 2952, 48],
  ]);
  // An MTU whose room is no multiple of 8
  assertEquals(cut(0, 2000, 1001)?.map((f) => f[3]), [976, 976, 48]);
});

Deno.test("the largest datagram, the smallest MTU", () => {
  const fragments = cut(8, 65507, 68);
  assertEquals(fragments?.length, Math.ceil(65515 / 48));
  assertEquals(fragments?.reduce((sum, f) => sum + f[1] + f[3], 0), 65515);
});

Deno.test("a transport header longer than the first fragment cannot be cut", () => {
  assertEquals(cut(60, 1000, 68), null);
});

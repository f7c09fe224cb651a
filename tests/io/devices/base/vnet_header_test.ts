/** @module */
import { assertEquals } from "@std/assert";
import { readVnetHeader, writeVnetHeader } from "../../../../io/devices/base/vnet_header.ts";
import {
  BuddyMemory,
  CSUM_NONE,
  CSUM_PARTIAL,
  CSUM_VALID,
  GSO_NONE,
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP_L4,
  RxFrames,
  TxFrames,
} from "../../../../stack/mod.ts";

const memory = new BuddyMemory(new ArrayBuffer(1 << 16));

function read(bytes: number[]): [csum: number, gsoType: number, gsoSize: number] {
  const rx = new RxFrames(1);
  rx.gsoType[0] = rx.csum[0] = 9;
  rx.gsoSize[0] = 9;
  readVnetHeader(new DataView(Uint8Array.from(bytes).buffer), 0, rx, 0);
  return [rx.csum[0], rx.gsoType[0], rx.gsoSize[0]];
}

Deno.test("readVnetHeader: checksum states and GSO types", () => {
  assertEquals(read([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), [CSUM_NONE, GSO_NONE, 0]);
  assertEquals(read([2, 0, 0, 0, 0, 0, 0, 0, 0, 0]), [CSUM_VALID, GSO_NONE, 0]);
  assertEquals(read([1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0]), [CSUM_PARTIAL, GSO_TCPV4, 1448]);
  assertEquals(read([1, 0x84, 74, 0, 0x94, 5, 54, 0, 16, 0]), [CSUM_PARTIAL, GSO_TCPV6, 1428]);
  assertEquals(read([1, 5, 42, 0, 64, 0, 34, 0, 6, 0]), [CSUM_PARTIAL, GSO_UDP_L4, 64]);
  // UFO: a long datagram that has not been cut is one packet.
  assertEquals(read([1, 3, 42, 0, 64, 0, 34, 0, 6, 0]), [CSUM_PARTIAL, GSO_NONE, 0]);
});

Deno.test("writeVnetHeader: every byte, on a dirty buffer", () => {
  const tx = new TxFrames(memory, 4);
  memory.u8.fill(0xa5);
  const row = tx.begin();
  const l4 = tx.prepend(20);
  tx.prepend(34);
  tx.l4Off[row] = l4;
  tx.csum[row] = CSUM_PARTIAL;
  tx.csumOffset[row] = 16;
  tx.gsoType[row] = GSO_TCPV4;
  tx.gsoSize[row] = 1448;
  tx.commit();
  const at = writeVnetHeader(memory.dv, tx, row);
  assertEquals(at, tx.hdrOff[row] - 10);
  assertEquals([...memory.u8.subarray(at, at + 10)], [1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0]);
  const plain = tx.begin();
  tx.prepend(42);
  tx.commit();
  const off = writeVnetHeader(memory.dv, tx, plain);
  assertEquals([...memory.u8.subarray(off, off + 10)], [0, 0, 42, 0, 0, 0, 0, 0, 0, 0]);
});

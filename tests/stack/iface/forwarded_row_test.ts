import { assertEquals } from "@std/assert";
import { CSUM_PARTIAL, GSO_TCPV4 } from "../../../stack/mod.ts";
import { Packet } from "../../../stack/base/packet.ts";
import { finishChecksumAt, offloadedHeaderLen } from "../../../stack/iface/forwarded_row.ts";
import { fold, sum } from "../../../stack/wire/checksum.ts";
import { bytesOf } from "../net_fixture.ts";

function packet(protocol: number, len: number, csum = CSUM_PARTIAL, gsoType = 0): Packet {
  return Object.assign(new Packet(), { protocol, endOff: len, csum, gsoType });
}

Deno.test("forwarded row: which header has to lie in the slot; packets too short", () => {
  const dv = new DataView(new ArrayBuffer(64));
  dv.setUint8(12, 8 << 4); // TCP with 12 bytes of options
  const lens = [
    packet(6, 60),
    packet(6, 60, 0, GSO_TCPV4),
    packet(6, 60, 0),
    packet(6, 31),
    packet(6, 19),
    packet(17, 60),
    packet(17, 7),
    packet(58, 60),
  ].map((pkt) => offloadedHeaderLen(dv, pkt));
  assertEquals(lens, [32, 32, 0, -1, -1, 8, -1, 0]);
});

Deno.test("forwarded row: a checksum that is not begun is made, of UDP never zero", () => {
  for (const [protocol, field] of [[6, 16], [17, 6]]) {
    const u8 = bytesOf(40);
    const dv = new DataView(u8.buffer, u8.byteOffset, u8.length);
    finishChecksumAt(dv, protocol, 0, 40, 0x1234);
    assertEquals(fold(sum(dv, 0, 40, 0x1234)), 0xffff, `field ${field}`);
  }
  const nothing = new DataView(new ArrayBuffer(8));
  finishChecksumAt(nothing, 17, 0, 8, 0);
  assertEquals(nothing.getUint16(6), 0xffff);
});

import { assertEquals } from "@std/assert";
import { emitError, emitReceived } from "../../../stack/socket/datagram_header.ts";
import { Packet } from "../../../stack/base/packet.ts";

Deno.test("a received datagram's header: every byte is written", () => {
  const bytes = new Uint8Array(80).fill(0xa5);
  const pkt = new Packet();
  pkt.src3 = 0xc6120001 | 0;
  pkt.dst3 = 0xc6120002 | 0;
  pkt.ttl = 63;
  pkt.tos = 0x2e;
  pkt.ifIndex = 2;
  pkt.transportOff = 76;
  pkt.endOff = 80;
  bytes.set([0x11, 0x22], 78);
  emitReceived(new DataView(bytes.buffer), 3, pkt, 0x1234, 0x10203, 0x0001_0000_0005, 9, 1500);
  const expected = "444e" + "0000" + "03020100" + "0200" + "3412" + "09000000" +
    "c6120001" + "00".repeat(12) + "3f2e2211" + "02000000" +
    "c6120002" + "00".repeat(12) + "0500000001000000" + "0000" + "dc05" + "00000000";
  const hex = Array.from(bytes.slice(3, 75), (b) => b.toString(16).padStart(2, "0")).join("");
  assertEquals(hex, expected);
  assertEquals([bytes[2], bytes[75]], [0xa5, 0xa5]);
});

Deno.test("an error's header: no payload, no address", () => {
  const bytes = new Uint8Array(72).fill(0xa5);
  emitError(new DataView(bytes.buffer), 0, 111);
  const dv = new DataView(bytes.buffer);
  assertEquals([dv.getUint16(0, true), dv.getUint16(2, true)], [0x4e44, 2]);
  assertEquals([dv.getUint32(4, true), dv.getUint16(8, true), dv.getInt32(12, true)], [0, 0, 111]);
  assertEquals(bytes.slice(16).every((b) => b === 0), true);
});

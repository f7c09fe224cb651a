import { assertEquals } from "@std/assert";
import { emitEmpty, emitError, emitReceived } from "../../../stack/socket/datagram_header.ts";
import { BuddyMemory } from "../../../stack/storage/arena_memory.ts";
import { ip } from "../net_fixture.ts";
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

Deno.test("a header about an address: its family, the address, and nothing from before", () => {
  for (const [text, family] of [["198.18.0.1", 2], ["2001:db8::1", 10]] as const) {
    const memory = new BuddyMemory(new ArrayBuffer(4096));
    memory.u8.fill(0xa5);
    emitEmpty(memory, 8, ip(text), 3, 77);
    const { dv, u8 } = memory;
    assertEquals([dv.getUint16(8, true), dv.getUint16(16, true)], [0x4e44, family]);
    const address = new Uint8Array(16);
    ip(text).writeTo(address, 0);
    assertEquals(u8.slice(24, 40), address);
    assertEquals([dv.getUint32(44, true), dv.getUint32(76, true)], [3, 77]);
    assertEquals([dv.getUint32(12, true), dv.getUint32(20, true), u8[7], u8[80]], [0, 0, 165, 165]);
  }
});

import { assertEquals } from "@std/assert";
import {
  emitEthernet,
  EthernetHeader,
  ETHERTYPE_ARP,
  formatMac,
  formatMacNumber,
  formatMacWords,
  isGroupMac,
  MAC_BROADCAST_HI,
  MAC_BROADCAST_LO,
  macHi,
  macLo,
  macNumber,
  MULTICAST_V4_MAC_HI,
  multicastV4MacLo,
  parseEthernet,
  parseMac,
} from "../../../stack/wire/ethernet.ts";
import { DROP_FRAME_SHORT } from "../../../stack/base/drop_reason.ts";
import {
  ARP_REQUEST_FRAME,
  assertEmits,
  ECHO_REPLY_FRAME,
  MAC_A_LO,
  MAC_B_LO,
  MAC_HI,
  view,
} from "./golden.ts";

Deno.test("ethernet: parse and emit back", () => {
  const header = new EthernetHeader();
  for (const frame of [ARP_REQUEST_FRAME, ECHO_REPLY_FRAME]) {
    assertEquals(parseEthernet(view(frame), 0, frame.length, header), 0);
    assertEmits(frame.slice(0, 14), (dv, off) => {
      const h = header;
      emitEthernet(dv, off, h.dstHi, h.dstLo, h.srcHi, h.srcLo, h.etherType);
    });
  }
  assertEquals([header.dstHi, header.dstLo], [MAC_HI, MAC_A_LO]);
  assertEquals([header.srcHi, header.srcLo], [MAC_HI, MAC_B_LO]);
  parseEthernet(view(ARP_REQUEST_FRAME), 0, 42, header);
  assertEquals([header.dstHi, header.dstLo], [MAC_BROADCAST_HI, MAC_BROADCAST_LO]);
  assertEquals(header.etherType, ETHERTYPE_ARP);
});

Deno.test("ethernet: a frame without a whole header", () => {
  const header = new EthernetHeader();
  assertEquals(parseEthernet(view(ARP_REQUEST_FRAME), 0, 13, header), DROP_FRAME_SHORT);
  assertEquals(parseEthernet(view(ARP_REQUEST_FRAME), 0, 0, header), DROP_FRAME_SHORT);
});

Deno.test("ethernet: MAC addresses as text and as integers", () => {
  const mac = parseMac("02:00:fE:a1:00:ff");
  assertEquals(mac, Uint8Array.of(2, 0, 0xfe, 0xa1, 0, 0xff));
  assertEquals(formatMac(mac!), "02:00:fe:a1:00:ff");
  assertEquals(formatMacWords(macHi(mac!), macLo(mac!)), "02:00:fe:a1:00:ff");
  assertEquals(
    formatMac(Uint8Array.of(9, 9, 255, 254, 253, 252, 251, 250), 2),
    "ff:fe:fd:fc:fb:fa",
  );
  assertEquals(parseMac("02-00-00-00-00-0a"), Uint8Array.of(2, 0, 0, 0, 0, 10));
  const malformed = [
    "",
    "02:00:00:00:00",
    "02:00:00:00:00:0",
    "02:00:00:00:00:00:00",
    "2:0:0:0:0:1",
    "02:00:00:00:00:0g",
    "02:00-00:00:00:00",
    "020000000001",
  ];
  for (const text of malformed) assertEquals(parseMac(text), null, text);
});

Deno.test("ethernet: group addresses", () => {
  assertEquals(isGroupMac(0x0200), false);
  assertEquals(isGroupMac(0x0100), true);
  assertEquals(isGroupMac(MAC_BROADCAST_HI), true);
  assertEquals(
    formatMacWords(MULTICAST_V4_MAC_HI, multicastV4MacLo(0xefff0203)),
    "01:00:5e:7f:02:03",
  );
});

Deno.test("ethernet: an address as one number, whatever its bits, and back", () => {
  for (const text of ["02:00:fe:a1:00:ff", "fe:ff:80:00:00:01", "02:00:ff:ff:ff:ff"]) {
    const mac = parseMac(text)!;
    const number = macNumber(macHi(mac), macLo(mac));
    assertEquals(number, parseInt(text.replaceAll(":", ""), 16));
    assertEquals(formatMacNumber(number), text);
  }
});

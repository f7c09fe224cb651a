import { assertEquals } from "@std/assert";
import {
  ARP_LEN,
  ARP_REPLY,
  ARP_REQUEST,
  ArpPacket,
  emitArp,
  parseArp,
} from "../../../stack/wire/arp.ts";
import { DROP_ARP_FORMAT, DROP_ARP_SHORT } from "../../../stack/base/drop_reason.ts";
import {
  ARP_REPLY_FRAME,
  ARP_REQUEST_FRAME,
  assertEmits,
  IP_A,
  IP_B,
  MAC_A_LO,
  MAC_B_LO,
  MAC_HI,
  view,
} from "./golden.ts";

Deno.test("arp: parse and emit back", () => {
  const p = new ArpPacket();
  for (const frame of [ARP_REQUEST_FRAME, ARP_REPLY_FRAME]) {
    assertEquals(parseArp(view(frame), 14, ARP_LEN, p), 0);
    assertEmits(frame.slice(14), (dv, off) => {
      emitArp(
        dv,
        off,
        p.operation,
        p.senderHi,
        p.senderLo,
        p.senderIp,
        p.targetHi,
        p.targetLo,
        p.targetIp,
      );
    });
  }
  assertEquals(p.operation, ARP_REPLY);
  assertEquals([p.senderHi, p.senderLo, p.senderIp], [MAC_HI, MAC_B_LO, IP_B]);
  assertEquals([p.targetHi, p.targetLo, p.targetIp], [MAC_HI, MAC_A_LO, IP_A]);
  parseArp(view(ARP_REQUEST_FRAME), 14, 46, p); // padded to the minimum frame
  assertEquals([p.operation, p.targetHi, p.targetLo], [ARP_REQUEST, 0, 0]);
});

Deno.test("arp: malformed packets", () => {
  const p = new ArpPacket();
  assertEquals(parseArp(view(ARP_REQUEST_FRAME), 14, ARP_LEN - 1, p), DROP_ARP_SHORT);
  const faults: [number, number][] = [
    [1, 6], // hardware type
    [2, 0x86], // protocol type
    [4, 8], // hardware address length
    [5, 16], // protocol address length
    [7, 0], // operation
    [7, 3],
    [6, 1],
  ];
  for (const [at, value] of faults) {
    const frame = ARP_REQUEST_FRAME.slice();
    frame[14 + at] = value;
    assertEquals(parseArp(view(frame), 14, ARP_LEN, p), DROP_ARP_FORMAT, `byte ${at}`);
  }
});

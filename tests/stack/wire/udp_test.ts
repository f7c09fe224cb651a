import { assertEquals } from "@std/assert";
import { emitUdp, finishUdp, parseUdp, UdpHeader, verifyUdp } from "../../../stack/wire/udp.ts";
import { finish, pseudoSumV4, sum } from "../../../stack/wire/checksum.ts";
import * as drop from "../../../stack/base/drop_reason.ts";
import { assertEmits, dirty, IP_A, IP_B, UDP_PACKET, view } from "./golden.ts";

const DATAGRAM = UDP_PACKET.slice(20);
const PSEUDO = pseudoSumV4(IP_A, IP_B, 17, DATAGRAM.length);

Deno.test("udp: parse and emit back", () => {
  const h = new UdpHeader();
  assertEquals(parseUdp(view(DATAGRAM), 0, DATAGRAM.length, h), 0);
  assertEquals([h.srcPort, h.dstPort, h.length], [4000, 5000, 13]);
  assertEquals([h.payloadOff, h.payloadLen], [8, 5]);
  assertEquals(verifyUdp(view(DATAGRAM), 0, 13, PSEUDO, 4), 0);
  assertEmits(DATAGRAM, (dv, off) => {
    emitUdp(dv, off, h.srcPort, h.dstPort, h.length, 0);
    for (let i = 8; i < 13; i++) dv.setUint8(off + i, DATAGRAM[i]);
    dv.setUint16(off + 6, finishUdp(sum(dv, off, 13, PSEUDO)));
  });
});

Deno.test("udp: bytes beyond the length field are not part of the datagram", () => {
  const h = new UdpHeader();
  const padded = new Uint8Array(20).fill(0xa5);
  padded.set(DATAGRAM);
  assertEquals(parseUdp(view(padded), 0, 20, h), 0);
  assertEquals([h.length, h.payloadLen], [13, 5]);
});

Deno.test("udp: malformed headers", () => {
  const h = new UdpHeader();
  for (let len = 0; len < 8; len++) {
    assertEquals(parseUdp(view(DATAGRAM), 0, len, h), drop.DROP_UDP_SHORT);
  }
  assertEquals(parseUdp(view(DATAGRAM), 0, 12, h), drop.DROP_UDP_LENGTH);
  const short = DATAGRAM.slice();
  short[5] = 7;
  assertEquals(parseUdp(view(short), 0, 13, h), drop.DROP_UDP_LENGTH);
  short[5] = 8;
  assertEquals(parseUdp(view(short), 0, 13, h), 0);
  assertEquals(h.payloadLen, 0);
});

Deno.test("udp: checksum 0 means none in IPv4 only; a computed 0 is sent as 0xffff", () => {
  const none = DATAGRAM.slice();
  none[6] = none[7] = 0;
  assertEquals(verifyUdp(view(none), 0, 13, PSEUDO, 4), 0);
  assertEquals(verifyUdp(view(none), 0, 13, PSEUDO, 6), drop.DROP_UDP_CHECKSUM);
  const corrupt = DATAGRAM.slice();
  corrupt[12] ^= 1;
  assertEquals(verifyUdp(view(corrupt), 0, 13, PSEUDO, 4), drop.DROP_UDP_CHECKSUM);
  assertEquals(finishUdp(0xffff), 0xffff);
  assertEquals(finishUdp(0), 0xffff);
  assertEquals(finishUdp(1), 0xfffe);
});

Deno.test("udp: a datagram whose checksum would be 0 is valid as sent", () => {
  const dv = dirty();
  emitUdp(dv, 0, 1, 2, 10, 0);
  const pseudo = pseudoSumV4(IP_A, IP_B, 17, 10);
  dv.setUint16(8, 0);
  dv.setUint16(8, finish(sum(dv, 0, 10, pseudo)));
  const checksum = finishUdp(sum(dv, 0, 10, pseudo));
  assertEquals(checksum, 0xffff);
  dv.setUint16(6, checksum);
  assertEquals(verifyUdp(dv, 0, 10, pseudo, 4), 0);
});

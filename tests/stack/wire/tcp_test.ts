import { assertEquals } from "@std/assert";
import * as tcp from "../../../stack/wire/tcp.ts";
import { emitTcp, parseTcp, TcpHeader, verifyTcp } from "../../../stack/wire/tcp.ts";
import { finish, pseudoSumV4, sum } from "../../../stack/wire/checksum.ts";
import * as drop from "../../../stack/base/drop_reason.ts";
import * as golden from "./golden.ts";
import { assertEmits, hex, IP_A, IP_B, view } from "./golden.ts";

Deno.test("tcp: parse and emit back", () => {
  const h = new TcpHeader();
  const packets: [Uint8Array, number][] = [
    [golden.SYN_PACKET, tcp.TCP_SYN],
    [golden.SYN_ACK_PACKET, tcp.TCP_SYN | tcp.TCP_ACK],
    [golden.DATA_PACKET, tcp.TCP_PSH | tcp.TCP_ACK],
    [golden.FIN_ACK_PACKET, tcp.TCP_FIN | tcp.TCP_ACK],
    [golden.RST_ACK_PACKET, tcp.TCP_RST | tcp.TCP_ACK],
  ];
  for (const [packet, flags] of packets) {
    const segment = packet.slice(20);
    const pseudo = pseudoSumV4(IP_A, IP_B, 6, segment.length);
    assertEquals(parseTcp(view(segment), 0, segment.length, h), 0);
    assertEquals(verifyTcp(view(segment), 0, segment.length, pseudo), 0);
    assertEquals(h.flags, flags);
    assertEmits(segment, (dv, off) => {
      emitTcp(
        dv,
        off,
        h.srcPort,
        h.dstPort,
        h.seq,
        h.ack,
        h.headerLen,
        h.flags,
        h.window,
        0,
        h.urgent,
      );
      for (let i = 20; i < segment.length; i++) dv.setUint8(off + i, segment[i]);
      dv.setUint16(off + tcp.TCP_CHECKSUM_OFFSET, finish(sum(dv, off, segment.length, pseudo)));
    });
  }
});

Deno.test("tcp: fields of a data segment", () => {
  const h = new TcpHeader();
  assertEquals(parseTcp(view(golden.DATA_PACKET), 20, golden.DATA_PACKET.length - 20, h), 0);
  assertEquals([h.srcPort, h.dstPort], [40000, 8080]);
  assertEquals([h.seq, h.ack], [0x5e7ff603, 0xf4d99f37 | 0]);
  assertEquals([h.window, h.urgent], [63, 0]);
  assertEquals([h.headerLen, h.optionsOff, h.optionsLen], [32, 40, 12]);
  assertEquals([h.payloadOff, h.payloadLen], [52, 11]);
});

Deno.test("tcp: every bit of the fixed header survives; reserved bits are written as zero", () => {
  const segment = hex("ffff fffe ffffffff fffffffe 5fff fffd fffc fffb");
  const h = new TcpHeader();
  assertEquals(parseTcp(view(segment), 0, 20, h), 0);
  assertEquals([h.srcPort, h.dstPort, h.seq, h.ack], [65535, 65534, -1, -2]);
  assertEquals([h.flags, h.window, h.urgent], [0x1ff, 65533, 65531]);
  assertEmits(hex("ffff fffe ffffffff fffffffe 51ff fffd fffc fffb"), (dv, off) => {
    emitTcp(dv, off, 65535, 65534, -1, -2, 20, 0x1ff, 65533, 0xfffc, 65531);
  });
  assertEmits(hex("8000 0001 80000000 00000000 f002 0000 0000 0000"), (dv, off) => {
    emitTcp(dv, off, 0x8000, 1, -0x80000000, 0, 60, tcp.TCP_SYN, 0, 0, 0);
  });
});

Deno.test("tcp: malformed headers", () => {
  const h = new TcpHeader();
  const segment = golden.DATA_PACKET.slice(20);
  for (let len = 0; len < 20; len++) {
    assertEquals(parseTcp(view(segment), 0, len, h), drop.DROP_TCP_SHORT);
  }
  for (let len = 20; len < 32; len++) {
    assertEquals(parseTcp(view(segment), 0, len, h), drop.DROP_TCP_HEADER_LEN);
  }
  assertEquals(parseTcp(view(segment), 0, 32, h), 0);
  assertEquals(h.payloadLen, 0);
  segment[12] = 0x40;
  assertEquals(parseTcp(view(segment), 0, segment.length, h), drop.DROP_TCP_HEADER_LEN);
  const pseudo = pseudoSumV4(IP_A, IP_B, 6, segment.length);
  assertEquals(verifyTcp(view(segment), 0, segment.length, pseudo), drop.DROP_TCP_CHECKSUM);
});

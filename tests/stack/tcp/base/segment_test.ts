import { assert, assertEquals } from "@std/assert";
import { parseSegment, Segment } from "../../../../stack/tcp/base/segment.ts";
import { DROP_TCP_CHECKSUM, DROP_TCP_SHORT } from "../../../../stack/base/drop_reason.ts";
import { CSUM_NONE, CSUM_VALID } from "../../../../stack/base/frames.ts";
import { LOOPBACK_INDEX, Packet } from "../../../../stack/base/packet.ts";
import { emitTcp, TCP_ACK, TCP_FIN, TCP_SYN } from "../../../../stack/wire/tcp.ts";

/** A packet of a header and `payloadLen` bytes behind it at 8. */
function packet(flags: number, payloadLen: number): { dv: DataView; pkt: Packet } {
  const dv = new DataView(new ArrayBuffer(8 + 20 + payloadLen));
  emitTcp(dv, 8, 1, 2, 100, 200, 20, flags, 1000, 0, 9);
  const pkt = new Packet();
  pkt.ifIndex = 2;
  pkt.transportOff = 8;
  pkt.endOff = 28 + payloadLen;
  pkt.csum = CSUM_VALID;
  pkt.gsoSize = 0;
  pkt.nowUs = 77;
  pkt.tos = 3;
  return { dv, pkt };
}

function parse(flags: number, payloadLen: number, gsoSize = 0): Segment {
  const { dv, pkt } = packet(flags, payloadLen);
  pkt.gsoSize = gsoSize;
  const seg = new Segment();
  assertEquals(parseSegment(dv, pkt, seg), 0);
  return seg;
}

Deno.test("segment: SEG.LEN counts the data, and one each for SYN and FIN", () => {
  assertEquals([parse(TCP_ACK, 10).len, parse(TCP_SYN, 0).len, parse(TCP_SYN, 10).len], [
    10,
    1,
    11,
  ]);
  const fin = parse(TCP_FIN | TCP_ACK, 10);
  assertEquals([fin.len, fin.end, fin.nowUs, fin.tos], [11, 111, 77, 3]);
  assert(fin.isFin && fin.isAck && !fin.isSyn && !fin.isRst && !fin.isUrg);
});

Deno.test("segment: coalesced ones are counted, the last of them shorter", () => {
  const one = parse(TCP_ACK, 1000);
  assertEquals([one.gsoSize, one.gsoSegs, one.isFrame], [1000, 1, false]);
  const many = parse(TCP_ACK, 2500, 1000);
  assertEquals([many.gsoSize, many.gsoSegs, many.isFrame], [1000, 3, true]);
  const exact = parse(TCP_ACK, 1000, 1000);
  assertEquals([exact.gsoSize, exact.gsoSegs, exact.isFrame], [1000, 1, false]);
});

Deno.test("segment: the loopback's frames do not stay in place", () => {
  const { dv, pkt } = packet(TCP_ACK, 2500);
  pkt.gsoSize = 1000;
  pkt.ifIndex = LOOPBACK_INDEX;
  const seg = new Segment();
  assertEquals(parseSegment(dv, pkt, seg), 0);
  assertEquals([seg.gsoSegs, seg.isFrame], [3, false]);
});

Deno.test("segment: too short, or with a wrong checksum where nobody has verified it", () => {
  const { dv, pkt } = packet(TCP_ACK, 10);
  pkt.csum = CSUM_NONE;
  assertEquals(parseSegment(dv, pkt, new Segment()), DROP_TCP_CHECKSUM);
  pkt.endOff = 27;
  assertEquals(parseSegment(dv, pkt, new Segment()), DROP_TCP_SHORT);
});

Deno.test("segment: trimmed in front, and behind with its FIN", () => {
  const seg = parse(TCP_FIN | TCP_ACK, 10);
  const off = seg.payloadOff;
  seg.trimFront(3);
  assertEquals([seg.seq, seg.payloadOff - off, seg.payloadLen, seg.len], [103, 3, 7, 8]);
  seg.trimBack(0);
  assert(seg.isFin);
  seg.trimBack(2);
  assertEquals([seg.seq, seg.payloadLen, seg.len, seg.isFin], [103, 5, 5, false]);
});

Deno.test("segment: without its SYN it begins one later, and so counts the urgent pointer", () => {
  const seg = parse(TCP_SYN | TCP_FIN | TCP_ACK, 4);
  const end = seg.end;
  seg.dropSyn();
  assertEquals([seg.seq, seg.len, seg.end, seg.urgent, seg.isSyn], [101, 5, end, 8, false]);
  seg.urgent = 0;
  seg.dropSyn();
  assertEquals(seg.urgent, 0);
});

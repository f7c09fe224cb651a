import { assertEquals } from "@std/assert";
import { FLOW_STRAY } from "../../../../stack/tcp/base/flow.ts";
import { FourTuple } from "../../../../stack/tcp/base/four_tuple.ts";
import { Segment } from "../../../../stack/tcp/base/segment.ts";
import { IpAddress } from "../../../../stack/base/ip_address.ts";
import { Packet } from "../../../../stack/base/packet.ts";

function tuple(src: string, dst: string): string[] {
  const pkt = new Packet();
  const [from, to] = [IpAddress.parse(src)!, IpAddress.parse(dst)!];
  [pkt.src0, pkt.src1, pkt.src2, pkt.src3] = [from.w0, from.w1, from.w2, from.w3];
  [pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3] = [to.w0, to.w1, to.w2, to.w3];
  const seg = new Segment();
  seg.srcPort = 4000;
  seg.dstPort = 80;
  const flow = FourTuple.of(pkt, seg);
  assertEquals([flow.kind, flow.flowIndex], [FLOW_STRAY, -1]);
  return [`${flow.local} ${flow.localPort}`, `${flow.remote} ${flow.remotePort}`];
}

Deno.test("four-tuple: a segment's destination is our end", () => {
  assertEquals(tuple("10.0.0.2", "10.0.0.1"), ["10.0.0.1 80", "10.0.0.2 4000"]);
  assertEquals(tuple("fd00::2", "fd00::1"), ["fd00::1 80", "fd00::2 4000"]);
});

/**
 * Resets for segments that belong to nobody, or to a connection that they do not fit (RFC 9293
 * 3.5.2).
 *
 * @module
 */
import { DROP_TCP_SEQUENCE } from "../../base/drop_reason.ts";
import { IpAddress } from "../../base/ip_address.ts";
import type { Packet } from "../../base/packet.ts";
import { TCP_ACK, TCP_RST } from "../../wire/tcp.ts";
import { emitBare } from "./emit.ts";
import { Flow, FLOW_STRAY } from "../base/flow.ts";
import type { TcpLayer } from "../tcp_layer.ts";
import type { Segment } from "../base/segment.ts";

/** The two ends of a segment, as a flow that is kept nowhere. */
export class Ends extends Flow {
  readonly kind = FLOW_STRAY;

  static of(pkt: Packet, seg: Segment): Ends {
    const ends = new Ends();
    ends.local = IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    ends.remote = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    ends.localPort = seg.dstPort;
    ends.remotePort = seg.srcPort;
    return ends;
  }
}

/**
 * "CLOSED: all data in the segment is discarded" and answered by a reset (3.10.7.1); never an RST
 * by an RST.
 */
export function resetStray(layer: TcpLayer, pkt: Packet, seg: Segment): void {
  if (seg.isRst) return;
  replyReset(layer, Ends.of(pkt, seg), seg);
}

/**
 * Answers `seg` with a reset: with ACK on, <SEQ=SEG.ACK><CTL=RST>; else
 * <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.
 */
export function replyReset(layer: TcpLayer, flow: Flow, seg: Segment): void {
  if (seg.isRst) return layer.counters.drop(DROP_TCP_SEQUENCE);
  const route = layer.network.route(flow.remote, flow.local, 0);
  if (typeof route === "number") return;
  const seq = seg.isAck ? seg.ack : 0;
  const ack = seg.isAck ? 0 : seg.end;
  const flags = seg.isAck ? TCP_RST : TCP_RST | TCP_ACK;
  emitBare(layer, route, flow, seq, ack, flags, 0, false, 0, 0, seg.nowUs);
}

/**
 * The addresses and ports of a segment, where nothing else is known of a connection.
 *
 * @module
 */
import { Flow, FLOW_STRAY } from "./flow.ts";
import type { Segment } from "./segment.ts";
import { IpAddress } from "../../base/ip_address.ts";
import type { Packet } from "../../base/packet.ts";

/** A flow that is kept nowhere. */
export class FourTuple extends Flow {
  readonly kind = FLOW_STRAY;

  static of(pkt: Packet, seg: Segment): FourTuple {
    const tuple = new FourTuple();
    tuple.local = IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    tuple.remote = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    tuple.localPort = seg.dstPort;
    tuple.remotePort = seg.srcPort;
    tuple.zone = pkt.zone;
    return tuple;
  }
}

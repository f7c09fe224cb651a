/**
 * SEGMENT ARRIVES in state LISTEN (RFC 9293 3.10.7.2).
 *
 * @module
 */
import type { Packet } from "../wire/packet.ts";
import type { Listener } from "./listener.ts";
import { Ends, resetStray } from "./reset.ts";
import type { Segment } from "./segment.ts";
import { SynRequest } from "./syn_request.ts";

/** `issFloor`: where the sequence starts when a TIME-WAIT made way for this SYN, else null. */
export function listenInput(
  listener: Listener,
  pkt: Packet,
  seg: Segment,
  issFloor: number | null,
): void {
  const { layer } = listener.tcb;
  // First, check for a RST: "it should be ignored"
  if (seg.isRst) return;
  // Second, check for an ACK: "any acknowledgment is bad if it arrives on a connection in LISTEN"
  if (seg.isAck) return resetStray(layer, pkt, seg);
  // Third, check for a SYN. With a FIN it is an attack or a scan (Linux drops it too)
  if (!seg.isSyn || seg.isFin) return;
  if (listener.isSynQueueFull) {
    layer.counters.tcp.reqQFullDrop++;
    layer.counters.tcp.listenDrops++;
    return;
  }
  if (listener.isAcceptQueueFull) {
    layer.counters.tcp.listenOverflows++;
    layer.counters.tcp.listenDrops++;
    return;
  }
  const ends = Ends.of(pkt, seg);
  const route = layer.network.route(ends.remote, ends.local, listener.tcb.options.ifIndex);
  if (typeof route === "number") {
    layer.counters.tcp.listenDrops++;
    return;
  }
  const request = new SynRequest(listener, route, ends, seg, issFloor);
  listener.synQueue.add(request);
  layer.demux.enter(request);
  request.arm(seg.nowUs);
  request.sendSynAck(seg.nowUs);
}

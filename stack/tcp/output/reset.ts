/**
 * Resets for segments that belong to nobody, or to a connection that they do not fit (RFC 9293
 * 3.5.2).
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tellOfFlow } from "../tcb/tell.ts";
import { DROP_TCP_SEQUENCE } from "../../base/drop_reason.ts";
import { TCP_ACK, TCP_RST } from "../../wire/tcp.ts";
import { emitControl } from "./emit.ts";
import type { Flow } from "../base/flow.ts";
import type { Segment } from "../base/segment.ts";
import type { TcpContext } from "../tcb/context.ts";

/**
 * Answers `seg` with a reset: with ACK on, <SEQ=SEG.ACK><CTL=RST>; else
 * <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.
 */
export function replyReset(layer: TcpContext, flow: Flow, seg: Segment): void {
  if (seg.isRst) return layer.counters.drop(DROP_TCP_SEQUENCE);
  const route = layer.network.route(flow.remote, flow.local, 0);
  if (typeof route === "number") return;
  const seq = seg.isAck ? seg.ack : 0;
  const ack = seg.isAck ? 0 : seg.end;
  const flags = seg.isAck ? TCP_RST : TCP_RST | TCP_ACK;
  tellOfFlow(layer, flow, LogEvent.TCP_RESET_SENT, seg.flags);
  emitControl(layer, route, flow, seq, ack, flags, 0, null, seg.nowUs);
}

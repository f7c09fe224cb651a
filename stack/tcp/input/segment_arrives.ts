/**
 * SEGMENT ARRIVES (RFC 9293 3.10.7), in the RFC's order: whose segment it is, then for the
 * synchronized states the eight steps. What each step does is in the file of its name.
 *
 * @module
 */
import { DROP_TCP_FLAGS, DROP_TCP_NO_PORT, DROP_TCP_OPTIONS } from "../../base/drop_reason.ts";
import type { Packet } from "../../base/packet.ts";
import { processAck } from "./ack.ts";
import { processFin, processPayload, processUrgent } from "./payload.ts";
import { listenInput } from "../passive_open/listen.ts";
import { isSequenceAcceptable } from "./sequence.ts";
import { processReset, processSyn } from "./rst_and_syn.ts";
import { synSentInput } from "./syn_sent.ts";
import { type Flow, FLOW_SYN_REQUEST, FLOW_TCB } from "../base/flow.ts";
import { resetStray } from "../output/reset.ts";
import { parseSegment, type Segment } from "../base/segment.ts";
import { State } from "../base/state.ts";
import type { SynRequest } from "../passive_open/syn_request.ts";
import type { Tcb } from "../tcb/tcb.ts";
import type { TimeWait } from "../teardown/time_wait.ts";
import { rearmTimer } from "../tcb/deadlines.ts";
import type { TcpContext } from "../tcb/context.ts";

/** A TCP packet came in. */
export function tcpInput(layer: TcpContext, pkt: Packet, seg: Segment): void {
  const drop = parseSegment(layer.memory.dv, pkt, seg);
  if (drop !== 0) {
    layer.counters.drop(drop);
    // Malformed options are ignored from the fault on, as in Linux
    if (drop !== DROP_TCP_OPTIONS) return;
  }
  layer.counters.tcp.inSegs += seg.gsoSegs;
  // RFC 9293 3.9.2.3: a connection has two ends
  if (pkt.isBroadcast || pkt.isMulticast) return layer.counters.drop(DROP_TCP_NO_PORT);
  const flow = layer.demux.lookup(pkt, seg);
  if (flow === null) newcomer(layer, pkt, seg, null);
  else if (flow.kind === FLOW_TCB) segmentArrives(flow as Tcb, seg);
  else smallStateInput(layer, flow, pkt, seg);
}

/** A segment of no flow: for a listener, or for nobody (3.10.7.1, CLOSED). */
function newcomer(layer: TcpContext, pkt: Packet, seg: Segment, issFloor: number | null): void {
  const listener = layer.demux.findListener(pkt, seg);
  if (listener !== null) {
    const tcb = listenInput(listener, pkt, seg, issFloor);
    if (tcb !== null) segmentArrives(tcb, seg);
    return;
  }
  layer.counters.drop(DROP_TCP_NO_PORT);
  resetStray(layer, pkt, seg);
}

/** SYN-RECEIVED of a listener, or TIME-WAIT. */
function smallStateInput(layer: TcpContext, flow: Flow, pkt: Packet, seg: Segment): void {
  if (flow.kind === FLOW_SYN_REQUEST) {
    const tcb = (flow as SynRequest).input(seg);
    if (tcb !== null) segmentArrives(tcb, seg);
    return;
  }
  const issFloor = (flow as TimeWait).input(seg);
  if (issFloor !== null) newcomer(layer, pkt, seg, issFloor);
}

/** A segment for a connection that has a TCB. */
export function segmentArrives(tcb: Tcb, seg: Segment): void {
  tcb.segsIn += seg.gsoSegs;
  if (tcb.state === State.SYN_SENT) synSentInput(tcb, seg);
  else otherStates(tcb, seg);
  if (tcb.state !== State.CLOSED) rearmTimer(tcb);
}

/** 3.10.7.4: each step may be the last for the segment. */
function otherStates(tcb: Tcb, seg: Segment): void {
  // First, check sequence number (and PAWS, RFC 7323 5.3)
  if (!isSequenceAcceptable(tcb, seg)) return;
  // Second, check the RST bit
  if (seg.isRst) return processReset(tcb, seg);
  // Third, check security: no compartments here
  // Fourth, check the SYN bit
  if (seg.isSyn && !processSyn(tcb, seg)) return;
  // Fifth, check the ACK field: "if the ACK bit is off, drop the segment"
  if (!seg.isAck) return tcb.layer.counters.drop(DROP_TCP_FLAGS);
  if (!processAck(tcb, seg)) return;
  // Sixth, check the URG bit
  if (seg.isUrg) processUrgent(tcb, seg);
  // Seventh, process the segment text
  if (seg.len > 0 && !processPayload(tcb, seg)) return;
  // Eighth, check the FIN bit: also of one that had come before the data in front of it
  if (tcb.isFinReceived) processFin(tcb, seg.nowUs);
}

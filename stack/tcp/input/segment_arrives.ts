/**
 * SEGMENT ARRIVES (RFC 9293 3.10.7), in the RFC's order: whose segment it is, and so in which
 * state, then for the "other states" of 3.10.7.4 the eight steps. What each step does is in the
 * file of its name. What becomes of the state is in base/state_table.ts.
 *
 *     3.10.7.1  CLOSED          closedInput       here
 *     3.10.7.2  LISTEN          listenInput       passive_open/listen.ts
 *     3.10.7.3  SYN-SENT        synSentInput      syn_sent.ts
 *     3.10.7.4  SYN-RECEIVED    synReceivedInput  passive_open/syn_received.ts, of a passive open
 *               TIME-WAIT       TimeWait.input    teardown/time_wait.ts
 *               all the others  otherStatesInput  here
 *
 * SYN-RECEIVED of a passive open and TIME-WAIT are small records instead of TCBs, and so go through
 * the eight steps in functions of their own.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { seqDiff } from "../base/seq.ts";
import {
  DROP_TCP_FLAGS,
  DROP_TCP_MIN_TTL,
  DROP_TCP_NO_PORT,
  DROP_TCP_OPTIONS,
  DROP_TCP_SEQUENCE,
} from "../../base/drop_reason.ts";
import type { Packet } from "../../base/packet.ts";
import { processAck } from "./ack.ts";
import { processUrgentDataAndFin } from "./payload.ts";
import { listenInput } from "../passive_open/listen.ts";
import { checkSequence, noteFault, SequenceFault } from "./sequence.ts";
import { processReset, processSyn } from "./rst_and_syn.ts";
import { synSentInput } from "./syn_sent.ts";
import { FLOW_SYN_REQUEST, FLOW_TCB } from "../base/flow.ts";
import { replyReset } from "../output/reset.ts";
import { parseSegment, type Segment } from "../base/segment.ts";
import { State } from "../base/state.ts";
import type { SynRequest } from "../passive_open/syn_request.ts";
import type { Tcb } from "../tcb/tcb.ts";
import type { TimeWait } from "../teardown/time_wait.ts";
import { rearmTimer } from "../tcb/deadlines.ts";
import type { TcpContext } from "../tcb/context.ts";
import { synReceivedInput } from "../passive_open/syn_received.ts";
import { FourTuple } from "../base/four_tuple.ts";
import { sendOutOfWindowAck } from "../output/challenge_ack.ts";

/** A TCP packet came in. `seg`: to parse it into. */
export function tcpInput(layer: TcpContext, pkt: Packet, seg: Segment): void {
  const drop = parseSegment(layer.memory.dv, pkt, seg);
  if (drop !== 0) {
    layer.counters.drop(drop);
    // Malformed options are ignored from the fault on, as in Linux
    if (drop !== DROP_TCP_OPTIONS) return;
  }
  layer.counters.tcp.inSegs += seg.gsoSegs;
  // RFC 9293 3.9.2.3: a connection has two ends
  if (pkt.isBroadcast || pkt.isMulticast || pkt.isAnycast) {
    return layer.counters.drop(DROP_TCP_NO_PORT);
  }
  const flow = layer.demux.lookup(pkt, seg);
  if (flow === null) return noConnectionInput(layer, pkt, seg, null);
  if (flow.kind === FLOW_TCB) {
    if (isTooFar(flow as Tcb, pkt)) return layer.counters.drop(DROP_TCP_MIN_TTL);
    return segmentArrives(flow as Tcb, seg);
  }
  if (flow.kind === FLOW_SYN_REQUEST) {
    // The ACK that completes a handshake makes a connection, which goes on with the segment
    const tcb = synReceivedInput(flow as SynRequest, seg);
    if (tcb !== null) segmentArrives(tcb, seg);
    return;
  }
  // A SYN that may open a TIME-WAIT's connection anew is for the listener, if there is one
  const issFloor = (flow as TimeWait).input(seg);
  if (issFloor !== null) noConnectionInput(layer, pkt, seg, issFloor);
}

/** RFC 5082, IP_MINTTL: what comes from farther away is not from the peer. */
function isTooFar(tcb: Tcb, pkt: Packet): boolean {
  const { minTtl, minHops6 } = tcb.options.socket;
  return pkt.ttl < (pkt.family === 6 ? minHops6 : minTtl);
}

/** LISTEN or CLOSED. `issFloor`: see `listenInput`. */
function noConnectionInput(
  layer: TcpContext,
  pkt: Packet,
  seg: Segment,
  issFloor: number | null,
): void {
  const listener = layer.demux.findListener(pkt, seg);
  if (listener === null) return closedInput(layer, pkt, seg);
  if (isTooFar(listener.tcb, pkt)) return layer.counters.drop(DROP_TCP_MIN_TTL);
  // A SYN cookie that comes back makes a connection, which goes on with the segment
  const tcb = listenInput(listener, pkt, seg, issFloor);
  if (tcb !== null) segmentArrives(tcb, seg);
}

/**
 * 3.10.7.1: "if the state is CLOSED, all data in the incoming segment is discarded"; a reset is the
 * answer, to anything but a reset.
 */
function closedInput(layer: TcpContext, pkt: Packet, seg: Segment): void {
  layer.counters.drop(DROP_TCP_NO_PORT);
  if (!seg.isRst) replyReset(layer, FourTuple.of(pkt, seg), seg);
}

/** A segment for a connection that has a TCB. */
function segmentArrives(tcb: Tcb, seg: Segment): void {
  tcb.segsIn += seg.gsoSegs;
  if (tcb.layer.log.isOn[LogEvent.TCP_SEGMENT_RECEIVED] !== 0) tellOfSegment(tcb, seg);
  if (tcb.state === State.SYN_SENT) synSentInput(tcb, seg);
  else otherStatesInput(tcb, seg);
  if (tcb.state !== State.CLOSED) rearmTimer(tcb);
}

function tellOfSegment(tcb: Tcb, seg: Segment): void {
  const [at, acked] = [seqDiff(seg.seq, tcb.irs), seqDiff(seg.ack, tcb.iss)];
  const window = seg.window << (seg.isSyn ? 0 : tcb.sndWindShift);
  tell(tcb, LogEvent.TCP_SEGMENT_RECEIVED, seg.flags, at, seg.payloadLen, acked, window);
}

/** 3.10.7.4: each step may be the last for the segment. */
function otherStatesInput(tcb: Tcb, seg: Segment): void {
  // First, check sequence number: "if an incoming segment is not acceptable, an acknowledgment
  // should be sent in reply (unless the RST bit is set)"
  const fault = checkSequence(tcb, seg);
  if (fault !== SequenceFault.NONE) {
    noteFault(tcb, seg, fault);
    if (seg.isRst) return tcb.layer.counters.drop(DROP_TCP_SEQUENCE);
    // RFC 5961 4.2 takes the SYN before the sequence number, wherever it lies; PAWS goes before
    // both
    const isStepFour = seg.isSyn && fault !== SequenceFault.OLD_TIMESTAMP;
    if (!isStepFour || processSyn(tcb, seg)) sendOutOfWindowAck(tcb, seg);
    return;
  }
  // Second, check the RST bit
  if (seg.isRst) return processReset(tcb, seg);
  // Third, check security: no compartments here
  // Fourth, check the SYN bit
  if (seg.isSyn && !processSyn(tcb, seg)) return;
  // Fifth, check the ACK field: "if the ACK bit is off, drop the segment"
  if (!seg.isAck) return tcb.layer.counters.drop(DROP_TCP_FLAGS);
  if (!processAck(tcb, seg)) return;
  // Sixth to eighth: the URG bit, the segment text, the FIN bit
  processUrgentDataAndFin(tcb, seg);
}

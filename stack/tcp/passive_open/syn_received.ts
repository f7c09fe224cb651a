/**
 * SEGMENT ARRIVES in SYN-RECEIVED of a passive open (RFC 9293 3.10.7.4), which is a record in the
 * listener's SYN queue: the eight steps up to the fifth, where an acceptable ACK makes a
 * connection, which goes on with the segment.
 *
 * Before the first step comes the SYN again, which the RFC knows as not acceptable: our SYN-ACK was
 * lost, and is sent again instead of a bare ACK (Linux tcp_check_req).
 *
 * @module
 */
import { mayAnswerSuspect } from "../base/answer_limits.ts";
import { replyReset } from "../output/reset.ts";
import { seqInWindow } from "../base/seq.ts";
import type { SynRequest } from "./syn_request.ts";
import type { Tcb } from "../tcb/tcb.ts";
import type { Segment } from "../base/segment.ts";
import { DROP_TCP_FLAGS, DROP_TCP_SEQUENCE } from "../../base/drop_reason.ts";

/**
 * Returns the new connection, still in SYN-RECEIVED and in the demultiplexer, if the segment
 * completes the handshake: it has to process the segment. Else null.
 */
export function synReceivedInput(request: SynRequest, seg: Segment): Tcb | null {
  const rcvNxt = (request.irs + 1) | 0;
  const isPawsOld = request.hasTimestamps && seg.options.hasTimestamps && !seg.isRst &&
    ((seg.options.tsVal - request.tsRecent) | 0) < 0;
  if (seg.isSyn && !seg.isAck && !seg.isRst && seg.seq === request.irs) {
    synAgain(request, seg, isPawsOld);
    return null;
  }
  // First, check sequence number
  const isInWindow = seg.seq === rcvNxt || seqInWindow(seg.seq, rcvNxt, request.rcvWnd);
  if (isPawsOld || !isInWindow) {
    notAcceptable(request, seg, isPawsOld);
    return null;
  }
  // Second, check the RST bit: "if this connection was initiated with a passive OPEN, then return
  // this connection to the LISTEN state"; but only the exact sequence number resets (RFC 5961 3.2)
  if (seg.isRst) {
    if (seg.seq !== rcvNxt) challenge(request, seg.nowUs);
    else reset(request);
    return null;
  }
  // Fourth, check the SYN bit (RFC 5961 4.2)
  if (seg.isSyn) {
    challenge(request, seg.nowUs);
    return null;
  }
  // Fifth, check the ACK field: "if the ACK bit is off, drop the segment"
  if (!seg.isAck) {
    request.layer.counters.drop(DROP_TCP_FLAGS);
    return null;
  }
  if (seg.ack !== ((request.iss + 1) | 0)) {
    replyReset(request.layer, request, seg);
    return null;
  }
  return complete(request, seg);
}

/**
 * The next SYN-ACK echoes this SYN's timestamp (RFC 7323 4.3), or the peer would take its own
 * timeout for a part of the round trip.
 */
function synAgain(request: SynRequest, seg: Segment, isPawsOld: boolean): void {
  if (request.hasTimestamps && seg.options.hasTimestamps && !isPawsOld) {
    request.tsRecent = seg.options.tsVal;
  }
  if (mayAnswer(request, seg.nowUs)) request.sendSynAck(seg.nowUs);
}

function notAcceptable(request: SynRequest, seg: Segment, isPawsOld: boolean): void {
  const { counters } = request.layer;
  if (isPawsOld) counters.tcp.pawsEstab++;
  if (seg.isRst) counters.drop(DROP_TCP_SEQUENCE);
  else challenge(request, seg.nowUs);
}

/** Back to LISTEN. */
function reset(request: SynRequest): void {
  const counters = request.layer.counters.tcp;
  counters.embryonicRsts++;
  counters.attemptFails++;
  request.drop();
}

/** The handshake is complete: a connection, if the listener has room and need not wait for data. */
function complete(request: SynRequest, seg: Segment): Tcb | null {
  const { layer, listener } = request;
  const { deferAcceptUs } = listener.tcb.options;
  if (seg.len === 0 && seg.nowUs - request.firstSentUs < deferAcceptUs) {
    request.isAckSeen = true;
    layer.counters.tcp.deferAcceptDrop++;
    return null;
  }
  if (listener.isAcceptQueueFull) {
    request.isAckSeen = true;
    layer.counters.tcp.listenOverflows++;
    layer.counters.tcp.listenDrops++;
    return null;
  }
  return request.establish();
}

function challenge(request: SynRequest, nowUs: number): void {
  if (mayAnswer(request, nowUs)) request.sendAck(nowUs);
}

function mayAnswer(request: SynRequest, nowUs: number): boolean {
  const { config, counters } = request.layer;
  if (mayAnswerSuspect(request, config.invalidAckIntervalUs, nowUs)) return true;
  counters.tcp.ackSkippedSynRecv++;
  return false;
}

/**
 * Writing segments into the route's transmit queue: header into the frame's slot, data as pieces of
 * the send ring, checksum left to the device where it can. Which segment is sent is its callers' to
 * decide; what every segment of a connection brings along is decided here: the acknowledgment,
 * which is no longer owed then, the window (receive/receive_window.ts), ECE, the urgent pointer
 * (urgent/send.ts), and as many SACK blocks as there is room for.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { CSUM_PARTIAL, GSO_TCPV4, GSO_TCPV6 } from "../../base/frames.ts";
import { finish, fold, pseudoSumV6, sum } from "../../wire/checksum.ts";
import type { IpAddress } from "../../base/ip_address.ts";
import { ECN_MASK, PROTOCOL_TCP } from "../../wire/ipv4.ts";
import type { Route } from "../../base/network.ts";
import {
  emitTcp,
  TCP_ACK,
  TCP_CHECKSUM_OFFSET,
  TCP_ECE,
  TCP_HEADER_LEN,
  TCP_PSH,
  TCP_RST,
  TCP_URG,
} from "../../wire/tcp.ts";
import { emitOptions, TCP_MAX_SACK_BLOCKS } from "../../wire/tcp_options.ts";
import type { Flow } from "../base/flow.ts";
import { currentMss } from "../path/mss.ts";
import { advertiseWindow } from "../receive/receive_window.ts";
import { refreshRoute } from "../path/route.ts";
import { seqDiff, seqGt } from "../base/seq.ts";
import { timestampNow } from "../base/timestamp.ts";
import { urgentPointer } from "../urgent/send.ts";
import type { Tcb } from "../tcb/tcb.ts";
import type { TcpContext } from "../tcb/context.ts";

/**
 * Completes the frame under construction, whose header of `headerLen` bytes and pieces of data are
 * in place, and hands it to the network. Returns 0 or -errno; a segment that does not leave is a
 * lost segment.
 */
export function sendSegment(
  layer: TcpContext,
  route: Route,
  local: IpAddress,
  remote: IpAddress,
  headerLen: number,
  ttl: number,
  tos: number,
  nowUs: number,
): number {
  const tx = route.tx;
  const frame = tx.count;
  const off = tx.l4Off[frame];
  const payLen0 = tx.payLen[frame];
  const payLen1 = tx.pay2Len[frame];
  tx.hdrLen[frame] = headerLen;
  const pseudo = pseudoSumV6(
    local.w0,
    local.w1,
    local.w2,
    local.w3,
    remote.w0,
    remote.w1,
    remote.w2,
    remote.w3,
    PROTOCOL_TCP,
    headerLen + payLen0 + payLen1,
  );
  const dv = layer.memory.dv;
  if (route.csumOffload) {
    tx.csum[frame] = CSUM_PARTIAL;
    tx.csumOffset[frame] = TCP_CHECKSUM_OFFSET;
    dv.setUint16(off + TCP_CHECKSUM_OFFSET, fold(pseudo));
  } else {
    let running = sum(dv, off, headerLen, pseudo);
    if (payLen0 > 0) running = sum(dv, tx.payOff[frame], payLen0, running);
    if (payLen1 > 0) running = sum(dv, tx.pay2Off[frame], payLen1, running);
    dv.setUint16(off + TCP_CHECKSUM_OFFSET, finish(running));
  }
  return layer.network.send(route, local, PROTOCOL_TCP, ttl, tos, true, nowUs);
}

/**
 * Sends a segment of a synchronized connection: `payloadLen` bytes of the send ring from `seq` on,
 * more than SMSS only where the route can segment. Every segment carries the current acknowledgment
 * and window. `ecn`: the codepoint of its IP header.
 */
export function emitSegment(
  tcb: Tcb,
  seq: number,
  payloadLen: number,
  flags: number,
  nowUs: number,
  ecn = 0,
): number {
  const layer = tcb.layer;
  const route = tcb.route!;
  const frame = layer.network.begin(route);
  const tx = route.tx;
  const off = tx.l4Off[frame];
  const window = advertiseWindow(tcb) >>> tcb.rcvWindShift;
  const mss = currentMss(tcb);
  const isProbe = isMtuProbe(tcb, seq, payloadLen);
  const isCut = payloadLen > tcb.smss && !isProbe;
  // Data that was cut to SMSS before there were blocks to send leaves no room for them
  const hasRoom = payloadLen <= mss || (payloadLen > tcb.smss && !isProbe);
  const sackCount = hasRoom ? collectSackBlocks(tcb) : 0;
  const headerLen = TCP_HEADER_LEN + emitOptions(
    layer.memory.dv,
    off + TCP_HEADER_LEN,
    tcb.hasTimestamps,
    timestampNow(tcb.tsOffset, nowUs),
    tcb.tsRecent,
    sackCount,
    layer.sackLeft,
    layer.sackRight,
  );
  const urgent = urgentPointer(tcb, seq);
  let allFlags = flags | TCP_ACK;
  if (urgent > 0) allFlags |= TCP_URG;
  if (tcb.isEcnEchoing) allFlags |= TCP_ECE;
  // Who coalesces segments on the way need not wait for more (Linux __tcp_transmit_skb)
  if (isCut) allFlags |= TCP_PSH;
  emitTcp(
    layer.memory.dv,
    off,
    tcb.localPort,
    tcb.remotePort,
    seq,
    tcb.rcvNxt,
    headerLen,
    allFlags,
    window,
    0,
    urgent,
  );
  if (layer.log.isOn[LogEvent.TCP_SEGMENT_SENT] !== 0) {
    const [at, acked] = [seqDiff(seq, tcb.iss), seqDiff(tcb.rcvNxt, tcb.irs)];
    tell(tcb, LogEvent.TCP_SEGMENT_SENT, allFlags, at, payloadLen, acked, tcb.rcvWnd);
  }
  if (payloadLen > 0) attachPayload(tcb, frame, seq, payloadLen, isCut ? mss : 0);
  const segs = isCut ? Math.ceil(payloadLen / mss) : 1;
  tcb.segsOut += segs;
  layer.counters.tcp.outSegs += segs;
  onAckSent(tcb);
  const { options } = tcb;
  const ttl = options.ttlTo(tcb.remote);
  const tos = (options.tosTo(tcb.remote) & ~ECN_MASK) | ecn;
  return sendSegment(layer, route, tcb.local, tcb.remote, headerLen, ttl, tos, nowUs);
}

function isMtuProbe({ mtuProbing }: Tcb, seq: number, payloadLen: number): boolean {
  return mtuProbing.probeLen === payloadLen && mtuProbing.probeSeq === seq;
}

/**
 * Points the frame at the ring's bytes; the device cuts it at `gsoSize` bytes (0: it is not cut).
 */
export function attachPayload(
  tcb: Tcb,
  frame: number,
  seq: number,
  payloadLen: number,
  gsoSize: number,
): void {
  const tx = tcb.route!.tx;
  const span = tcb.layer.span;
  tcb.sndRing.readableSpan(seqDiff(seq, tcb.sndRingSeq), payloadLen, span);
  tx.payOff[frame] = span.off0;
  tx.payLen[frame] = span.len0;
  tx.pay2Off[frame] = span.off1;
  tx.pay2Len[frame] = span.len1;
  if (gsoSize > 0) {
    tx.gsoType[frame] = tcb.remote.family === 4 ? GSO_TCPV4 : GSO_TCPV6;
    tx.gsoSize[frame] = gsoSize;
  }
}

/** The acknowledgment has left: nothing is owed to the peer. */
export function onAckSent(tcb: Tcb): void {
  if (tcb.quickAcks > 0 && tcb.rcvNxt !== tcb.lastAckSent) tcb.quickAcks--;
  tcb.lastAckSent = tcb.rcvNxt;
  tcb.isAckDue = false;
  tcb.isAckDueOnRead = false;
  tcb.delayedAckAtUs = Infinity;
}

/** D-SACK first, then what lies beyond the gaps (RFC 2018 section 4, RFC 2883). */
function collectSackBlocks(tcb: Tcb): number {
  if (!tcb.hasSack || (!tcb.hasDsack && tcb.assembler.count === 0)) return 0;
  const { sackLeft, sackRight } = tcb.layer;
  let count = 0;
  if (tcb.hasDsack) {
    sackLeft[0] = tcb.dsackLeft;
    sackRight[0] = tcb.dsackRight;
    tcb.hasDsack = false;
    count = 1;
  }
  const max = tcb.hasTimestamps ? TCP_MAX_SACK_BLOCKS - 1 : TCP_MAX_SACK_BLOCKS;
  return tcb.assembler.sackBlocks(sackLeft, sackRight, count, max);
}

/** Sends an acknowledgment now: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. */
export function emitAck(tcb: Tcb, nowUs: number): void {
  if (refreshRoute(tcb)) emitSegment(tcb, tcb.sndNxt, 0, 0, nowUs);
}

/** The timestamps of a flow's segments (RFC 7323). */
export interface Timestamps {
  readonly hasTimestamps: boolean;
  readonly tsOffset: number;
  readonly tsRecent: number;
}

/**
 * Sends a segment without data for a flow that has no TCB (any more), or that is about to lose it.
 * `stamps` null: without timestamps.
 */
export function emitControl(
  layer: TcpContext,
  route: Route,
  flow: Flow,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  stamps: Timestamps | null,
  nowUs: number,
): void {
  const frame = layer.network.begin(route);
  const off = route.tx.l4Off[frame];
  const dv = layer.memory.dv;
  const hasStamps = stamps !== null && stamps.hasTimestamps;
  const headerLen = TCP_HEADER_LEN + emitOptions(
    dv,
    off + TCP_HEADER_LEN,
    hasStamps,
    hasStamps ? timestampNow(stamps.tsOffset, nowUs) : 0,
    hasStamps ? stamps.tsRecent : 0,
    0,
    layer.sackLeft,
    layer.sackRight,
  );
  emitTcp(dv, off, flow.localPort, flow.remotePort, seq, ack, headerLen, flags, window, 0, 0);
  layer.counters.tcp.outSegs++;
  if ((flags & TCP_RST) !== 0) layer.counters.tcp.outRsts++;
  sendSegment(layer, route, flow.local, flow.remote, headerLen, layer.config.ttl, 0, nowUs);
}

/** RST of a synchronized connection: <SEQ=SND.NXT><CTL=RST,ACK> (RFC 9293 3.10.5). */
export function emitReset(tcb: Tcb, nowUs: number): void {
  if (!refreshRoute(tcb)) return;
  const seq = seqGt(tcb.sndUna, tcb.sndNxt) ? tcb.sndUna : tcb.sndNxt;
  emitControl(
    tcb.layer,
    tcb.route!,
    tcb,
    seq,
    tcb.rcvNxt,
    TCP_RST | TCP_ACK,
    0,
    tcb,
    nowUs,
  );
}

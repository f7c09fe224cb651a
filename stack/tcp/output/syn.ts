/**
 * Sending SYN and SYN-ACK: of a connection, and of a request that a listener keeps; with Fast Open
 * (RFC 7413) the SYN takes a cookie and the program's first data along.
 *
 * @module
 */
import { timestampNow } from "../base/timestamp.ts";
import { armRetransmitTimer, rearmTimer } from "../tcb/deadlines.ts";
import { NO_COOKIE } from "../secrets/fast_open_cookies.ts";
import { attachPayload, onAckSent, sendSegment } from "./emit.ts";
import type { TcpContext } from "../tcb/context.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { seqDiff } from "../base/seq.ts";
import type { Flow } from "../base/flow.ts";
import { advertisedMss } from "../path/mss.ts";
import { synEcnFlags } from "../loss/ecn.ts";
import { SENT_SYN } from "../tcb/sent_queue.ts";
import type { Route } from "../../base/network.ts";
import { emitSynOptions, TCP_OPTIONS_MAX_LEN } from "../../wire/tcp_options.ts";
import { emitTcp, TCP_ACK, TCP_ECE, TCP_HEADER_LEN, TCP_SYN } from "../../wire/tcp.ts";

const WINDOW_FIELD_MAX = 0xffff;

/** Sends the SYN of an active open, or the SYN-ACK of a simultaneous one. */
export function emitSyn(
  tcb: Tcb,
  isAck: boolean,
  nowUs: number,
  fastOpenCookie: Uint8Array | null = null,
): void {
  const { layer, options } = tcb;
  emitSynSegment(
    layer,
    tcb.route!,
    tcb,
    tcb.iss,
    isAck ? tcb.rcvNxt : 0,
    isAck ? TCP_SYN | TCP_ACK | (tcb.hasEcn ? TCP_ECE : 0) : TCP_SYN | synEcnFlags(tcb),
    Math.min(seqDiff(tcb.rcvAdv, tcb.rcvNxt), WINDOW_FIELD_MAX),
    advertisedMss(tcb.route!, options.maxSeg),
    tcb.hasWindowScale ? tcb.rcvWindShift : -1,
    tcb.hasSack,
    tcb.hasTimestamps,
    timestampNow(tcb.tsOffset, nowUs),
    isAck ? tcb.tsRecent : 0,
    options.ttl,
    options.socket.tos,
    nowUs,
    fastOpenCookie,
    fastOpenCookie === null ? null : tcb,
  );
  tcb.segsOut++;
  if (isAck) onAckSent(tcb);
}

/**
 * Sends a SYN or SYN-ACK of any flow. `windowScale` -1: none. `payloadOf`: whose data goes with it
 * (Fast Open).
 */
export function emitSynSegment(
  layer: TcpContext,
  route: Route,
  flow: Flow,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  mss: number,
  windowScale: number,
  hasSack: boolean,
  hasTimestamps: boolean,
  tsVal: number,
  tsEcr: number,
  ttl: number,
  tos: number,
  nowUs: number,
  fastOpenCookie: Uint8Array | null = null,
  payloadOf: Tcb | null = null,
): void {
  const frame = layer.network.begin(route);
  const off = route.tx.l4Off[frame];
  const dv = layer.memory.dv;
  const headerLen = TCP_HEADER_LEN + emitSynOptions(
    dv,
    off + TCP_HEADER_LEN,
    mss,
    windowScale,
    hasSack,
    hasTimestamps,
    tsVal,
    tsEcr,
    fastOpenCookie,
  );
  emitTcp(dv, off, flow.localPort, flow.remotePort, seq, ack, headerLen, flags, window, 0, 0);
  if (payloadOf !== null && payloadOf.synDataLen > 0) {
    attachPayload(payloadOf, frame, (seq + 1) | 0, payloadOf.synDataLen, 0);
  }
  layer.counters.tcp.outSegs++;
  sendSegment(layer, route, flow.local, flow.remote, headerLen, ttl, tos, nowUs);
}

/** An active open: the SYN, and the data that goes with it, into the books and onto the wire. */
export function sendSyn(tcb: Tcb, fastOpenCookie: Uint8Array | null, nowUs: number): void {
  const { synDataLen } = tcb;
  tcb.fastOpenAsked = fastOpenCookie !== null;
  tcb.sent.push(tcb.iss, 1, SENT_SYN, nowUs);
  tcb.sndNxt = (tcb.iss + 1) | 0;
  if (synDataLen > 0) {
    tcb.sent.push(tcb.sndNxt, synDataLen, 0, nowUs);
    tcb.sndNxt = (tcb.sndNxt + synDataLen) | 0;
    tcb.bytesSent += synDataLen;
  }
  tcb.lastSentUs = nowUs;
  emitSyn(tcb, false, nowUs, fastOpenCookie);
  armRetransmitTimer(tcb, nowUs);
  rearmTimer(tcb);
}

/** There is data for the SYN that has waited (RFC 7413 4.2.2), or the program will send none. */
export function sendDeferredSyn(tcb: Tcb, nowUs: number): void {
  const server = tcb.layer.cookieCache.get(tcb.remote);
  const unsent = tcb.sndRing.usedBytes;
  if (unsent === 0 && !tcb.isFinQueued) return;
  tcb.isConnectDeferred = false;
  if (server === null) return sendSyn(tcb, NO_COOKIE, nowUs);
  const mss = Math.min(server.mss, advertisedMss(tcb.route!, tcb.options.maxSeg));
  tcb.synDataLen = Math.max(0, Math.min(unsent, mss - TCP_OPTIONS_MAX_LEN));
  sendSyn(tcb, server.cookie, nowUs);
}

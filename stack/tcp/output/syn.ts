/**
 * Sending SYN and SYN-ACK: of a connection, and of a request that a listener keeps; with Fast Open
 * (RFC 7413) the SYN takes a cookie and the program's first data along.
 *
 * @module
 */
import { timestampNow } from "../base/timestamp.ts";
import { armRetransmitTimer, rearmTimer } from "../tcb/deadlines.ts";
import { FAST_OPEN_CLIENT_NO_COOKIE, NO_COOKIE } from "../secrets/fast_open_cookies.ts";
import { attachPayload, onAckSent, sendSegment } from "./emit.ts";
import type { TcpContext } from "../tcb/context.ts";
import type { Tcb } from "../tcb/tcb.ts";
import { seqDiff } from "../base/seq.ts";
import type { Flow } from "../base/flow.ts";
import { advertisedMss } from "../path/mss.ts";
import { synEcnFlags } from "../loss/ecn.ts";
import { SENT_PUSH, SENT_SYN } from "../tcb/sent_queue.ts";
import type { Route } from "../../base/network.ts";
import { emitSynOptions, TCP_OPTIONS_MAX_LEN } from "../../wire/tcp_options.ts";
import { emitTcp, TCP_ACK, TCP_ECE, TCP_HEADER_LEN, TCP_SYN } from "../../wire/tcp.ts";
import { WINDOW_FIELD_MAX } from "../base/segment.ts";

/** Sends the SYN of an active open, or the SYN-ACK of a simultaneous one. */
export function emitSyn(
  tcb: Tcb,
  isAck: boolean,
  nowUs: number,
  fastOpenCookie: Uint8Array | null = null,
  hasPayload = fastOpenCookie !== null,
  isExperimental = false,
): void {
  const { layer, options } = tcb;
  emitSynSegment(layer, tcb.route!, tcb, {
    seq: tcb.iss,
    ack: isAck ? tcb.rcvNxt : 0,
    flags: isAck ? TCP_SYN | TCP_ACK | (tcb.hasEcn ? TCP_ECE : 0) : TCP_SYN | synEcnFlags(tcb),
    window: Math.min(seqDiff(tcb.rcvAdv, tcb.rcvNxt), WINDOW_FIELD_MAX),
    mss: advertisedMss(tcb.route!, options.maxSeg),
    windowScale: tcb.hasWindowScale ? tcb.rcvWindShift : -1,
    hasSack: tcb.hasSack,
    hasTimestamps: tcb.hasTimestamps,
    tsVal: timestampNow(tcb.tsOffset, nowUs),
    tsEcr: isAck ? tcb.tsRecent : 0,
    ttl: options.ttlTo(tcb.remote),
    tos: options.tosTo(tcb.remote),
    fastOpenCookie,
    isExperimental,
    payloadOf: hasPayload ? tcb : null,
  }, nowUs);
  tcb.segsOut++;
  if (isAck) onAckSent(tcb);
}

/** What a SYN or SYN-ACK says. */
export interface SynFields {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** "The window in the SYN segments is never scaled" (RFC 7323 2.2). */
  readonly window: number;
  readonly mss: number;
  /** -1: no such option. */
  readonly windowScale: number;
  readonly hasSack: boolean;
  readonly hasTimestamps: boolean;
  readonly tsVal: number;
  readonly tsEcr: number;
  readonly ttl: number;
  readonly tos: number;
  /** null: no such option; empty: asks for a cookie. */
  readonly fastOpenCookie: Uint8Array | null;
  /** That option as the experiment that it was. */
  readonly isExperimental: boolean;
  /** Whose data goes with it; null: nobody's. */
  readonly payloadOf: Tcb | null;
}

/** Sends a SYN or SYN-ACK of any flow. */
export function emitSynSegment(
  layer: TcpContext,
  route: Route,
  flow: Flow,
  syn: SynFields,
  nowUs: number,
): void {
  const frame = layer.network.begin(route);
  const off = route.tx.l4Off[frame];
  const dv = layer.memory.dv;
  const headerLen = TCP_HEADER_LEN + emitSynOptions(
    dv,
    off + TCP_HEADER_LEN,
    syn.mss,
    syn.windowScale,
    syn.hasSack,
    syn.hasTimestamps,
    syn.tsVal,
    syn.tsEcr,
    syn.fastOpenCookie,
    syn.isExperimental,
  );
  const { seq, ack, flags, window, payloadOf } = syn;
  emitTcp(dv, off, flow.localPort, flow.remotePort, seq, ack, headerLen, flags, window, 0, 0);
  if (payloadOf !== null && payloadOf.synDataLen > 0) {
    attachPayload(payloadOf, frame, (seq + 1) | 0, payloadOf.synDataLen, 0);
  }
  layer.counters.tcp.outSegs++;
  sendSegment(layer, route, flow.local, flow.remote, headerLen, syn.ttl, syn.tos, nowUs);
}

/** An active open: the SYN, and the data that goes with it, into the books and onto the wire. */
export function sendSyn(tcb: Tcb, fastOpenCookie: Uint8Array | null, nowUs: number): void {
  const { synDataLen } = tcb;
  tcb.fastOpenAsked = fastOpenCookie !== null;
  tcb.sent.push(tcb.iss, 1, SENT_SYN, nowUs);
  tcb.sndNxt = (tcb.iss + 1) | 0;
  if (synDataLen > 0) {
    tcb.sent.push(tcb.sndNxt, synDataLen, SENT_PUSH, nowUs);
    tcb.sndNxt = (tcb.sndNxt + synDataLen) | 0;
    tcb.bytesSent += synDataLen;
  }
  tcb.lastSentUs = nowUs;
  const isExperimental = tcb.layer.cookieCache.get(tcb.remote)?.isExperimental ?? false;
  emitSyn(tcb, false, nowUs, fastOpenCookie, true, isExperimental);
  armRetransmitTimer(tcb, nowUs);
  rearmTimer(tcb);
}

/**
 * The SYN's data goes without a cookie: the program knows that the server wants none (RFC 7413
 * appendix A, TCP_FASTOPEN_NO_COOKIE), or all servers are such.
 */
export function needsNoCookie({ options, layer }: Tcb): boolean {
  return options.fastOpenNoCookie || (layer.config.fastOpen & FAST_OPEN_CLIENT_NO_COOKIE) !== 0;
}

/** There is data for the SYN that has waited (RFC 7413 4.2.2), or the program will send none. */
export function sendDeferredSyn(tcb: Tcb, nowUs: number): void {
  const { options } = tcb;
  const server = tcb.layer.cookieCache.get(tcb.remote);
  const unsent = tcb.sndRing.usedBytes;
  if (unsent === 0 && !tcb.isFinQueued) return;
  tcb.isConnectDeferred = false;
  const cookie = server?.cookie ?? NO_COOKIE;
  const isBare = needsNoCookie(tcb);
  if (cookie.length === 0 && !isBare) return sendSyn(tcb, NO_COOKIE, nowUs);
  const ownMss = advertisedMss(tcb.route!, options.maxSeg);
  const mss = server === null ? ownMss : Math.min(server.mss, ownMss);
  tcb.synDataLen = Math.max(0, Math.min(unsent, mss - TCP_OPTIONS_MAX_LEN));
  sendSyn(tcb, isBare ? null : cookie, nowUs);
}

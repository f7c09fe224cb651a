/**
 * SYN-RECEIVED of a passive open: a record just large enough to send the SYN-ACK again and to make
 * the connection when the ACK arrives (RFC 9293 3.10.7.4 for that state). No TCB, no buffers.
 *
 * @module
 */
import type { Route } from "../../base/network.ts";
import { TCP_ACK, TCP_ECE, TCP_SYN } from "../../wire/tcp.ts";
import { createCongestionControl } from "../congestion/mod.ts";
import { emitControl } from "../output/emit.ts";
import { emitSynSegment } from "../output/syn.ts";
import { timestampNow } from "../base/timestamp.ts";
import { Flow, FLOW_SYN_REQUEST } from "../base/flow.ts";
import type { Listener } from "../tcb/listener.ts";
import { advertisedMss } from "../path/mss.ts";
import { fullWindow, maxReceiveWindow, windowShiftFor } from "../receive/receive_window.ts";
import { SENT_EVER_RETRANS, SENT_SYN } from "../tcb/sent_queue.ts";
import { State } from "../base/state.ts";
import type { SynParameters } from "./syn_parameters.ts";
import { Tcb } from "../tcb/tcb.ts";
import type { TcpContext } from "../tcb/context.ts";
import { WINDOW_FIELD_MAX } from "../base/segment.ts";

export class SynRequest extends Flow {
  readonly kind = FLOW_SYN_REQUEST;
  readonly layer: TcpContext;
  readonly iss: number;
  readonly irs: number;
  readonly rcvWnd: number;
  readonly rcvWindShift: number;
  readonly peerMss: number;
  /** -1: the peer does not scale. */
  readonly sndWindShift: number;
  readonly hasSack: boolean;
  readonly hasEcn: boolean;
  readonly hasTimestamps: boolean;
  readonly tsOffset: number;
  tsRecent: number;
  readonly tos: number;
  /** When the SYN-ACK was sent first, and how often the timer has sent it again. */
  readonly firstSentUs: number;
  timeouts = 0;
  /** It came back as a cookie: when the SYN-ACK was sent is not known. */
  readonly isFromCookie: boolean;
  /** The SYN-ACK brings the client a cookie for next time. */
  fastOpenCookie: Uint8Array | null = null;
  /** The SYN had that option as an experimental one. */
  isFastOpenExperimental = false;
  /**
   * The handshake's ACK has come, but the connection has to wait (TCP_DEFER_ACCEPT, queue full).
   */
  isAckSeen = false;

  constructor(
    readonly listener: Listener,
    public route: Route,
    tuple: Flow,
    syn: SynParameters,
    nowUs: number,
  ) {
    super();
    const { tcb } = listener;
    this.layer = tcb.layer;
    // One object for all connections, where it can be
    this.local = route.src.equals(tuple.local) ? route.src : tuple.local;
    this.remote = tuple.remote;
    this.localPort = tuple.localPort;
    this.remotePort = tuple.remotePort;
    this.zone = tuple.zone;
    this.iss = syn.iss;
    this.irs = syn.irs;
    this.peerMss = syn.mss;
    this.sndWindShift = syn.windowScale;
    this.rcvWindShift = this.sndWindShift < 0 ? 0 : windowShiftFor(maxReceiveWindow(tcb));
    this.hasSack = syn.hasSack;
    this.hasEcn = syn.hasEcn;
    this.hasTimestamps = syn.hasTimestamps;
    this.tsRecent = syn.tsRecent;
    this.tsOffset = syn.tsOffset;
    this.isFromCookie = syn.isFromCookie;
    this.rcvWnd = Math.min(fullWindow(tcb), WINDOW_FIELD_MAX);
    this.tos = tcb.options.tosTo(tuple.remote);
    this.firstSentUs = nowUs;
  }

  /** Makes sure of a route. False: there is none at present. */
  #refreshRoute(): boolean {
    if (this.route.valid) return true;
    const ifIndex = this.listener.tcb.options.socket.ifIndex || this.zone;
    const found = this.layer.network.route(this.remote, this.local, ifIndex);
    if (typeof found === "number") return false;
    this.route = found;
    return true;
  }

  /** Sends the SYN-ACK. */
  sendSynAck(nowUs: number, tsVal = timestampNow(this.tsOffset, nowUs)): void {
    if (!this.#refreshRoute()) return;
    const { options } = this.listener.tcb;
    emitSynSegment(this.layer, this.route, this, {
      seq: this.iss,
      ack: (this.irs + 1) | 0,
      flags: TCP_SYN | TCP_ACK | (this.hasEcn ? TCP_ECE : 0),
      window: this.rcvWnd,
      mss: advertisedMss(this.route, options.maxSeg),
      windowScale: this.sndWindShift < 0 ? -1 : this.rcvWindShift,
      hasSack: this.hasSack,
      hasTimestamps: this.hasTimestamps,
      tsVal,
      tsEcr: this.tsRecent,
      ttl: options.ttlTo(this.remote),
      tos: this.tos,
      fastOpenCookie: this.fastOpenCookie,
      isExperimental: this.isFastOpenExperimental,
      payloadOf: null,
    }, nowUs);
  }

  /** The SYN-ACK was not answered in time. */
  onTimer(nowUs: number): void {
    const { config } = this.layer;
    const { deferAcceptUs } = this.listener.tcb.options;
    const isDeferring = this.isAckSeen && nowUs - this.firstSentUs < deferAcceptUs;
    if (this.timeouts >= config.synAckRetries && !isDeferring) {
      this.layer.counters.tcp.attemptFails++;
      this.drop();
      return;
    }
    this.timeouts++;
    if (!isDeferring) {
      this.layer.counters.tcp.synRetrans++;
      this.layer.counters.tcp.retransSegs++;
      this.sendSynAck(nowUs);
    }
    this.arm(nowUs);
  }

  arm(nowUs: number): void {
    const { config, timers } = this.layer;
    timers.set(this, nowUs + Math.min(config.rtoInitUs * 2 ** this.timeouts, config.rtoMaxUs));
  }

  /** Back to LISTEN. */
  drop(): void {
    this.layer.timers.cancel(this);
    this.layer.demux.remove(this);
    this.listener.synQueue.delete(this);
  }

  /** Becomes a connection in SYN-RECEIVED, which has to process the segment that completes it. */
  establish(): Tcb {
    const { layer, listener } = this;
    const tcb = makeConnection(this);
    this.drop();
    layer.demux.enter(tcb);
    listener.onChild(tcb);
    layer.counters.tcp.passiveOpens++;
    return tcb;
  }

  /** <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
  sendAck(nowUs: number): void {
    if (!this.#refreshRoute()) return;
    emitControl(
      this.layer,
      this.route,
      this,
      (this.iss + 1) | 0,
      (this.irs + 1) | 0,
      TCP_ACK,
      this.rcvWnd >>> this.rcvWindShift,
      this,
      nowUs,
    );
  }
}

/** The TCB of a request whose handshake is completed, in SYN-RECEIVED. */
function makeConnection(request: SynRequest): Tcb {
  const { layer, listener } = request;
  const parent = listener.tcb;
  const congestion = createCongestionControl(parent.congestion.name, layer.random)!;
  const tcb = new Tcb(layer, congestion, parent.shareOptions());
  tcb.rcvBufBytes = parent.rcvBufBytes;
  tcb.sndBufBytes = parent.sndBufBytes;
  tcb.listener = listener;
  tcb.state = State.SYN_RECEIVED;
  tcb.route = request.route;
  tcb.local = request.local;
  tcb.remote = request.remote;
  tcb.localPort = request.localPort;
  tcb.remotePort = request.remotePort;
  tcb.zone = request.zone;
  // Its peer is on that link only (Linux, ir_iif)
  if (request.zone !== 0) tcb.ownOptions().ownSocketOptions().ifIndex ||= request.zone;
  tcb.binding = layer.bindings.share(parent.binding!, request.local);
  tcb.peerMss = request.peerMss;
  tcb.hasWindowScale = request.sndWindShift >= 0;
  tcb.sndWindShift = Math.max(request.sndWindShift, 0);
  tcb.rcvWindShift = request.rcvWindShift;
  tcb.hasSack = request.hasSack;
  tcb.hasEcn = request.hasEcn;
  tcb.hasTimestamps = request.hasTimestamps;
  tcb.tsRecent = request.tsRecent;
  tcb.tsRecentAtUs = request.firstSentUs;
  tcb.tsOffset = request.tsOffset;
  tcb.iss = request.iss;
  tcb.sndUna = request.iss;
  tcb.sndNxt = (request.iss + 1) | 0;
  tcb.sndSml = request.iss;
  tcb.recover = request.iss;
  tcb.sndRingSeq = tcb.sndNxt;
  tcb.writes.begin(tcb.sndNxt);
  tcb.irs = request.irs;
  tcb.rcvNxt = (request.irs + 1) | 0;
  tcb.rcvAdv = (tcb.rcvNxt + request.rcvWnd) | 0;
  tcb.rcvUp = tcb.rcvNxt;
  tcb.lastAckSent = tcb.rcvNxt;
  tcb.backoff = request.timeouts;
  if (request.isFromCookie) return tcb;
  const syn = tcb.sent.push(request.iss, 1, SENT_SYN, request.firstSentUs);
  if (request.timeouts > 0) syn.flags |= SENT_EVER_RETRANS;
  return tcb;
}

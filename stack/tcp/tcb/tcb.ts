/**
 * The transmission control block: all that a connection remembers, in the terms of RFC 9293 3.3.1.
 * A plain record with public fields, so that a test can start in any state; the functions that work
 * on it are in the folders of what they do, all of which import this one.
 *
 * Sequence numbers are int32 (`seq.ts`), sizes bytes, times microseconds.
 *
 *      send:     1         2          3          4
 *           ----------|----------|----------|----------
 *                  SND.UNA    SND.NXT    SND.UNA+SND.WND
 *
 *      receive:      1          2          3
 *                ----------|----------|----------
 *                       RCV.NXT    RCV.NXT+RCV.WND
 *
 * @module
 */
import { ByteRing } from "../../storage/ring.ts";
import type { Route } from "../../base/network.ts";
import { type CongestionControl, SSTHRESH_INFINITE, WindowUse } from "../congestion/mod.ts";
import { type Assembler, NO_GAPS } from "./assembler.ts";
import type { Binding } from "./bindings.ts";
import { DeliveryRate } from "../base/delivery_rate.ts";
import { Flow, FLOW_TCB } from "../base/flow.ts";
import type { Listener } from "./listener.ts";
import { MtuProbing, TailLossProbe, Undo } from "./records.ts";
import { Pacer } from "../base/pacing.ts";
import { ReceiveBuffer, RING_START_BYTES } from "./receive_buffer.ts";
import { Rack } from "./rack_state.ts";
import { RttEstimator } from "../base/rtt.ts";
import { SentQueue } from "./sent_queue.ts";
import { TcpSocketOptions } from "./socket_options.ts";
import { canSendData, Recovery, RetransmitTimer, State } from "../base/state.ts";
import type { SocketHandle, TcpContext } from "./context.ts";
import { LimitClock } from "./limit_clock.ts";
import { WriteMarks } from "./write_marks.ts";

export class Tcb extends Flow {
  readonly kind = FLOW_TCB;
  #options: TcpSocketOptions;
  state = State.CLOSED;
  /** The program's handle; null for an orphan and for a connection not yet accepted. */
  socket: SocketHandle | null = null;
  /** Set from SYN-RECEIVED until accept: whose connection it is. */
  listener: Listener | null = null;
  route: Route | null = null;
  /** The local port it holds. */
  binding: Binding | null = null;

  // ---- Send sequence variables (3.3.1)
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  sndWnd = 0;
  /** SEG.SEQ and SEG.ACK of the last window update. */
  sndWl1 = 0;
  sndWl2 = 0;
  /** Largest window the peer has offered. */
  maxSndWnd = 0;
  /** Shift of the windows that the peer sends (RFC 7323 Snd.Wind.Shift). */
  sndWindShift = 0;
  /** Behind the last urgent octet; it means something in urgent mode only (urgent/send.ts). */
  sndUp = 0;
  isSndUrgent = false;
  /** End of the last segment sent that was smaller than SMSS (Nagle, Minshall's form). */
  sndSml = 0;

  // ---- Receive sequence variables
  irs = 0;
  rcvNxt = 0;
  /** Right edge of the window that we have advertised: RCV.NXT + RCV.WND. */
  rcvAdv = 0;
  /** Behind the urgent octet; whether the program's side may still come to it. */
  rcvUp = 0;
  isRcvUrgent = false;
  /** Bytes at the head of the receive buffer that were urgent once: no data, if read in time. */
  rcvSkipBytes = 0;
  rcvWindShift = 0;
  /** RCV.NXT of the last segment that we sent (Last.ACK.sent, RFC 7323 4.3). */
  lastAckSent = 0;

  // ---- Segment sizes
  /** Effective send MSS: payload of a full segment, options taken off (RFC 6691). */
  smss: number;
  /** MSS option of the peer, or the default; and the path MTU that `smss` was computed from. */
  peerMss: number;
  pmtu = 0;
  /** SND.NXT when `smss` last fell: what was sent before may have been too large. */
  pmtuSeq = 0;
  readonly mtuProbing = new MtuProbing();
  /** Payload of the largest segment the peer has sent lately (delayed ACK counts by it). */
  rcvMss: number;

  // ---- Options agreed upon
  hasTimestamps = false;
  hasSack = false;
  hasWindowScale = false;
  hasEcn = false;

  // ---- Fast Open (fast_open.ts)
  /** Whose connection it is while the program has it before the handshake is over. */
  fastOpenOf: Listener | null = null;
  /** connect() has been called, but the SYN waits for data to go with it. */
  isConnectDeferred = false;
  /** Our SYN had the option; how much data it carried. */
  fastOpenAsked = false;
  synDataLen = 0;
  /** Data has travelled with a SYN, the peer's or ours. */
  isSynDataAcked = false;
  /** RFC 7323: TS.Recent, when it was set, and the secret offset of our clock. */
  tsRecent = 0;
  tsRecentAtUs = 0;
  tsOffset = 0;

  // ---- Send buffer: bytes SND.UNA on, sent or not
  readonly sndRing: ByteRing;
  /** Sequence number of its first byte. */
  sndRingSeq = 0;
  sndBufBytes: number;
  /** The program was told that there is no space: tell it when there is. */
  isSndBlocked = false;
  /** The program has closed its sending side: FIN follows the last byte. */
  isFinQueued = false;
  isFinSent = false;
  /** Where writes and records end. */
  readonly writes = new WriteMarks();

  // ---- Receive buffer: in-order bytes up to RCV.NXT, out-of-order ones beyond
  readonly rcvRing: ReceiveBuffer;
  /** sk_rcvbuf: twice what SO_RCVBUF asked for. */
  rcvBufBytes: number;
  /** The part of it that data can use, of 256 (receive_window.ts). */
  rcvScalingRatio = 128;
  /** Bytes handed over that, as far as is known, the program has not read. */
  rcvHandedBytes = 0;
  assembler: Assembler = NO_GAPS;
  /** The peer's FIN has been received in order; or out of order, and its sequence number. */
  isFinReceived = false;
  isFinPending = false;
  rcvFinSeq = 0;
  /** Received data is thrown away: the program has gone or shut down its receiving side. */
  isRcvShutdown = false;
  /**
   * Auto-tuning: bytes the program took since the mark, when the mark was set, best figure so far.
   */
  rcvCopiedBytes = 0;
  rcvSpaceAtUs = 0;
  rcvSpaceBytes: number;
  /** Round trip as the receiver sees it; 0: unknown. Marks of the estimate without timestamps. */
  rcvRttUs = 0;
  rcvRttSeq = 0;
  rcvRttAtUs = 0;

  // ---- Retransmission and loss recovery
  readonly sent: SentQueue;
  readonly rtt: RttEstimator;
  recovery = Recovery.OPEN;
  /** SND.NXT when the recovery began (RFC 6675 RecoveryPoint, RFC 6582 recover). */
  recover = 0;
  /** Loss detection by time, tail loss probes, and the undoing of needless recoveries. */
  readonly rack = new Rack();
  readonly tlp = new TailLossProbe();
  readonly undo = new Undo();
  /** Proportional rate reduction (RFC 9937): prr_delivered, prr_out, RecoverFS. */
  prrDelivered = 0;
  prrOut = 0;
  recoverFlight = 1;
  dupAcks = 0;
  /** Without SACK: bytes that duplicate ACKs say have left the network. */
  dupAckedBytes = 0;
  /** Without SACK: segments counted in `deliveredSegs` that are not acknowledged. */
  dupToldSegs = 0;
  retransmitTimer = RetransmitTimer.OFF;
  /** When SND.UNA last advanced. */
  unaAdvancedUs = 0;
  /** Timeouts, or unanswered window probes, in a row. */
  backoff = 0;
  probes = 0;
  /**
   * When the first window probe was sent, answered or not, since the window closed; -1: none yet.
   */
  probesSinceUs = -1;
  /** The persist timer expired: the next output probes the window. */
  isProbeDue = false;

  // ---- Congestion control
  congestion: CongestionControl;
  cwnd = 0;
  ssthresh = SSTHRESH_INFINITE;
  readonly rate = new DeliveryRate();
  readonly pacer = new Pacer();
  /** The window, not the program, limited the last output. */
  isCwndLimited = false;
  /** The same of the last window of data: may cwnd grow? */
  readonly windowUse = new WindowUse();
  /** The peer's window limited the last output. */
  isWndLimited = false;

  // ---- Explicit congestion notification (ecn.ts), as receiver
  /** ECE goes out with every segment, until the peer's CWR. */
  isEcnEchoing = false;
  /** The peer has sent ECT or CE. */
  isEctSeen = false;
  // ---- and as sender: CWR is to go out, and SND.NXT at the last reduction
  isCwrQueued = false;
  isEcnReducing = false;
  ecnRecover = 0;

  // ---- Acknowledgments to send
  /** An ACK goes out with the next flush. */
  isAckDue = false;
  /** Segments of the peer that are still to be acknowledged at once. */
  quickAcks: number;
  /** Segments, after one that was lost or doubled, that are acknowledged one by one. */
  perSegmentAcks = 0;
  /** The last segment of a write waits for its ACK: it goes when the program has read it. */
  isAckDueOnRead = false;
  /** The connection is interactive: ACKs wait for data to travel with. */
  isPingPong = false;
  /** D-SACK block to report (RFC 2883). */
  hasDsack = false;
  dsackLeft = 0;
  dsackRight = 0;

  // ---- Deadlines; Infinity: off
  retransmitAtUs = Infinity;
  /** RACK's reordering window ends; the tail loss probe is due. */
  reorderAtUs = Infinity;
  probeAtUs = Infinity;
  delayedAckAtUs = Infinity;
  keepAliveAtUs = Infinity;
  /** The next frame may leave (pacing). */
  paceAtUs = Infinity;
  /** FIN-WAIT-2 and orphans: the end. */
  lingerAtUs = Infinity;
  keepProbes = 0;

  // ---- For output
  isDirty = false;
  lastSentUs = 0;
  lastDataSentUs = 0;
  lastDataReceivedUs = 0;
  lastAckReceivedUs = 0;
  establishedAtUs = 0;
  /** Pending error of the socket (SO_ERROR), positive errno. */
  soError = 0;
  /** errno of an ICMP error that alone does not end the connection. */
  softError = 0;

  // ---- Counts and times for TCP_INFO
  /** Made when there is something to send: a connection may never have been used. */
  limits: LimitClock | null = null;
  bytesSent = 0;
  bytesAcked = 0;
  bytesReceived = 0;
  bytesRetransmitted = 0;
  segsOut = 0;
  segsIn = 0;
  dataSegsOut = 0;
  dataSegsIn = 0;
  totalRetransmits = 0;
  dsackDups = 0;
  /** Segments that have arrived at the peer, SYN included. */
  deliveredSegs = 0;
  rcvOutOfOrder = 0;

  constructor(
    readonly layer: TcpContext,
    congestion: CongestionControl,
    options: TcpSocketOptions = new TcpSocketOptions(layer.config),
  ) {
    super();
    this.#options = options;
    const config = layer.config;
    this.congestion = congestion;
    this.smss = config.defaultSmss;
    this.peerMss = config.defaultSmss;
    this.rcvMss = config.defaultSmss;
    this.sndRing = new ByteRing(layer.memory, RING_START_BYTES);
    this.rcvRing = new ReceiveBuffer(layer.memory);
    this.sndBufBytes = config.sndBufInitBytes;
    this.rcvBufBytes = config.rcvBufInitBytes;
    this.rcvSpaceBytes = config.rcvBufInitBytes;
    this.sent = new SentQueue(layer.sentPool);
    this.rtt = new RttEstimator(config.rtoInitUs, options.rtoMinUs, options.rtoMaxUs);
    this.quickAcks = config.quickAckSegments;
  }

  /** To be read; who writes asks `ownOptions`. */
  get options(): Readonly<TcpSocketOptions> {
    return this.#options;
  }

  /** For this connection alone. */
  ownOptions(): TcpSocketOptions {
    if (this.#options.isShared) this.#options = this.#options.copy(this.layer.config);
    return this.#options;
  }

  /** For another connection too, until one of them writes. */
  shareOptions(): TcpSocketOptions {
    return this.#options.share();
  }

  /** The program may send: also data that goes with the SYN or before the handshake is over. */
  get canSendData(): boolean {
    return canSendData(this.state) || this.isConnectDeferred || this.fastOpenOf !== null;
  }

  /** No program will ever have it: it only has to end in order. */
  get isOrphan(): boolean {
    return this.socket === null && this.listener === null;
  }

  /** RCV.WND: what is left of the window that we have advertised. */
  get rcvWnd(): number {
    const wnd = (this.rcvAdv - this.rcvNxt) | 0;
    return wnd > 0 ? wnd : 0;
  }

  /** Sequence number after the last byte that the program has written. */
  get sndEnd(): number {
    return (this.sndRingSeq + this.sndRing.usedBytes) | 0;
  }

  /** Segments have to wait for their time (pacing.ts). */
  get isPaced(): boolean {
    return this.pacer.rate > 0;
  }

  /** RFC 6675 pipe: bytes that are estimated to be in the network. */
  get pipe(): number {
    const outstanding = (this.sndNxt - this.sndUna) | 0;
    const sent = this.sent;
    const pipe = outstanding - sent.sackedBytes - sent.lostBytes + sent.retransBytes -
      this.dupAckedBytes;
    // Without SACK, duplicate acknowledgments of small segments say too much
    return pipe > 0 ? pipe : 0;
  }
}

/**
 * A connection of the stack under test as its peer should see it: where its windows begin and end,
 * what is in flight. Read straight out of the stack, so that a peer needs no state of its own and
 * every edge is known exactly. One object, reused.
 *
 * @module
 */
import {
  type Flow,
  FLOW_SYN_REQUEST,
  FLOW_TCB,
  FLOW_TIME_WAIT,
} from "../../stack/tcp/base/flow.ts";
import { State } from "../../stack/tcp/base/state.ts";
import type { SynRequest } from "../../stack/tcp/passive_open/syn_request.ts";
import type { Tcb } from "../../stack/tcp/tcb/tcb.ts";
import type { TimeWait } from "../../stack/tcp/teardown/time_wait.ts";

/** Edges of sent records and of received intervals that are looked at. */
const EDGES_MAX = 32;

export class FlowView {
  /**
   * FLOW_*, and for a whole connection its state; SYN-RECEIVED and TIME-WAIT for the small ones.
   */
  kind = FLOW_TCB;
  state: State = State.CLOSED;
  local = 0;
  localPort = 0;
  remote = 0;
  remotePort = 0;
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  maxSndWnd = 0;
  /** The window field that the peer sent last, if it would give SND.WND again. */
  hasWindow = false;
  lastWindow = 0;
  smss = 536;
  irs = 0;
  rcvNxt = 0;
  rcvWnd = 0;
  lastAckSent = 0;
  hasTimestamps = false;
  hasSack = false;
  hasEcn = false;
  tsRecent = 0;
  tsOffset = 0;
  /** A Fast Open cookie that the stack has given to this peer; null: none. */
  cookie: Uint8Array | null = null;
  /** Ends of what was sent, and of what was received out of order; ascending. */
  readonly sentEdges = new Int32Array(EDGES_MAX);
  sentCount = 0;
  readonly gapEdges = new Int32Array(EDGES_MAX);
  gapCount = 0;

  load(flow: Flow): void {
    this.cookie = null;
    this.kind = flow.kind;
    this.local = flow.local.w3 >>> 0;
    this.localPort = flow.localPort;
    this.remote = flow.remote.w3 >>> 0;
    this.remotePort = flow.remotePort;
    this.sentCount = 0;
    this.gapCount = 0;
    this.hasWindow = false;
    if (flow.kind === FLOW_TCB) this.#loadTcb(flow as Tcb);
    else if (flow.kind === FLOW_SYN_REQUEST) this.#loadRequest(flow as SynRequest);
    else if (flow.kind === FLOW_TIME_WAIT) this.#loadTimeWait(flow as TimeWait);
  }

  #loadTcb(tcb: Tcb): void {
    this.state = tcb.state;
    this.iss = tcb.iss;
    this.sndUna = tcb.sndUna;
    this.sndNxt = tcb.sndNxt;
    this.maxSndWnd = tcb.maxSndWnd;
    this.lastWindow = Math.min(0xffff, tcb.sndWnd >>> tcb.sndWindShift);
    this.hasWindow = true;
    this.smss = tcb.smss;
    this.irs = tcb.irs;
    this.rcvNxt = tcb.rcvNxt;
    this.rcvWnd = tcb.rcvWnd;
    this.lastAckSent = tcb.lastAckSent;
    this.hasTimestamps = tcb.hasTimestamps;
    this.hasSack = tcb.hasSack;
    this.hasEcn = tcb.hasEcn;
    this.tsRecent = tcb.tsRecent;
    this.tsOffset = tcb.tsOffset;
    let n = 0;
    for (let s = tcb.sent.head; s !== null && n < EDGES_MAX; s = s.next) {
      this.sentEdges[n++] = s.end;
    }
    this.sentCount = n;
    const { assembler } = tcb;
    n = 0;
    for (let i = 0; i < assembler.count && n + 2 <= EDGES_MAX; i++) {
      this.gapEdges[n++] = assembler.left[i];
      this.gapEdges[n++] = assembler.right[i];
    }
    this.gapCount = n;
  }

  #loadRequest(request: SynRequest): void {
    this.state = State.SYN_RECEIVED;
    this.iss = request.iss;
    this.sndUna = request.iss;
    this.sndNxt = (request.iss + 1) | 0;
    this.maxSndWnd = 0;
    this.smss = request.peerMss;
    this.irs = request.irs;
    this.rcvNxt = (request.irs + 1) | 0;
    this.rcvWnd = request.rcvWnd;
    this.lastAckSent = this.rcvNxt;
    this.hasTimestamps = request.hasTimestamps;
    this.hasSack = request.hasSack;
    this.hasEcn = request.hasEcn;
    this.tsRecent = request.tsRecent;
    this.tsOffset = request.tsOffset;
  }

  #loadTimeWait(tw: TimeWait): void {
    this.state = State.TIME_WAIT;
    this.iss = (tw.sndNxt - 1) | 0;
    this.sndUna = tw.sndNxt;
    this.sndNxt = tw.sndNxt;
    this.maxSndWnd = 0;
    this.smss = 536;
    this.irs = (tw.rcvNxt - 1) | 0;
    this.rcvNxt = tw.rcvNxt;
    this.rcvWnd = tw.rcvWnd;
    this.lastAckSent = tw.rcvNxt;
    this.hasTimestamps = tw.hasTimestamps;
    this.hasSack = false;
    this.hasEcn = false;
    this.tsRecent = tw.tsRecent;
    this.tsOffset = tw.tsOffset;
  }

  /** A newcomer: nothing is known, sequence numbers are the peer's to choose. */
  loadStranger(local: number, localPort: number, remote: number, remotePort: number): void {
    this.kind = -1;
    this.state = State.CLOSED;
    this.local = local;
    this.localPort = localPort;
    this.remote = remote;
    this.remotePort = remotePort;
    this.iss = 0;
    this.sndUna = 0;
    this.sndNxt = 0;
    this.maxSndWnd = 0;
    this.smss = 536;
    this.irs = 0;
    this.rcvNxt = 0;
    this.rcvWnd = 65535;
    this.lastAckSent = 0;
    this.hasTimestamps = false;
    this.hasSack = false;
    this.hasEcn = false;
    this.tsRecent = 0;
    this.tsOffset = 0;
    this.cookie = null;
    this.hasWindow = false;
    this.sentCount = 0;
    this.gapCount = 0;
  }

  /**
   * From a SYN-ACK on the wire: the stack may remember nothing of it (SYN cookies). `tsVal` 0: it
   * had no timestamp.
   */
  loadHandshake(frame: Uint8Array, tsVal: number, nowUs: number): void {
    const dv = new DataView(frame.buffer, frame.byteOffset);
    this.loadStranger(dv.getUint32(26), dv.getUint16(34), dv.getUint32(30), dv.getUint16(36));
    this.kind = FLOW_SYN_REQUEST;
    this.state = State.SYN_RECEIVED;
    this.iss = dv.getInt32(38);
    this.sndUna = this.iss;
    this.sndNxt = (this.iss + 1) | 0;
    this.rcvNxt = dv.getInt32(42);
    this.irs = (this.rcvNxt - 1) | 0;
    this.lastAckSent = this.rcvNxt;
    this.hasTimestamps = tsVal !== 0;
    // So that "now" is what the SYN-ACK said
    this.tsOffset = (tsVal - Math.floor(nowUs / 1000)) | 0;
  }
}

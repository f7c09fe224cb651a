/**
 * All that TCP keeps, as somebody sees it who looks at it from outside (ss, /proc/net/tcp):
 * listeners, connections with and without a program, the queues of SYNs, TIME-WAIT. Made anew for
 * each look; nothing here is on the way of a segment.
 *
 * @module
 */
import { ANY_V4, ANY_V6, type IpAddress } from "../base/ip_address.ts";
import { AF_INET, AF_INET6 } from "../base/socket_constants.ts";
import { type Flow, FLOW_SYN_REQUEST, FLOW_TCB } from "./base/flow.ts";
import { RetransmitTimer, State } from "./base/state.ts";
import type { SynRequest } from "./passive_open/syn_request.ts";
import type { SocketHandle } from "./tcb/context.ts";
import type { Listener } from "./tcb/listener.ts";
import type { Tcb } from "./tcb/tcb.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { tcpInfo } from "./user/tcp_info.ts";

/** What is waited for: numbers of inet_diag's idiag_timer, and of /proc/net/tcp. */
export enum ViewTimer {
  NONE = 0,
  RETRANSMIT = 1,
  KEEPALIVE = 2,
  TIME_WAIT = 3,
  PERSIST = 4,
}

export interface TcpView {
  /** AF_INET, or AF_INET6, whose IPv4 addresses are shown mapped. */
  readonly domain: number;
  readonly state: State;
  readonly local: IpAddress;
  readonly localPort: number;
  readonly remote: IpAddress;
  readonly remotePort: number;
  /** SO_BINDTODEVICE; 0: any. */
  readonly ifIndex: number;
  /** Bytes received and not read; of a listener how many connections wait to be accepted. */
  readonly receiveBytes: number;
  /** Bytes not acknowledged, sent or not; of a listener how many connections may wait. */
  readonly sendBytes: number;
  readonly timer: ViewTimer;
  /** Until the timer is due, microseconds. */
  readonly expiresUs: number;
  /** Timeouts, or unanswered probes, in a row. */
  readonly retransmits: number;
  /** The program's handle; null: it has none any more, or not yet. */
  readonly handle: SocketHandle | null;
  /** Of whole connections and listeners; null: it is only a small record. */
  readonly detail: TcpDetail | null;
}

export interface TcpDetail {
  readonly congestion: string;
  /** struct tcp_info */
  readonly info: Uint8Array;
  /** sk_rcvbuf, sk_sndbuf */
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
  readonly isReceiveShut: boolean;
  readonly isSendShut: boolean;
  readonly isV6Only: boolean;
  readonly tos: number;
  readonly mark: number;
  readonly congestionWindow: number;
  readonly slowStartThreshold: number;
}

/** Listeners first. */
export function viewTcp(tcp: TcpLayer, nowUs: number): TcpView[] {
  const views: TcpView[] = [];
  tcp.demux.forEachListener((listener) => views.push(ofListener(listener, nowUs)));
  tcp.demux.forEach((flow) => views.push(ofFlow(flow, nowUs)));
  return views;
}

function ofFlow(flow: Flow, nowUs: number): TcpView {
  if (flow.kind === FLOW_TCB) return ofTcb(flow as Tcb, nowUs);
  return flow.kind === FLOW_SYN_REQUEST
    ? ofRequest(flow as SynRequest, nowUs)
    : ofRecord(flow, State.TIME_WAIT, familyDomain(flow.local), nowUs);
}

function familyDomain(addr: IpAddress): number {
  return addr.family === 4 ? AF_INET : AF_INET6;
}

/** The domain of the program's socket; without one: of the address. */
function domainOf({ socket, listener, local }: Tcb): number {
  const handle = socket ?? listener?.tcb.socket ?? null;
  return (handle as { domain?: number } | null)?.domain ?? familyDomain(local);
}

function ends(flow: Flow): Pick<TcpView, "local" | "localPort" | "remote" | "remotePort"> {
  const { local, localPort, remote, remotePort } = flow;
  return { local, localPort, remote, remotePort };
}

function detailOf(tcb: Tcb, listening: Listener | null, nowUs: number): TcpDetail {
  const { socket } = tcb.options;
  const isSendShut = tcb.isFinQueued;
  return {
    congestion: tcb.congestion.name,
    info: tcpInfo({ tcb, listening }, nowUs),
    receiveBuffer: tcb.rcvBufBytes,
    sendBuffer: tcb.sndBufBytes,
    isReceiveShut: tcb.isRcvShutdown || tcb.isFinReceived,
    isSendShut,
    isV6Only: socket.v6Only,
    tos: socket.tos,
    mark: socket.mark,
    congestionWindow: tcb.cwnd,
    slowStartThreshold: tcb.ssthresh,
  };
}

function ofListener(listener: Listener, nowUs: number): TcpView {
  const { tcb } = listener;
  const domain = domainOf(tcb);
  return {
    ...ends(tcb),
    domain,
    state: State.LISTEN,
    remote: domain === AF_INET ? ANY_V4 : ANY_V6,
    remotePort: 0,
    ifIndex: tcb.options.socket.ifIndex,
    receiveBytes: listener.acceptQueueLength,
    sendBytes: listener.backlog,
    timer: ViewTimer.NONE,
    expiresUs: 0,
    retransmits: 0,
    handle: tcb.socket,
    detail: detailOf(tcb, listener, nowUs),
  };
}

/** Linux inet_sk_diag_fill: what is to come first of all that it knows. */
function timerOf(tcb: Tcb): { timer: ViewTimer; atUs: number; retransmits: number } {
  const isProbing = tcb.retransmitTimer === RetransmitTimer.PERSIST;
  if (isProbing) {
    return { timer: ViewTimer.PERSIST, atUs: tcb.retransmitAtUs, retransmits: tcb.probes };
  }
  const retransmitAtUs = Math.min(tcb.retransmitAtUs, tcb.reorderAtUs, tcb.probeAtUs);
  if (retransmitAtUs < Infinity) {
    return { timer: ViewTimer.RETRANSMIT, atUs: retransmitAtUs, retransmits: tcb.backoff };
  }
  const idleAtUs = Math.min(tcb.keepAliveAtUs, tcb.lingerAtUs);
  if (idleAtUs === Infinity) return { timer: ViewTimer.NONE, atUs: 0, retransmits: 0 };
  return { timer: ViewTimer.KEEPALIVE, atUs: idleAtUs, retransmits: tcb.keepProbes };
}

function ofTcb(tcb: Tcb, nowUs: number): TcpView {
  const { timer, atUs, retransmits } = timerOf(tcb);
  const isFinOut = tcb.isFinQueued && !(tcb.isFinSent && tcb.sndUna === tcb.sndNxt);
  return {
    ...ends(tcb),
    domain: domainOf(tcb),
    state: tcb.state,
    ifIndex: tcb.options.socket.ifIndex,
    receiveBytes: tcb.rcvRing.usedBytes + tcb.rcvHandedBytes,
    sendBytes: tcb.sndRing.usedBytes + (isFinOut ? 1 : 0),
    timer,
    expiresUs: timer === ViewTimer.NONE ? 0 : Math.max(0, atUs - nowUs),
    retransmits,
    handle: tcb.socket,
    detail: detailOf(tcb, null, nowUs),
  };
}

function ofRecord(flow: Flow, state: State, domain: number, nowUs: number): TcpView {
  const isTimeWait = state === State.TIME_WAIT;
  return {
    ...ends(flow),
    domain,
    state,
    ifIndex: 0,
    receiveBytes: 0,
    sendBytes: 0,
    timer: isTimeWait ? ViewTimer.TIME_WAIT : ViewTimer.RETRANSMIT,
    expiresUs: flow.atUs === Infinity ? 0 : Math.max(0, flow.atUs - nowUs),
    retransmits: 0,
    handle: null,
    detail: null,
  };
}

function ofRequest(request: SynRequest, nowUs: number): TcpView {
  const view = ofRecord(request, State.SYN_RECEIVED, domainOf(request.listener.tcb), nowUs);
  return { ...view, retransmits: request.timeouts };
}

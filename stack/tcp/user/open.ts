/**
 * OPEN, active and passive (RFC 9293 3.10.1), and bind: with the checks and errors of Linux's bind,
 * connect and listen.
 *
 * @module
 */
import { LogEvent } from "../../base/log_event.ts";
import { tell } from "../tcb/tell.ts";
import { EVENT_CONNECTED, EVENT_WRITABLE } from "../../base/events.ts";
import {
  EADDRNOTAVAIL,
  EALREADY,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  EOPNOTSUPP,
} from "../../base/errno.ts";
import { checkDestination, checkSource } from "../../base/address_family.ts";
import { ANY_V4, ANY_V6, type IpAddress } from "../../base/ip_address.ts";
import { AF_INET } from "../../base/socket_constants.ts";
import type { Route } from "../../base/network.ts";
import { zoneOf } from "../../base/packet.ts";
import { renewTcb } from "./close.ts";
import {
  FAST_OPEN_CLIENT,
  FAST_OPEN_EVERY_LISTENER,
  FAST_OPEN_SERVER,
  NO_COOKIE,
} from "../secrets/fast_open_cookies.ts";
import { FLOW_TIME_WAIT } from "../base/flow.ts";
import { Listener } from "../tcb/listener.ts";
import { updateSmss } from "../path/mss.ts";
import { fullWindow, maxReceiveWindow, windowShiftFor } from "../receive/receive_window.ts";
import type { TcpSocket } from "./socket.ts";
import { State } from "../base/state.ts";
import type { Tcb } from "../tcb/tcb.ts";
import type { TimeWait } from "../teardown/time_wait.ts";
import { needsNoCookie, sendSyn } from "../output/syn.ts";
import { nextState, StateEvent } from "../base/state_table.ts";
import { setState } from "../teardown/lifecycle.ts";
import { WINDOW_FIELD_MAX } from "../base/segment.ts";

/** A TIME-WAIT may be opened anew when its peer's timestamps have moved on (tcp_tw_reuse). */
const TIME_WAIT_REUSE_US = 1_000_000;

export function bindSocket(socket: TcpSocket, addr: IpAddress, port: number): number {
  const { tcb } = socket;
  if (tcb.state !== State.CLOSED || tcb.binding !== null || socket.wasConnected) return -EINVAL;
  const refused = checkSource(socket.domain, tcb.options.socket.v6Only, addr);
  if (refused !== 0) return refused;
  if (!mayHave(tcb, addr)) return -EADDRNOTAVAIL;
  if (port !== 0 || !tcb.options.socket.bindAddressNoPort) return bindPort(tcb, addr, port);
  // connect() finds a port in more cases: it knows the other end
  tcb.local = addr;
  return 0;
}

/** Whether `addr` is ours, or whose it is does not matter (ip(7): IP_FREEBIND). */
function mayHave({ layer: { network }, options }: Tcb, addr: IpAddress): boolean {
  const { freeBind, transparent } = options.socket;
  return addr.isUnspecified || freeBind || transparent || network.isLocal(addr);
}

/** Claims a port; 0: any. */
function bindPort(tcb: Tcb, addr: IpAddress, port: number): number {
  const binding = tcb.layer.bindings.bind(addr, port, tcb.options.socket);
  if (typeof binding === "number") return binding;
  tcb.binding = binding;
  tcb.local = addr;
  tcb.localPort = binding.port;
  return 0;
}

export function listenSocket(socket: TcpSocket, backlog: number): number {
  const { tcb } = socket;
  const { layer } = tcb;
  const limit = Math.min(backlog < 0 ? layer.config.somaxconn : backlog, layer.config.somaxconn);
  if (socket.listening !== null) {
    socket.listening.backlog = limit;
    return 0;
  }
  if (tcb.state !== State.CLOSED || socket.wasConnected || socket.isConnecting) return -EINVAL;
  if (tcb.binding === null) {
    const any = socket.domain === AF_INET ? ANY_V4 : ANY_V6;
    const result = bindPort(tcb, tcb.local.isUnspecified ? any : tcb.local, 0);
    if (result < 0) return result;
  }
  const result = layer.bindings.startListening(tcb.binding!);
  if (result < 0) return result;
  setState(tcb, nextState(tcb.state, StateEvent.PASSIVE_OPEN));
  socket.listening = new Listener(tcb, limit);
  const everyListener = FAST_OPEN_SERVER | FAST_OPEN_EVERY_LISTENER;
  if ((layer.config.fastOpen & everyListener) === everyListener) {
    tcb.ownOptions().fastOpenQueue ||= limit;
  }
  layer.demux.addListener(socket.listening);
  tell(tcb, LogEvent.TCP_LISTEN, limit);
  return 0;
}

/**
 * Returns -EINPROGRESS; 0 when the SYN waits for data to take along (Fast Open); or why there will
 * be no connection.
 */
export function connectSocket(
  socket: TcpSocket,
  addr: IpAddress,
  port: number,
  nowUs: number,
  isFast = socket.tcb.options.fastOpenConnect,
  hasData = true,
): number {
  const { tcb } = socket;
  const { layer, options } = tcb;
  const refused = checkUnconnected(socket) ||
    checkDestination(socket.domain, options.socket.v6Only, addr);
  if (refused < 0) return refused;
  if (addr.isMulticast || addr.isBroadcast) return -ENETUNREACH;
  const bound = tcb.local.isUnspecified ? null : tcb.local;
  const route = layer.network.route(addr, bound, options.socket.ifIndex);
  if (typeof route === "number") return route;
  if (route.isBroadcast || route.isMulticast) return -ENETUNREACH;
  // Not `addr`: the wildcard stands for an address of ours
  tcb.zone = zoneOf(route);
  const result = chooseLocal(tcb, bound ?? route.src, route.dst, port, nowUs);
  if (result < 0) return result;
  socket.isConnecting = true;
  startConnect(tcb, route, isFast, hasData, nowUs);
  return tcb.isConnectDeferred ? 0 : -EINPROGRESS;
}

/**
 * For send(MSG_FASTOPEN): as if TCP_FASTOPEN_CONNECT were set (Linux tcp_sendmsg_fastopen). Without
 * data the SYN goes at once, with the cookie alone.
 */
export function connectFast(
  socket: TcpSocket,
  addr: IpAddress,
  port: number,
  nowUs: number,
  hasData: boolean,
): number {
  const { isConnectDeferred, layer } = socket.tcb;
  if ((layer.config.fastOpen & FAST_OPEN_CLIENT) === 0) return -EOPNOTSUPP;
  if (isConnectDeferred) return 0;
  return connectSocket(socket, addr, port, nowUs, true, hasData);
}

/** 0 when a new attempt may be made; a failed one before it has to be reported first. */
function checkUnconnected(socket: TcpSocket): number {
  const { state } = socket.tcb;
  if (state === State.LISTEN) return -EISCONN;
  // For the program it is connected, and may write
  if (socket.tcb.isConnectDeferred) return -EISCONN;
  if (state === State.SYN_SENT || state === State.SYN_RECEIVED) return -EALREADY;
  if (state !== State.CLOSED) return -EISCONN;
  if (socket.wasConnected) return -EISCONN;
  if (!socket.isConnecting) return 0;
  const errno = socket.takeError();
  renewTcb(socket);
  return errno !== 0 ? -errno : -ECONNABORTED;
}

/** Fixes the local end and enters the connection into the demultiplexer. 0 or -errno. */
function chooseLocal(
  tcb: Tcb,
  local: IpAddress,
  remote: IpAddress,
  remotePort: number,
  nowUs: number,
): number {
  const { layer } = tcb;
  const { binding: bound } = tcb;
  // A port of the program's own choice may be had again at once (Linux tcp_twsk_unique)
  const idleUs = bound === null ? TIME_WAIT_REUSE_US : 0;
  const isTaken = (port: number) => !isFree(tcb, local, port, remote, remotePort, nowUs - idleUs);
  if (bound !== null) {
    if (isTaken(bound.port)) return -EADDRNOTAVAIL;
  } else {
    const { bindings } = layer;
    const { options } = tcb;
    const binding = bindings.bindForConnect(
      local,
      remote,
      remotePort,
      options.socket,
      nowUs,
      isTaken,
    );
    if (typeof binding === "number") return binding;
    tcb.binding = binding;
  }
  tcb.local = local;
  tcb.localPort = tcb.binding!.port;
  tcb.remote = remote;
  tcb.remotePort = remotePort;
  const previous = layer.demux.find(local, tcb.localPort, remote, remotePort, tcb.zone);
  tcb.iss = layer.isn.isn(tcb, nowUs);
  if (previous !== null) {
    const timeWait = previous as TimeWait;
    tcb.iss = timeWait.nextIss;
    timeWait.end();
  }
  layer.demux.enter(tcb);
  return 0;
}

/**
 * No connection between the two ends, or one in TIME-WAIT that timestamps protect (RFC 6191) and
 * that was heard of last by `beforeUs`.
 */
function isFree(
  tcb: Tcb,
  local: IpAddress,
  port: number,
  remote: IpAddress,
  remotePort: number,
  beforeUs: number,
): boolean {
  const flow = tcb.layer.demux.find(local, port, remote, remotePort, tcb.zone);
  if (flow === null) return true;
  if (flow.kind !== FLOW_TIME_WAIT) return false;
  const timeWait = flow as TimeWait;
  return timeWait.hasTimestamps && timeWait.tsRecentAtUs <= beforeUs;
}

/** "Issue a SYN segment; set SND.UNA to ISS, SND.NXT to ISS+1, enter SYN-SENT." */
function startConnect(
  tcb: Tcb,
  route: Route,
  wantsFast: boolean,
  hasData: boolean,
  nowUs: number,
): void {
  const { layer } = tcb;
  const { config } = layer;
  tcb.route = route;
  tcb.soError = 0;
  tcb.hasTimestamps = config.timestamps;
  tcb.hasSack = config.sack;
  tcb.hasEcn = config.ecn === 1;
  tcb.hasWindowScale = config.windowScaling;
  tcb.rcvWindShift = tcb.hasWindowScale ? windowShiftFor(maxReceiveWindow(tcb)) : 0;
  tcb.tsOffset = layer.isn.timestampOffset(tcb);
  tcb.rcvNxt = 0;
  tcb.rcvAdv = Math.min(fullWindow(tcb), WINDOW_FIELD_MAX);
  updateSmss(tcb);
  tcb.cwnd = tcb.smss;
  tcb.sndUna = tcb.iss;
  tcb.sndNxt = tcb.iss;
  tcb.sndRingSeq = (tcb.iss + 1) | 0;
  tcb.sndSml = tcb.iss;
  tcb.writes.begin(tcb.sndRingSeq);
  tcb.recover = tcb.iss;
  tell(tcb, LogEvent.TCP_CONNECT);
  setState(tcb, nextState(tcb.state, StateEvent.ACTIVE_OPEN));
  layer.counters.tcp.activeOpens++;
  const isFast = wantsFast && (config.fastOpen & FAST_OPEN_CLIENT) !== 0 &&
    !layer.fastOpenPause.isOn(nowUs);
  const cookie = isFast ? layer.cookieCache.get(tcb.remote)?.cookie ?? NO_COOKIE : null;
  const isWelcome = cookie !== null && cookie.length > 0 || needsNoCookie(tcb);
  if (isFast && hasData && isWelcome) {
    // The SYN waits for data to take along
    tcb.isConnectDeferred = true;
    layer.raise(tcb, EVENT_CONNECTED | EVENT_WRITABLE);
    return;
  }
  sendSyn(tcb, cookie, nowUs);
}

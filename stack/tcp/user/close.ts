/**
 * CLOSE and its relatives (RFC 9293 3.10.4, 3.10.5; RFC 1122 4.2.2.13; SO_LINGER and orphans as in
 * Linux).
 *
 * @module
 */
import { GROW_SHARE, isWithin } from "../../base/memory_share.ts";
import { EndCause } from "../base/end_cause.ts";
import { ECONNRESET } from "../../base/errno.ts";
import { emitReset } from "../output/emit.ts";
import { hasUnsent, tcpOutput } from "../output/output.ts";
import {
  abortConnection,
  deleteTcb,
  failConnection,
  limitFinWait2,
  setState,
} from "../teardown/lifecycle.ts";
import { createCongestionControl } from "../congestion/mod.ts";
import type { TcpSocket } from "./socket.ts";
import { State } from "../base/state.ts";
import { Tcb } from "../tcb/tcb.ts";
import { nextState, StateEvent } from "../base/state_table.ts";

/** SOCK_MIN_SNDBUF */
const CHEAP_BYTES = 4608;

/**
 * The sending side is closed: FIN follows the last byte. "Queue this until all preceding SENDs have
 * been segmentized, then form a FIN segment and send it."
 */
export function queueFin(tcb: Tcb): void {
  const { state } = tcb;
  if (tcb.isFinQueued || state === State.CLOSED || state === State.LISTEN) return;
  tcb.isFinQueued = true;
  setState(tcb, nextState(state, StateEvent.CLOSE));
  tcb.layer.markDirty(tcb);
}

/**
 * close(): the socket is done with; its connection lives on as an orphan until both sides are
 * through.
 */
export function closeSocket(socket: TcpSocket, nowUs: number): void {
  const { tcb } = socket;
  const { layer } = tcb;
  const { counters, config } = layer;
  if (tcb.state === State.LISTEN) stopListening(socket, nowUs);
  tcb.socket = null;
  if (tcb.state === State.CLOSED) return releaseClosed(tcb);
  layer.orphanCount++;
  if (tcb.state === State.SYN_SENT && !hasFastOpenData(tcb)) return deleteTcb(tcb);
  if (tcb.rcvRing.usedBytes > 0) {
    // RFC 2525 2.17: data that nobody will read is lost, and the peer has to know
    counters.tcp.abortOnClose++;
    return abortForProgram(tcb, nowUs, EndCause.UNREAD_DATA);
  }
  if (tcb.options.socket.lingerOn && tcb.options.socket.lingerSeconds === 0) {
    counters.tcp.abortOnData++;
    return abortForProgram(tcb, nowUs, EndCause.LINGER_ZERO);
  }
  if (layer.orphanCount > config.orphanMax || isTooDear(tcb)) {
    counters.tcp.abortOnMemory++;
    return abortConnection(tcb, nowUs, EndCause.TOO_MANY_ORPHANS);
  }
  queueFin(tcb);
  if (tcb.state === State.FIN_WAIT_2) limitFinWait2(tcb, nowUs);
}

/** What it has not sent yet takes memory that others need (Linux tcp_out_of_memory). */
function isTooDear({ layer, sndRing }: Tcb): boolean {
  return sndRing.usedBytes > CHEAP_BYTES && !isWithin(layer.memory, GROW_SHARE);
}

/** The program wants a reset. */
export function abortForProgram(tcb: Tcb, nowUs: number, cause: EndCause): void {
  sendQueued(tcb, nowUs);
  abortConnection(tcb, nowUs, cause);
}

/**
 * Linux sends within send(); here what was written waits for the flush. Before a reset it leaves
 * now, as far as the peer's window and cwnd allow: an answer may be the last word of a server that
 * does not read on.
 */
function sendQueued(tcb: Tcb, nowUs: number): void {
  if (hasUnsent(tcb)) tcpOutput(tcb, nowUs);
}

/**
 * Data was handed over that goes, or has gone, with the SYN: it is to arrive. (On Linux it has left
 * by now, and the attempt is given up all the same.)
 */
function hasFastOpenData(tcb: Tcb): boolean {
  return tcb.synDataLen > 0 || (tcb.isConnectDeferred && tcb.sndRing.usedBytes > 0);
}

/** What a socket still holds after its connection has ended. */
function releaseClosed(tcb: Tcb): void {
  tcb.rcvRing.free();
  if (tcb.binding !== null) tcb.layer.bindings.release(tcb.binding);
  tcb.binding = null;
}

function stopListening(socket: TcpSocket, nowUs: number): void {
  const { listening, tcb } = socket;
  if (listening === null) return;
  tcb.layer.demux.removeListener(listening);
  for (const child of listening.takeAll()) {
    abortConnection(child, nowUs, EndCause.LISTENER_CLOSED);
    child.listener = null;
    child.rcvRing.free();
  }
  socket.listening = null;
  if (tcb.binding !== null) tcb.binding.isListening = false;
  tcb.state = State.CLOSED;
}

/**
 * connect(AF_UNSPEC), shutdown(SHUT_RD) of a listener or an attempt: back to an unconnected socket.
 * Whoever waits for what is lost that way is told of a reset, as on Linux; an error that nobody has
 * been told (`soError`: by the owner, who has taken it) stays.
 */
export function disconnectSocket(socket: TcpSocket, nowUs: number, soError = 0): number {
  const { tcb } = socket;
  const { state } = tcb;
  const isLost = state === State.SYN_SENT || needsReset(state);
  if (state === State.LISTEN) stopListening(socket, nowUs);
  else if (state !== State.CLOSED) {
    if (needsReset(state)) {
      sendQueued(tcb, nowUs);
      emitReset(tcb, nowUs);
    }
    failConnection(tcb, 0, EndCause.DISCONNECTED);
  }
  const left = soError || tcb.soError;
  renewTcb(socket);
  socket.tcb.soError = isLost ? ECONNRESET : left;
  return 0;
}

/** Linux tcp_need_reset */
function needsReset(state: State): boolean {
  return state === State.ESTABLISHED || state === State.CLOSE_WAIT || state === State.FIN_WAIT_1 ||
    state === State.FIN_WAIT_2 || state === State.SYN_RECEIVED;
}

/** A fresh TCB for a socket whose last one is over; options, and a port bound by bind(), stay. */
export function renewTcb(socket: TcpSocket): void {
  const old = socket.tcb;
  const congestion = createCongestionControl(old.congestion.name, old.layer.random)!;
  const fresh = new Tcb(old.layer, congestion, old.ownOptions());
  fresh.pacer.maxRate = old.pacer.maxRate;
  fresh.rcvBufBytes = old.options.isRcvBufLocked ? old.rcvBufBytes : fresh.rcvBufBytes;
  fresh.sndBufBytes = old.options.isSndBufLocked ? old.sndBufBytes : fresh.sndBufBytes;
  fresh.binding = old.binding;
  if (old.binding !== null) {
    fresh.local = old.binding.addr;
    fresh.localPort = old.binding.port;
  }
  old.binding = null;
  old.socket = null;
  old.rcvRing.free();
  fresh.socket = socket;
  socket.tcb = fresh;
  socket.timeWait = null;
  socket.isConnecting = false;
  socket.wasConnected = false;
  socket.isReadShutdown = false;
}

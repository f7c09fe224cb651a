/**
 * socket(), and what makes and names connections, behind the second door: each becomes the request
 * that the shim would make of it, as far as the kernel does not do on the pair what is to be done.
 *
 * @module
 */
import {
  AF_PACKET,
  MSG_DONTWAIT,
  SO_SNDTIMEO_OLD,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import { getIntOption } from "../../../ffi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  AF_UNSPEC,
  EAFNOSUPPORT,
  EAGAIN,
  ECONNABORTED,
  EFAULT,
  EINPROGRESS,
  EINVAL,
  ENOENT,
  EOPNOTSUPP,
  SO_ERROR,
} from "../../../stack/mod.ts";
import type { Call } from "../control/call.ts";
import { carryOut } from "../control/operations.ts";
import { connect as connectEndpoint, connectEnded } from "../control/socket_requests.ts";
import { SCRATCH_LEN } from "../endpoint/app_context.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { CAP_NET_RAW } from "../endpoint/privilege.ts";
import { copyPairOptions, setPairBuffer } from "../endpoint/pair.ts";
import { ListenerEndpoint } from "../endpoint/listener_endpoint.ts";
import type { EndedSocket } from "../endpoint/ended_sockets.ts";
import { reviveSocket } from "../endpoint/fresh_pair.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import { REPLY_DEFERRED } from "../protocol/deferred_reply.ts";
import { readCookie } from "../protocol/message.ts";
import { addressIn, sockaddrLen } from "../protocol/sockaddr.ts";
import { noteEnd } from "./program_end.ts";
import {
  ANSWERED,
  type DoorCall,
  giveDescriptor,
  PASS,
  type SocketCall,
  WAIT,
} from "./door_call.ts";

const SOCKET_TYPE_MASK = 0xf;
export const SOCKADDR_MAX = 128;
const RIGHTS_LEN = 8;
/** In one message it is charged more than the smallest SO_SNDBUF (SOCK_MIN_SNDBUF). */
const FILLER_LEN = 4096;

/** The kernel makes it, or says who may not; see io/capture. */
function packetSocket({ call }: DoorCall): number {
  if (!(call.rights?.has(CAP_NET_RAW) ?? false)) return PASS;
  const opened = call.app.openCapture?.(call.nowUs) ?? -EAFNOSUPPORT;
  return opened < 0 ? opened : PASS;
}

/** socket() */
export function makeSocket(doorCall: DoorCall): number {
  const { trap, call, calls, thread } = doorCall;
  const { request, reply } = call;
  if (trap.argument(0) === AF_PACKET) return packetSocket(doorCall);
  const flags = trap.argument(1) & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  const type = trap.argument(1) & ~flags;
  if ((type & ~SOCKET_TYPE_MASK) !== 0) return -EINVAL;
  request.op = P.NUSE_OP_SOCKET;
  [request.a, request.b, request.c] = [trap.argument(0), type, trap.argument(2)];
  carryOut(call);
  if (reply.result < 0) return reply.result;
  const user = calls.effectiveUser(thread.process.pidfd);
  if (user >= 0) call.caller.account.uid = user;
  const endpoint = call.app.endpoints.get(reply.cookie);
  if (endpoint instanceof DatagramEndpoint) endpoint.becomePlain();
  if ((flags & SOCK_NONBLOCK) !== 0) calls.makeNonblocking(reply.passFd);
  watchUrgent(doorCall, endpoint);
  const given = giveDescriptor(doorCall, reply.passFd, (flags & SOCK_CLOEXEC) !== 0, endpoint);
  call.app.sys.close(reply.passFd);
  return given === -ENOENT ? ANSWERED : given;
}

/** Without the shim nobody tells who looks out for urgent data: whoever wants it has it. */
export function watchUrgent({ call }: DoorCall, endpoint: Endpoint | null): void {
  if (endpoint instanceof StreamEndpoint) endpoint.watchUrgent(call.nowUs);
}

/** Copies the sockaddr of argument 1 and 2 to the request: 0 or -errno. */
function readAddress({ trap, call: { request } }: DoorCall): number {
  const len = trap.argument(2);
  if (len < 0 || len > SOCKADDR_MAX) return -EINVAL;
  request.dataLen = len;
  return trap.read(1, request.dataOff, len);
}

/**
 * Copies the sockaddr of `len` bytes at `off` to the program's argument 1, cut to what argument 2
 * leads to, and its length there: 0 or -errno.
 */
export function writeAddress({ trap }: DoorCall, off: number, len: number): number {
  const room = trap.readInt(2);
  if (room === null) return -EFAULT;
  if (room < 0) return -EINVAL;
  const copied = trap.write(1, off, Math.min(room, len));
  return copied < 0 ? copied : trap.writeInt(2, len);
}

/** bind() */
export function bind(socketCall: SocketCall): number {
  const { call } = socketCall;
  call.request.op = P.NUSE_OP_BIND;
  const read = readAddress(socketCall);
  if (read < 0) return read;
  carryOut(call);
  return call.reply.result;
}

/** connect() */
export function connect(socketCall: SocketCall): number {
  const { call: { app, request }, cookie, endpoint, fd } = socketCall;
  request.op = P.NUSE_OP_CONNECT;
  const read = readAddress(socketCall);
  if (read < 0) return read;
  if (endpoint === null) return connectAgain(socketCall);
  if (endpoint.cookie === cookie) return connectBy(socketCall, endpoint, fd);
  const fresh = replacePair(socketCall);
  if (fresh < 0) return -EINVAL;
  request.cookie = endpoint.cookie;
  const result = connectBy(socketCall, endpoint, fresh);
  app.sys.close(fresh);
  return result;
}

/** `fd`: a copy of the program's end of the pair. */
export function connectBy(socketCall: SocketCall, endpoint: Endpoint, fd: number): number {
  const { call, calls, isRepeated, thread, trap } = socketCall;
  const { request } = call;
  const isWaiting = calls.isNonblocking(fd) === 0;
  const isUnderWay = endpoint instanceof StreamEndpoint && endpoint.isConnecting;
  request.a = isWaiting ? 0 : FILLER_LEN;
  request.b = isWaiting ? P.NUSE_CONNECT_WAIT : 0;
  if (isRepeated && isWaiting && isUnderWay) request.dataLen = 0; // a signal has cut it off
  const result = connectEndpoint(call, endpoint);
  noteEnd(call.app, calls, endpoint, thread.process, trap.argument(0));
  if (result === -EINPROGRESS) makeUnwritable(call, fd);
  if (call.reply.passFd >= 0) putReplied(socketCall, fd);
  if (result !== REPLY_DEFERRED) return result;
  if (endpoint instanceof StreamEndpoint) limitWait(socketCall, endpoint, fd);
  return ANSWERED;
}

/** SO_SNDTIMEO: from then on the attempt is one for which nobody waits. */
function limitWait({ call, thread }: SocketCall, endpoint: StreamEndpoint, fd: number): void {
  const { loop, sys, waitLimits } = call.app;
  const limitUs = waitLimits.ofSocket(fd, SO_SNDTIMEO_OLD);
  if (limitUs <= 0) return;
  waitLimits.set(thread, loop.nowUs + limitUs, () => {
    const copy = endpoint.seenEnd?.copy(endpoint.cookie) ?? -1;
    if (copy >= 0) makeUnwritable(call, copy);
    endpoint.connecting.cancelReply(copy < 0 ? 0 : FILLER_LEN);
    if (copy >= 0) sys.close(copy);
  });
}

/**
 * For a connect() that nobody waits for (connecting.ts), or a listener: nothing can be sent while
 * what our end has not read fills the smallest SO_SNDBUF.
 */
function makeUnwritable({ app }: Call, fd: number): void {
  app.sys.send(fd, app.base, app.scratchOff, FILLER_LEN, 0, 0, 0);
  setPairBuffer(app.sys, fd, 1);
}

/**
 * Its pair is closed: after an attempt there may be another, after a connection only connect() with
 * AF_UNSPEC has a meaning.
 */
function connectAgain(socketCall: SocketCall): number {
  const { call, ended, fd } = socketCall;
  const { app: { memory }, request } = call;
  if (ended === null) return -EINVAL;
  const address = addressIn(memory.dv, request, ended.socket.domain);
  const isOther = typeof address !== "number" && address.family !== AF_UNSPEC && ended.isAttempt;
  if (isOther) return attemptAgain(socketCall, ended);
  const result = connectEnded(call, ended);
  if (call.reply.passFd >= 0) putReplied(socketCall, fd);
  return result;
}

/** What the last attempt came to, if no connect() has told it yet; or another, by a fresh pair. */
function attemptAgain(socketCall: SocketCall, ended: EndedSocket): number {
  const { call: { app, caller, nowUs, request }, cookie, fd } = socketCall;
  forgetToldError(fd, ended);
  if (ended.isOutcomePending) {
    ended.isOutcomePending = false;
    getIntOption(fd, SOL_SOCKET, SO_ERROR); // told now
    return -(ended.takeError() || ECONNABORTED);
  }
  const fresh = reviveSocket(app, cookie, ended, caller.account, nowUs);
  const endpoint = app.endpoints.get(cookie);
  if (fresh < 0 || endpoint === null) return fresh;
  watchUrgent(socketCall, endpoint);
  putPair(socketCall, fd, fresh);
  request.cookie = endpoint.cookie;
  const result = connectBy(socketCall, endpoint, fresh);
  app.sys.close(fresh);
  return result;
}

/** What the pair has told of an error (endpoint/stream_ends.ts) nobody else is told. */
export function forgetToldError(fd: number, ended: EndedSocket): void {
  if (ended.isErrorShown && getIntOption(fd, SOL_SOCKET, SO_ERROR) === 0) ended.takeError();
  ended.isErrorShown = false;
}

/** Puts the end of a fresh pair that comes with the reply in the place of the program's `fd`. */
function putReplied(socketCall: SocketCall, fd: number): void {
  const { call: { app, reply } } = socketCall;
  putPair(socketCall, fd, reply.passFd);
  app.sys.close(reply.passFd);
  reply.passFd = -1;
}

/** Puts the fresh end that waits in the broken pair in its place: our copy of it, or -errno. */
function replacePair(socketCall: SocketCall): number {
  const { call: { app, fdOff }, fd } = socketCall;
  const { sys, base, scratchOff, memory } = app;
  const n = sys.recvFd(fd, base, scratchOff, SCRATCH_LEN, fdOff, MSG_DONTWAIT);
  const fresh = n < 0 ? -1 : memory.dv.getInt32(fdOff, true);
  if (fresh < 0) return -EAGAIN;
  putPair(socketCall, fd, fresh);
  return fresh;
}

/** What the program has set with the kernel goes over from `fd` to `fresh`. */
function putPair({ call: { app }, calls, door, trap }: SocketCall, fd: number, fresh: number) {
  if (calls.isNonblocking(fd) === 1) calls.makeNonblocking(fresh);
  copyPairOptions(app.sys, fd, fresh);
  calls.give(door, trap.idLow, trap.idHigh, fresh, trap.argument(0), 1);
}

/** listen() */
export function listen({ call, endpoint, fd, trap }: SocketCall): number {
  call.request.op = P.NUSE_OP_LISTEN;
  call.request.a = trap.argument(1);
  carryOut(call);
  const { reply: { result } } = call;
  if (result === 0 && endpoint instanceof StreamEndpoint) makeUnwritable(call, fd);
  return result;
}

/** accept(), accept4(): `flags` of the latter. */
export function accept(socketCall: SocketCall, flags: number): number {
  const { call: { app }, calls, cookie, endpoint, fd, kept, trap } = socketCall;
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) !== 0) return -EINVAL;
  if (!(endpoint instanceof ListenerEndpoint)) {
    return endpoint instanceof StreamEndpoint || endpoint === null ? -EINVAL : -EOPNOTSUPP;
  }
  const before = kept.take(cookie, app.scratchOff);
  const accepted = before >= 0 ? before : takeRecord(socketCall);
  if (accepted === -EAGAIN) return calls.isNonblocking(fd) === 0 ? WAIT : -EAGAIN;
  if (accepted < 0) return accepted;
  const cookieOff = app.scratchOff + P.NUSE_ACCEPT_COOKIE_OFF;
  const connection = app.endpoints.get(readCookie(app.memory.dv, cookieOff));
  watchUrgent(socketCall, connection);
  const peerOff = app.scratchOff + P.NUSE_ACCEPT_PEER_OFF;
  const named = trap.isNull(1)
    ? 0
    : writeAddress(socketCall, peerOff, sockaddrLen(endpoint.socket.domain));
  if (named < 0) {
    app.sys.close(accepted);
    return named;
  }
  if ((flags & SOCK_NONBLOCK) !== 0) calls.makeNonblocking(accepted);
  const given = giveDescriptor(socketCall, accepted, (flags & SOCK_CLOEXEC) !== 0, connection);
  if (given === -ENOENT) {
    kept.keep(cookie, accepted, app.scratchOff);
    return ANSWERED;
  }
  app.sys.close(accepted);
  return given;
}

/** One connection off the listening pair, its record at `scratchOff`: its descriptor, or -errno. */
function takeRecord({ call: { app, fdOff }, fd }: SocketCall): number {
  const { sys, base, scratchOff, memory } = app;
  const n = sys.recvFd(fd, base, scratchOff, P.NUSE_ACCEPT_LEN + RIGHTS_LEN, fdOff, MSG_DONTWAIT);
  if (n < 0) return n;
  if (n === 0) return -EINVAL; // shut down
  const accepted = memory.dv.getInt32(fdOff, true);
  return accepted < 0 ? -ECONNABORTED : accepted;
}

/** getsockname(), getpeername(): `which` 0, 1. */
export function name(socketCall: SocketCall, which: number): number {
  const { call } = socketCall;
  call.request.op = P.NUSE_OP_NAME;
  call.request.a = which;
  carryOut(call);
  const { reply } = call;
  return reply.result < 0 ? reply.result : writeAddress(socketCall, reply.dataOff, reply.dataLen);
}

/** shutdown(): the stack is told first, then the kernel does it to the pair. */
export function shutdown(socketCall: SocketCall): number {
  const { call, cookie, fd, trap } = socketCall;
  const { app, request, reply } = call;
  request.op = P.NUSE_OP_SHUTDOWN;
  request.a = trap.argument(1);
  request.b = 1; // a listener that is one no more gets a fresh pair
  carryOut(call);
  if (reply.result < 0) return reply.result;
  app.parked.wake(cookie);
  if (reply.passFd >= 0) {
    putReplied(socketCall, fd);
    return 0;
  }
  const mayConnect = (reply.state & (P.NUSE_STATE_CONNECTED | P.NUSE_STATE_LISTENING)) === 0;
  return mayConnect ? 0 : PASS;
}

/**
 * Requests that make, name, connect and end sockets: SOCKET OPEN WHO BIND CONNECT LISTEN NAME
 * SHUTDOWN READ CLOSE SETTLE MORE URGENT.
 *
 * @module
 */
import {
  AF_INET,
  AF_INET6,
  SHUT_WR,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../../../ffi/abi/socket.ts";
import {
  AF_UNSPEC,
  type DatagramSocket,
  EACCES,
  EAFNOSUPPORT,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMFILE,
  ENETUNREACH,
  ENFILE,
  ENOTCONN,
  EOPNOTSUPP,
  EPERM,
  type Socket,
  type StreamSocket,
  useFlowLabel,
  useScope,
} from "../../../stack/mod.ts";
import {
  NUSE_CONNECT_WAIT,
  NUSE_DATA_MAX,
  NUSE_MORE_BEGIN,
  NUSE_MORE_END,
  NUSE_MORE_POSTED,
  NUSE_MORE_RECORD_END,
  NUSE_MORE_URGENT,
  NUSE_OPEN_INODE_LEN,
  NUSE_STATE_BOUND,
} from "../../../ffi/shim/protocol.ts";
import { OwnEvent } from "../../log/own_events.ts";
import type { Account } from "../endpoint/account.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import { EndedSocket } from "../endpoint/ended_sockets.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { renewPair, reviveSocket } from "../endpoint/fresh_pair.ts";
import { ListenerEndpoint } from "../endpoint/listener_endpoint.ts";
import type { Reply } from "../protocol/message.ts";
import type { Call } from "./call.ts";
import { noteOwn } from "./datagram_requests.ts";
import { claimPairEnd, enlargePair, refuseRights } from "../endpoint/pair.ts";
import {
  addressIn,
  anyAddress,
  scopeIdOf,
  SOCKADDR_IN6_MIN_LEN,
  sockaddrLen,
  writeSockaddr,
} from "../protocol/sockaddr.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import { sizeForUnsent } from "../endpoint/unsent.ts";

/** SOCKET */
export function openSocket(call: Call): number {
  const result = makeSocket(call);
  if (result < 0) noteRefused(call.app, -result);
  return result;
}

function noteRefused({ counters, endpoints, log }: AppContext, errno: number): void {
  counters.socketsRefused++;
  if (errno === ENFILE || errno === EMFILE) {
    log?.tell(OwnEvent.SERVICE_FULL, { sockets: endpoints.size });
  }
}

function makeSocket(call: Call): number {
  const { app, caller, request, reply } = call;
  const { account } = caller;
  const room = app.roomFor(account);
  if (room < 0) return room;
  if (request.b === SOCK_RAW && !app.privilege.mayOpenRaw(call)) return -EPERM;
  const { pairs } = app;
  const socket = app.stack.socket(request.a, request.b, request.c);
  if (typeof socket === "number") return socket;
  const opened = pairs.open(socket.kind === "stream" ? SOCK_STREAM : SOCK_SEQPACKET);
  if (opened < 0) {
    socket.close(app.loop.nowUs);
    return -ENFILE; // whatever we lack, the program does not
  }
  const endpoint = endpointFor(app, account, socket, pairs.ownFd, pairs.cookie);
  if (typeof endpoint === "number") {
    pairs.close();
    return endpoint;
  }
  endpoint.isPairOurs = true;
  endpoint.programInode = pairs.programInode;
  if (endpoint instanceof StreamEndpoint) {
    sizeForUnsent(app.sys, pairs.programFd, endpoint.socket);
  }
  endpoint.holders.add(caller.holder);
  reply.cookie = pairs.cookie;
  reply.passFd = pairs.programFd;
  describe(reply, endpoint.kind, socket);
  reply.state = endpoint.state;
  return 0;
}

/** Watches `fd`, our end of the pair of `socket`, which is closed if that fails: -errno. */
function endpointFor(
  app: AppContext,
  account: Account,
  socket: Socket,
  fd: number,
  cookie: number,
): Endpoint | number {
  const endpoint = socket.kind === "stream"
    ? new StreamEndpoint(app, socket as StreamSocket, fd, cookie)
    : new DatagramEndpoint(app, socket as DatagramSocket, fd, cookie);
  endpoint.account = account;
  const attached = endpoint.attach();
  if (attached < 0) {
    socket.close(app.loop.nowUs);
    return attached;
  }
  app.counters.socketsOpened++;
  return endpoint;
}

/**
 * OPEN: the program has made the pair, our end of it came along. Refused, the pair is closed, and
 * the program's next request about it is told why.
 */
export function adoptSocket(call: Call): number {
  const { app, request } = call;
  const result = adopt(call);
  if (result === 0) call.takeFd();
  else {
    noteRefused(app, -result);
    if (app.endpoints.get(request.cookie) === null) app.refused.add(request.cookie, -result);
  }
  return 0;
}

function adopt({ app, caller, fd, nowUs, request }: Call): number {
  const { endpoints, memory, stack, sys } = app;
  const { account } = caller;
  const room = app.roomFor(account);
  if (room < 0) return room;
  if (fd < 0) return -ENFILE; // without a number for it, it does not come along
  const namesake = endpoints.get(request.cookie);
  if (namesake !== null) {
    namesake.isContested = !namesake.isPairOurs && !namesake.isCookieShown;
    return -EINVAL;
  }
  const socket = stack.socket(request.a, request.b, request.c);
  if (typeof socket === "number") return socket;
  if (!claimPairEnd(app, fd, socket.kind === "stream" ? SOCK_STREAM : SOCK_SEQPACKET)) {
    socket.close(nowUs);
    return -EINVAL;
  }
  refuseRights(sys, fd);
  if (socket.kind === "datagram") enlargePair(sys, fd);
  const endpoint = endpointFor(app, account, socket, fd, request.cookie);
  if (typeof endpoint === "number") return endpoint;
  endpoint.holders.add(caller.holder);
  if (request.dataLen === NUSE_OPEN_INODE_LEN) {
    endpoint.programInode = memory.dv.getUint32(request.dataOff, true);
  }
  return 0;
}

function describe(reply: Reply, kind: number, socket: Socket): void {
  reply.a = kind;
  reply.b = socket.domain;
  reply.c = socket.type | socket.protocol << 8;
}

/** WHO: also of a socket that has ended. */
export function describeSocket({ reply }: Call, known: Endpoint | EndedSocket): number {
  describe(reply, known.kind, known.socket);
  if (known instanceof DatagramEndpoint) known.leavePlain();
  return 0;
}

/** BIND */
export function bind(call: Call, endpoint: Endpoint): number {
  const result = bindSocket(call, endpoint);
  if (result === 0) endpoint.optionState |= NUSE_STATE_BOUND;
  return result;
}

function bindSocket(call: Call, { socket }: Endpoint): number {
  const { app, request, nowUs } = call;
  const address = addressIn(app.memory.dv, request, socket.domain, false);
  if (typeof address === "number") return address;
  if (address.family === AF_UNSPEC) {
    if (socket.domain === AF_INET6) {
      return request.dataLen < SOCKADDR_IN6_MIN_LEN ? -EINVAL : -EAFNOSUPPORT;
    }
    // As Linux: AF_UNSPEC with INADDR_ANY is taken for AF_INET on AF_INET sockets.
    if (request.dataLen < sockaddrLen(AF_INET)) return -EINVAL;
    const { dv } = app.memory;
    if (dv.getInt32(request.dataOff + 4) !== 0) return -EAFNOSUPPORT;
    const port = dv.getUint16(request.dataOff + 2);
    if (!mayBind(call, socket, port)) return -EACCES;
    return socket.bind(anyAddress(AF_INET), port, nowUs);
  }
  if (address.family !== socket.domain) return -EAFNOSUPPORT;
  if (!mayBind(call, socket, address.port)) return -EACCES;
  const { addr, port, scopeId } = address;
  return useScope(socket, addr, scopeId) || socket.bind(addr, port, nowUs);
}

/** Raw sockets have no ports. */
function mayBind(call: Call, { type }: Socket, port: number): boolean {
  return type === SOCK_RAW || call.app.privilege.mayBind(call, port);
}

/** CONNECT: it may be answered later. */
export function connect(call: Call, endpoint: Endpoint): number {
  const { app, request, reply, nowUs } = call;
  if (endpoint instanceof StreamEndpoint) {
    const result = connectStream(call, endpoint);
    reply.a = request.cookie === endpoint.cookie || reply.passFd >= 0 ? 0 : 1;
    reply.b = result === -EINPROGRESS ? request.a : 0;
    return result;
  }
  const { socket } = endpoint;
  const address = addressIn(app.memory.dv, request, socket.domain);
  if (typeof address === "number") return address;
  if (address.family === AF_UNSPEC) return disconnect(call, endpoint);
  const { addr, port, scopeId } = address;
  useFlowLabel(socket, address.flowLabel);
  const result = useScope(socket, addr, scopeId, true) || socket.connect(addr, port, nowUs);
  if (result === 0) noteOwn(call, socket.remote()?.addr);
  return result;
}

function connectStream(call: Call, endpoint: StreamEndpoint): number {
  const { app, caller, request, nowUs } = call;
  const { domain } = endpoint.socket;
  const later = request.b === NUSE_CONNECT_WAIT ? caller.later : null;
  endpoint.seenEnd = null; // a shim asks, or the second door, which will say so
  if (request.dataLen === 0 && endpoint.isConnecting) return endpoint.connecting.join(later);
  const address = addressIn(app.memory.dv, request, domain, false);
  if (typeof address === "number") return address;
  if (address.family === AF_UNSPEC) return disconnect(call, endpoint);
  if (address.family !== domain) return -EAFNOSUPPORT;
  const { addr, port, scopeId } = address;
  useFlowLabel(endpoint.socket, address.flowLabel);
  if (addr.isMulticast) return -ENETUNREACH;
  return useScope(endpoint.socket, addr, scopeId, true) ||
    endpoint.connect(addr, port, request.c, request.a, later, nowUs);
}

/** The reply carries the program's end of a fresh pair, when the old one cannot be used again. */
function disconnect({ app, reply, nowUs }: Call, endpoint: Endpoint): number {
  if (endpoint instanceof StreamEndpoint) {
    if (!endpoint.disconnect(nowUs)) return 0;
  } else if (endpoint instanceof ListenerEndpoint) endpoint.socket.disconnect(nowUs);
  else return (endpoint.socket as DatagramSocket).disconnect(nowUs);
  return passPair(reply, renewPair(app, endpoint, nowUs));
}

function passPair(reply: Reply, programFd: number): number {
  if (programFd < 0) return programFd;
  reply.passFd = programFd;
  return 0;
}

/** CONNECT, after the pair was closed: only with AF_UNSPEC. */
export function connectEnded(call: Call, ended: EndedSocket): number {
  const { app, caller: { account }, request: { cookie }, reply, nowUs } = call;
  const address = addressIn(app.memory.dv, call.request, ended.socket.domain);
  if (typeof address === "number") return address;
  if (address.family !== AF_UNSPEC) return -EISCONN;
  const result = passPair(reply, reviveSocket(app, cookie, ended, account, nowUs));
  if (result === 0) reply.state = app.endpoints.get(cookie)?.state ?? 0;
  return result;
}

/** LISTEN */
export function listen({ app, request, nowUs }: Call, endpoint: Endpoint): number {
  const backlog = request.a;
  if (endpoint instanceof ListenerEndpoint) return endpoint.listen(backlog, nowUs);
  if (!(endpoint instanceof StreamEndpoint)) return -EOPNOTSUPP;
  const { socket, fd, cookie } = endpoint;
  const result = socket.listen(backlog, nowUs);
  if (result < 0) return result;
  endpoint.detach(nowUs);
  const listener = new ListenerEndpoint(app, socket, fd, cookie);
  listener.continueWith(endpoint);
  listener.setBacklog(backlog);
  const attached = listener.attach();
  if (attached < 0) { // only for want of kernel memory: the program sees its end hang up
    socket.close(nowUs);
    app.sys.close(fd);
  }
  return attached < 0 ? attached : 0;
}

/** NAME: `request.a` 0 our own, 1 the peer's. */
export function name({ app, request, reply }: Call, known: Endpoint | EndedSocket): number {
  const { socket } = known;
  const end = request.a === 0 ? known.local : known.remote;
  if (end === null) return -ENOTCONN;
  const { u8 } = app.memory;
  const scopeId = scopeIdOf(app.stack, socket);
  reply.dataLen = writeSockaddr(u8, reply.dataOff, socket.domain, end.addr, end.port, scopeId);
  return 0;
}

/** SHUTDOWN: `a` how. */
export function shutdown({ app, request, reply, nowUs }: Call, endpoint: Endpoint): number {
  const result = endpoint.shutdown(request.a, nowUs);
  const isOver = result === 0 && endpoint instanceof ListenerEndpoint && request.a !== SHUT_WR;
  if (isOver && request.b === 1) passPair(reply, renewPair(app, endpoint, nowUs));
  return result;
}

/** READ: what has arrived since shutdown(SHUT_RD). */
export function readOn({ app, request, reply, nowUs }: Call, endpoint: Endpoint): number {
  if (!(endpoint instanceof StreamEndpoint) || !endpoint.isReadShut) return 0;
  const { memory: { u8 } } = app;
  const { socket } = endpoint;
  const { off0, len0, off1, len1 } = socket.recvSpan(Math.min(request.a, NUSE_DATA_MAX));
  u8.copyWithin(reply.dataOff, off0, off0 + len0);
  u8.copyWithin(reply.dataOff + len0, off1, off1 + len1);
  reply.dataLen = len0 + len1;
  if (request.b === 0) socket.recvConsume(reply.dataLen, nowUs);
  return 0;
}

/**
 * CLOSE: `a` whether to wait for what SO_LINGER waits for, `b` how much nobody has taken: of a
 * listener connections, of a stream that was shut in both directions bytes. It may be answered
 * later.
 */
export function noteClose({ app, caller, request, nowUs }: Call): number {
  const endpoint = app.endpoints.get(request.cookie);
  const known = endpoint ?? app.ended.get(request.cookie);
  if (request.b > 0 && known !== null && known.holders.has(caller.holder)) {
    if (known instanceof ListenerEndpoint) known.noteUnaccepted(request.b);
    else if (known instanceof EndedSocket) known.reset(nowUs);
  }
  endpoint?.noteHangUp(nowUs);
  if (request.a === 0) return 0;
  // What does not fit into the send buffer is still in the pair
  const isLeft = endpoint instanceof StreamEndpoint && endpoint.isProgramGone;
  if (isLeft && !endpoint.isReleased) app.lingering.add(endpoint.cookie, endpoint.socket);
  return app.lingering.wait(request.cookie, caller.later);
}

/** SETTLE: answered when what was done before shows where it goes to. */
export function settle({ app, caller }: Call): number {
  return app.settling.wait(caller.later);
}

/**
 * MORE: `a` whether what is written from now on is not all, that a record has ended, or about an
 * urgent byte.
 */
export function setMore({ request, nowUs }: Call, endpoint: Endpoint): number {
  if (!(endpoint instanceof StreamEndpoint)) return 0;
  const { a, b, c } = request;
  const { writes, isConnected } = endpoint;
  const isBegin = a === NUSE_MORE_BEGIN || a === NUSE_MORE_POSTED;
  if (isBegin || a === NUSE_MORE_END) writes.setMore(isBegin, isConnected, nowUs);
  else if (!isConnected) return 0;
  else if (a === NUSE_MORE_RECORD_END) writes.endRecord(nowUs);
  else if (a === NUSE_MORE_URGENT) writes.expectUrgent(b);
  else writes.shortenUrgent(b, c === 1);
  return 0;
}

/** URGENT: what has been announced and is not in the pair is told. */
export function watchUrgent({ reply, nowUs }: Call, endpoint: Endpoint): number {
  if (!(endpoint instanceof StreamEndpoint)) return 0;
  endpoint.watchUrgent(nowUs);
  const { announced } = endpoint.urgent;
  reply.a = announced < 0 ? 0 : 1;
  reply.b = Math.max(0, announced);
  return 0;
}

/**
 * Requests that make, name and connect sockets: SOCKET WHO BIND CONNECT CHECK LISTEN SHUTDOWN NAME.
 *
 * @module
 */
import { AF_INET, SOCK_SEQPACKET, SOCK_STREAM } from "../../ffi/abi/socket.ts";
import {
  type DatagramSocket,
  EAFNOSUPPORT,
  EINVAL,
  ENFILE,
  ENOENT,
  ENOTCONN,
  EOPNOTSUPP,
  type Socket,
  type StreamSocket,
} from "../../stack/mod.ts";
import type { AppContext } from "./app_context.ts";
import { DatagramEndpoint } from "./datagram_endpoint.ts";
import type { EndedSocket } from "./ended_sockets.ts";
import type { Endpoint } from "./endpoint.ts";
import { ListenerEndpoint } from "./listener_endpoint.ts";
import type { Reply, Request } from "./message.ts";
import {
  AF_UNSPEC,
  anyAddress,
  readSockaddr,
  sockaddrLen,
  SocketAddress,
  writeSockaddr,
} from "./sockaddr.ts";
import { StreamEndpoint } from "./stream_endpoint.ts";

const address = new SocketAddress();

/** Parses the request's sockaddr into `address`; 0 or -errno. */
function parseAddress(app: AppContext, request: Request, domain: number): number {
  return readSockaddr(app.memory.dv, request.dataOff, request.dataLen, domain, address);
}

export function openSocket(app: AppContext, request: Request, reply: Reply): void {
  reply.result = makeSocket(app, request, reply);
  if (reply.result < 0) app.counters.socketsRefused++;
}

function makeSocket(app: AppContext, request: Request, reply: Reply): number {
  if (app.endpoints.isFull) return -ENFILE;
  const { pairs } = app;
  const socket = app.stack.socket(request.a, request.b, request.c);
  if (typeof socket === "number") return socket;
  const isStream = socket.kind === "stream";
  const opened = pairs.open(isStream ? SOCK_STREAM : SOCK_SEQPACKET);
  if (opened < 0) {
    socket.close(app.loop.nowUs);
    return -ENFILE; // whatever we lack, the program does not
  }
  const { ownFd, cookie } = pairs;
  const endpoint = isStream
    ? new StreamEndpoint(app, socket as StreamSocket, ownFd, cookie)
    : new DatagramEndpoint(app, socket as DatagramSocket, ownFd, cookie);
  const attached = endpoint.attach();
  if (attached < 0) {
    pairs.close();
    socket.close(app.loop.nowUs);
    return attached;
  }
  app.counters.socketsOpened++;
  reply.cookie = cookie;
  reply.passFd = pairs.programFd;
  describe(reply, endpoint.kind, socket);
  reply.state = endpoint.state;
  return 0;
}

function describe(reply: Reply, kind: number, socket: Socket): void {
  reply.a = kind;
  reply.b = socket.domain;
  reply.c = socket.type | socket.protocol << 8;
}

/** WHO: also of a socket that has ended. */
export function describeSocket(app: AppContext, request: Request, reply: Reply): void {
  const endpoint = app.endpoints.get(request.cookie);
  const known = endpoint ?? app.ended.get(request.cookie);
  reply.cookie = request.cookie;
  if (known === null) {
    reply.result = -ENOENT;
    return;
  }
  describe(reply, known.kind, known.socket);
  reply.state = known.state;
}

export function bind(
  app: AppContext,
  endpoint: Endpoint,
  request: Request,
  nowUs: number,
): number {
  const { socket } = endpoint;
  const parsed = parseAddress(app, request, socket.domain);
  if (parsed < 0) return parsed;
  if (address.family === AF_UNSPEC) {
    // As Linux: AF_UNSPEC with INADDR_ANY is taken for AF_INET on AF_INET sockets.
    if (request.dataLen < sockaddrLen(AF_INET)) return -EINVAL;
    if (socket.domain !== AF_INET) return -EAFNOSUPPORT;
    const { dv } = app.memory;
    if (dv.getInt32(request.dataOff + 4) !== 0) return -EAFNOSUPPORT;
    return socket.bind(anyAddress(AF_INET), dv.getUint16(request.dataOff + 2), nowUs);
  }
  if (address.family !== socket.domain) return -EAFNOSUPPORT;
  return socket.bind(address.addr, address.port, nowUs);
}

export function connect(
  app: AppContext,
  endpoint: Endpoint,
  request: Request,
  nowUs: number,
): number {
  const { socket } = endpoint;
  const parsed = parseAddress(app, request, socket.domain);
  if (parsed < 0) return parsed;
  if (endpoint instanceof StreamEndpoint) {
    if (address.family === AF_UNSPEC) return endpoint.disconnect(nowUs);
    if (address.family !== socket.domain) return -EAFNOSUPPORT;
    return endpoint.connect(address.addr, address.port, request.a, nowUs);
  }
  if (address.family === AF_UNSPEC) return socket.disconnect(nowUs);
  return socket.connect(address.addr, address.port, nowUs);
}

/** CHECK: would a datagram to this address be sent? */
export function check(
  app: AppContext,
  endpoint: Endpoint,
  request: Request,
  nowUs: number,
): number {
  if (!(endpoint instanceof DatagramEndpoint)) return -EOPNOTSUPP;
  const { socket } = endpoint;
  if (request.dataLen === 0) {
    return socket.check(null, 0, request.a, nowUs);
  }
  const parsed = parseAddress(app, request, socket.domain);
  if (parsed < 0) return parsed;
  if (address.family === AF_UNSPEC) return -EAFNOSUPPORT;
  return socket.check(address.addr, address.port, request.a, nowUs);
}

export function listen(
  app: AppContext,
  endpoint: Endpoint,
  request: Request,
  nowUs: number,
): number {
  const backlog = request.a;
  if (endpoint instanceof ListenerEndpoint) return endpoint.listen(backlog, nowUs);
  if (!(endpoint instanceof StreamEndpoint)) return -EOPNOTSUPP;
  const { socket, fd, cookie } = endpoint;
  const result = socket.listen(backlog, nowUs);
  if (result < 0) return result;
  endpoint.detach(nowUs);
  const listener = new ListenerEndpoint(app, socket, fd, cookie);
  listener.optionState = endpoint.optionState;
  listener.setBacklog(backlog);
  const attached = listener.attach();
  if (attached < 0) { // only for want of kernel memory: the program sees its end hang up
    socket.close(nowUs);
    app.sys.close(fd);
  }
  return attached < 0 ? attached : 0;
}

/** NAME: `request.a` 0 our own, 1 the peer's. */
export function name(
  app: AppContext,
  known: Endpoint | EndedSocket,
  request: Request,
  reply: Reply,
): number {
  const { socket } = known;
  if (request.a !== 0 && request.a !== 1) return -EINVAL;
  const end = request.a === 0 ? known.local : known.remote;
  if (end === null) return -ENOTCONN;
  const { u8 } = app.memory;
  reply.dataLen = writeSockaddr(u8, reply.dataOff, socket.domain, end.addr, end.port);
  return 0;
}

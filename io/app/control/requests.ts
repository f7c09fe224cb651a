/**
 * The dispatch table of the control protocol: every operation that has a reply, and POST_SETOPT.
 *
 * @module
 */
import { FIONREAD, SIOCOUTQ } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  type DatagramSocket,
  EAGAIN,
  EINVAL,
  ENOENT,
  ENOTCONN,
  ENOTTY,
} from "../../../stack/mod.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { ConnectWaiter } from "../endpoint/connecting.ts";
import type { EndedSocket } from "../endpoint/ended_sockets.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { writeErrorEntry } from "./error_queue.ts";
import { writeInterfaceEntries } from "./ifaddrs.ts";
import { interfaceIoctl } from "./ioctl.ts";
import { ListenerEndpoint } from "../endpoint/listener_endpoint.ts";
import type { Reply, Request } from "../protocol/message.ts";
import { getOption, getOptionOfEnded, setOption } from "./option_requests.ts";
import {
  bind,
  check,
  connect,
  describeSocket,
  listen,
  name,
  openSocket,
} from "./socket_requests.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";

/**
 * Carries out `request` and fills `reply`, which is clear. The result REPLY_DEFERRED: `waiter` will
 * be told.
 */
export function handleRequest(
  app: AppContext,
  request: Request,
  reply: Reply,
  waiter: ConnectWaiter,
  nowUs: number,
): void {
  reply.cookie = request.cookie;
  switch (request.op) {
    case P.NUSE_OP_HELLO:
      reply.a = Deno.pid;
      reply.b = app.token.low;
      reply.c = app.token.high;
      return;
    case P.NUSE_OP_SOCKET:
      return openSocket(app, request, reply);
    case P.NUSE_OP_WHO:
      return describeSocket(app, request, reply);
    case P.NUSE_OP_IFADDRS:
      return listInterfaces(app, reply);
    case P.NUSE_OP_IOCTL:
      return ioctl(app, request, reply);
    default:
      return handleSocketRequest(app, request, reply, waiter, nowUs);
  }
}

function handleSocketRequest(
  app: AppContext,
  request: Request,
  reply: Reply,
  waiter: ConnectWaiter,
  nowUs: number,
): void {
  const endpoint = app.endpoints.get(request.cookie);
  if (endpoint !== null) {
    if (changesSending(endpoint, request.op)) endpoint.catchUp(nowUs);
    reply.result = request.op === P.NUSE_OP_CONNECT
      ? connect(app, endpoint, request, reply, waiter, nowUs)
      : handleLiving(app, endpoint, request, reply, nowUs);
    // listen() replaces the endpoint
    reply.state = app.endpoints.get(request.cookie)?.state ?? 0;
    return;
  }
  const ended = app.ended.get(request.cookie);
  if (ended === null) {
    reply.result = -ENOENT;
    return;
  }
  reply.result = handleEnded(app, ended, request, reply, nowUs);
  reply.state = ended.state;
}

/** Whether what was written before the request has to leave as if it had not come. */
function changesSending(endpoint: Endpoint, op: number): boolean {
  if (op === P.NUSE_OP_SETOPT || op === P.NUSE_OP_MORE) return true;
  if (endpoint.kind !== P.NUSE_KIND_DATAGRAM) return false;
  return op === P.NUSE_OP_CONNECT || op === P.NUSE_OP_SHUTDOWN;
}

function handleLiving(
  app: AppContext,
  endpoint: Endpoint,
  request: Request,
  reply: Reply,
  nowUs: number,
): number {
  switch (request.op) {
    case P.NUSE_OP_BIND:
      return bind(app, endpoint, request, nowUs);
    case P.NUSE_OP_LISTEN:
      return listen(app, endpoint, request, nowUs);
    case P.NUSE_OP_NAME:
      return name(app, endpoint, request, reply);
    case P.NUSE_OP_GETOPT:
      return getOption(app, endpoint, request, reply, nowUs);
    case P.NUSE_OP_SETOPT:
    case P.NUSE_OP_POST_SETOPT:
      return setOption(app, endpoint, request, nowUs);
    case P.NUSE_OP_MORE:
      if (endpoint instanceof StreamEndpoint) endpoint.setMore(request.a !== 0, nowUs);
      return 0;
    case P.NUSE_OP_SHUTDOWN:
      return endpoint.shutdown(request.a, nowUs);
    case P.NUSE_OP_ERRQUEUE:
      return takeErrorEntry(app, endpoint, reply);
    case P.NUSE_OP_CHECK:
      return check(app, endpoint, request, nowUs);
    default:
      return -EINVAL;
  }
}

/** A socket whose pair is closed still answers for what it was. */
function handleEnded(
  app: AppContext,
  ended: EndedSocket,
  request: Request,
  reply: Reply,
  nowUs: number,
): number {
  switch (request.op) {
    case P.NUSE_OP_NAME:
      return name(app, ended, request, reply);
    case P.NUSE_OP_GETOPT:
      return getOptionOfEnded(app, ended, request, reply, nowUs);
    case P.NUSE_OP_SETOPT:
    case P.NUSE_OP_POST_SETOPT:
      return 0;
    case P.NUSE_OP_BIND:
    case P.NUSE_OP_CONNECT:
    case P.NUSE_OP_LISTEN:
      return -EINVAL;
    case P.NUSE_OP_ERRQUEUE:
      return -EAGAIN;
    default:
      return -ENOTCONN;
  }
}

function takeErrorEntry(app: AppContext, endpoint: Endpoint, reply: Reply): number {
  const { socket } = endpoint;
  if (socket.kind !== "datagram") return -EAGAIN;
  const entry = (socket as DatagramSocket).takeErrorQueue();
  if (entry === null) return -EAGAIN;
  const { dv, u8 } = app.memory;
  reply.dataLen = writeErrorEntry(dv, u8, reply.dataOff, P.NUSE_DATA_MAX, socket.domain, entry);
  return 0;
}

function listInterfaces(app: AppContext, reply: Reply): void {
  const { dv, u8 } = app.memory;
  const { interfaces } = app.stack;
  const count = writeInterfaceEntries(dv, u8, reply.dataOff, P.NUSE_DATA_MAX, interfaces);
  reply.a = count;
  reply.dataLen = count * P.NUSE_IF_LEN;
}

function ioctl(app: AppContext, request: Request, reply: Reply): void {
  const endpoint = app.endpoints.get(request.cookie);
  reply.state = endpoint?.state ?? 0;
  if (request.a === SIOCOUTQ) {
    reply.result = outputQueue(app, endpoint, reply);
    return;
  }
  const { dv, u8 } = app.memory;
  const len = request.dataLen;
  u8.copyWithin(reply.dataOff, request.dataOff, request.dataOff + len);
  reply.result = interfaceIoctl(app.stack, request.a, { dv, u8, off: reply.dataOff, len });
  if (reply.result >= 0) reply.dataLen = len;
}

/** SIOCOUTQ (TIOCOUTQ): bytes that the peer has not acknowledged. Datagrams leave at once. */
function outputQueue(app: AppContext, endpoint: Endpoint | null, reply: Reply): number {
  if (endpoint === null) return -ENOTTY;
  if (endpoint instanceof ListenerEndpoint) return -EINVAL;
  let bytes = 0;
  if (endpoint instanceof StreamEndpoint) {
    const unread = app.sys.ioctlInt(endpoint.fd, FIONREAD);
    bytes = endpoint.socket.unackedBytes + Math.max(unread, 0);
  }
  app.memory.dv.setInt32(reply.dataOff, bytes, true);
  reply.dataLen = 4;
  return 0;
}

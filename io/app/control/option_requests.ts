/**
 * getsockopt and setsockopt. The stack knows the options; here are SO_ERROR, which also concerns a
 * pending connect, SO_MEMINFO, which counts the pair, UDP_CORK, the state bits for the shim, and
 * the answers for sockets that have ended.
 *
 * @module
 */
import { FIONREAD, SIOCOUTQ } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  EINVAL,
  getOption as getSocketOption,
  IP_OPTIONS,
  IPPROTO_IP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  setOption as setSocketOption,
  SO_ERROR,
  SO_MEMINFO,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVLOWAT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOL_SOCKET,
  TCP_CORK,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  UDP_CORK,
} from "../../../stack/mod.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import type { EndedSocket } from "../endpoint/ended_sockets.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import { pairSendBuffer } from "../endpoint/unsent.ts";
import type { Reply, Request } from "../protocol/message.ts";
import type { Call } from "./call.ts";
import { nextOptionState } from "./option_state.ts";

/** linux/sock_diag.h: places in what SO_MEMINFO gives. */
const SK_MEMINFO_RMEM_ALLOC = 0;
const SK_MEMINFO_WMEM_ALLOC = 2;
const SK_MEMINFO_WMEM_QUEUED = 5;

export function getOption(call: Call, endpoint: Endpoint): number {
  const { app, request, reply, nowUs } = call;
  if (request.a === SOL_SOCKET && request.b === SO_ERROR) {
    return replyInt(app, reply, endpoint.takeError());
  }
  if (isCork(endpoint, request)) return replyInt(app, reply, Number(endpoint.isCorked));
  const maxLen = Math.min(request.c, P.NUSE_DATA_MAX);
  const { a: level, b: name, dataOff, dataLen } = request;
  const asked = app.memory.u8.slice(dataOff, dataOff + dataLen);
  const value = getSocketOption(endpoint.socket, level, name, maxLen, nowUs, asked);
  if (level === SOL_SOCKET && name === SO_MEMINFO) addPair(app, endpoint, value);
  return replyValue(app, reply, value);
}

/** SO_MEMINFO: what lies in the pair, either way, is the socket's, too. */
function addPair({ sys }: AppContext, { fd, kind }: Endpoint, value: Uint8Array | number): void {
  if (typeof value === "number") return;
  const info = new Uint32Array(value.buffer);
  const sent = kind === P.NUSE_KIND_STREAM ? SK_MEMINFO_WMEM_QUEUED : SK_MEMINFO_WMEM_ALLOC;
  info[SK_MEMINFO_RMEM_ALLOC] += Math.max(0, sys.ioctlInt(fd, SIOCOUTQ));
  info[sent] += Math.max(0, sys.ioctlInt(fd, FIONREAD));
}

export function getOptionOfEnded(call: Call, ended: EndedSocket): number {
  const { app, request, reply, nowUs } = call;
  if (request.a === SOL_SOCKET && request.b === SO_ERROR) {
    return replyInt(app, reply, ended.takeError());
  }
  const maxLen = Math.min(request.c, P.NUSE_DATA_MAX);
  return replyValue(app, reply, getSocketOption(ended.socket, request.a, request.b, maxLen, nowUs));
}

export function setOption(call: Call, endpoint: Endpoint): number {
  const { app, request, nowUs } = call;
  const { a: level, b: name, dataOff, dataLen } = request;
  if (isCork(endpoint, request)) {
    if (dataLen < 4) return -EINVAL;
    endpoint.setCorked(app.memory.dv.getInt32(dataOff, true) !== 0, nowUs);
    return 0;
  }
  const value = app.memory.u8.slice(dataOff, dataOff + dataLen);
  const refused = app.privilege.checkOption(call, level, name, value);
  if (refused < 0) return refused;
  const mayRaw = level === IPPROTO_IP && name === IP_OPTIONS && app.privilege.mayOpenRaw(call);
  if (mayRaw && endpoint instanceof DatagramEndpoint) endpoint.socket.grantRaw();
  const result = setSocketOption(endpoint.socket, level, name, value, nowUs);
  if (result !== 0) return result;
  endpoint.optionState = nextOptionState(endpoint.optionState, level, name, value);
  if (sizesPair(level, name) && endpoint instanceof StreamEndpoint) {
    call.reply.c = pairSendBuffer(endpoint.socket);
  }
  // An urgent byte that has waited for more is an ordinary one now
  if (level === SOL_SOCKET && name === SO_OOBINLINE) endpoint.pump(nowUs);
  if (level === SOL_SOCKET && name === SO_RCVLOWAT) endpoint.pump(nowUs);
  if (isReceiveBuffer(level, name) && endpoint instanceof DatagramEndpoint) {
    endpoint.resizePair();
  }
  return 0;
}

/**
 * POST_SETOPT. What lets bytes go lets go what was written before; what holds them back is posted
 * while the pair is empty: what is there by now was written after it.
 */
export function setOptionPosted(call: Call, endpoint: Endpoint): number {
  const { app, request: { a: level, b: name, dataOff, dataLen }, nowUs } = call;
  if (dataLen !== 4) return -EINVAL;
  if (level === IPPROTO_TCP && !holdsBack(name, app.memory.dv.getInt32(dataOff, true))) {
    endpoint.catchUp(nowUs);
  }
  return setOption(call, endpoint);
}

function holdsBack(name: number, value: number): boolean {
  return name === TCP_CORK ? value !== 0 : name === TCP_NODELAY && value === 0;
}

/** Options that bound what the program may have written (unsent.ts). */
function sizesPair(level: number, name: number): boolean {
  if (level === IPPROTO_TCP) return name === TCP_NOTSENT_LOWAT;
  return level === SOL_SOCKET && (name === SO_SNDBUF || name === SO_SNDBUFFORCE);
}

function isReceiveBuffer(level: number, name: number): boolean {
  return level === SOL_SOCKET && (name === SO_RCVBUF || name === SO_RCVBUFFORCE);
}

function isCork(endpoint: Endpoint, request: Request): endpoint is DatagramEndpoint {
  return request.a === IPPROTO_UDP && request.b === UDP_CORK &&
    endpoint instanceof DatagramEndpoint && endpoint.socket.protocol === IPPROTO_UDP;
}

function replyInt(app: AppContext, reply: Reply, value: number): number {
  app.memory.dv.setInt32(reply.dataOff, value, true);
  reply.dataLen = 4;
  return 0;
}

function replyValue(app: AppContext, reply: Reply, value: Uint8Array | number): number {
  if (typeof value === "number") return value;
  const len = Math.min(value.length, P.NUSE_DATA_MAX);
  app.memory.u8.set(value.subarray(0, len), reply.dataOff);
  reply.dataLen = len;
  return 0;
}

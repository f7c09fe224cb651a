/**
 * getsockopt and setsockopt. The stack knows the options; here are SO_ERROR, which also concerns a
 * pending connect, the state bits for the shim, and the answers for sockets that have ended.
 *
 * @module
 */
import { SO_ERROR, SOL_SOCKET } from "../../ffi/abi/socket.ts";
import * as P from "../../ffi/shim/protocol.ts";
import type { AppContext } from "./app_context.ts";
import type { EndedSocket } from "./ended_sockets.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Reply, Request } from "./message.ts";
import { nextOptionState } from "./option_state.ts";

export function getOption(
  app: AppContext,
  endpoint: Endpoint,
  request: Request,
  reply: Reply,
  nowUs: number,
): number {
  if (request.a === SOL_SOCKET && request.b === SO_ERROR) {
    return replyInt(app, reply, endpoint.takeError());
  }
  const maxLen = Math.min(request.c, P.NUSE_DATA_MAX);
  const value = endpoint.socket.getOption(request.a, request.b, maxLen, nowUs);
  return replyValue(app, reply, value);
}

export function getOptionOfEnded(
  app: AppContext,
  ended: EndedSocket,
  request: Request,
  reply: Reply,
  nowUs: number,
): number {
  if (request.a === SOL_SOCKET && request.b === SO_ERROR) {
    return replyInt(app, reply, ended.takeError());
  }
  const maxLen = Math.min(request.c, P.NUSE_DATA_MAX);
  return replyValue(app, reply, ended.socket.getOption(request.a, request.b, maxLen, nowUs));
}

export function setOption(
  app: AppContext,
  endpoint: Endpoint,
  request: Request,
  nowUs: number,
): number {
  const { a: level, b: name, dataOff, dataLen } = request;
  const value = app.memory.u8.slice(dataOff, dataOff + dataLen);
  const result = endpoint.socket.setOption(level, name, value, nowUs);
  if (result === 0) {
    endpoint.optionState = nextOptionState(endpoint.optionState, level, name, value);
  }
  return result;
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

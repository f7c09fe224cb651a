/**
 * sendto(), sendmsg(), recvmsg() behind the second door, on streams. Mostly the pair does the same
 * as TCP, and the kernel is to carry the call out; here is what it would not do:
 *
 *   - An address or control messages, which TCP does not look at, a pair refuses or takes.
 *   - MSG_MORE: what the call gives goes into the pair and is taken out of it at once, as what is
 *     not all. What comes later without a word to us is all.
 *   - MSG_FASTOPEN: a connect() that takes the data along.
 *   - TCP_INQ: a control message, which a pair does not have.
 *
 * @module
 */
import { EPOLLRDHUP } from "../../../ffi/abi/epoll.ts";
import { FIONREAD, MSG_DONTWAIT, MSG_PEEK } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  AF_UNSPEC,
  EAGAIN,
  EFAULT,
  EINVAL,
  EISCONN,
  EOPNOTSUPP,
  EPIPE,
  IPPROTO_TCP,
  TCP_INQ,
} from "../../../stack/mod.ts";
import { SCRATCH_LEN } from "../endpoint/app_context.ts";
import type { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import { PASS, type SocketCall } from "./door_call.ts";
import { CONTROL_MAX } from "./message.ts";
import { connectBy, SOCKADDR_MAX } from "./socket_calls.ts";

export const MSG_MORE = 0x8000;
export const MSG_FASTOPEN = 0x20000000;

/** sendto(), or sendmsg() with MSG_MORE or MSG_FASTOPEN: `message` is known. */
export function sendStream(
  socketCall: SocketCall,
  endpoint: StreamEndpoint,
  flags: number,
): number {
  const { call: { app, nowUs }, fd, isRepeated, message } = socketCall;
  const isFast = (flags & MSG_FASTOPEN) !== 0;
  if (isFast && !(isRepeated && endpoint.isConnected)) { // or the wait for it is over
    const result = connectFast(socketCall, endpoint);
    if (result !== 0) return result;
  }
  if (!endpoint.isConnected) return -EPIPE;
  const { nameLen } = message;
  if (nameLen > 0 && message.readName(app.recordOff, Math.min(nameLen, SOCKADDR_MAX)) < 0) {
    return -EFAULT;
  }
  const { room } = message;
  if (room > SCRATCH_LEN) return PASS;
  const gathered = message.gather(app.scratchOff);
  if (gathered < 0) return gathered;
  const hasMore = (flags & MSG_MORE) !== 0;
  // What it wrote before was all; an empty pair says nothing of what MSG_MORE holds back already
  if (hasMore && !endpoint.writes.isPairEmpty) endpoint.catchUp(nowUs);
  const n = app.sys.send(fd, app.base, app.scratchOff, room, 0, 0, MSG_DONTWAIT);
  if (hasMore && n > 0) endpoint.writes.takeUnfinished(() => endpoint.catchUp(nowUs));
  return n === -EAGAIN ? PASS : n;
}

/** connect() of MSG_FASTOPEN: 0 when the SYN waits for the data. */
function connectFast(socketCall: SocketCall, endpoint: StreamEndpoint): number {
  const { call: { app: { memory }, request }, fd, message } = socketCall;
  const { nameLen } = message;
  if (nameLen === 0 && endpoint.isConnected) return -EISCONN;
  if (nameLen < 2 || nameLen > SOCKADDR_MAX) return -EINVAL;
  request.op = P.NUSE_OP_CONNECT;
  request.dataLen = nameLen;
  if (message.readName(request.dataOff, nameLen) < 0) return -EFAULT;
  if (memory.dv.getUint16(request.dataOff, true) === AF_UNSPEC) return -EOPNOTSUPP;
  request.c = message.room > 0 ? P.NUSE_CONNECT_FAST : P.NUSE_CONNECT_FAST_EMPTY;
  return connectBy(socketCall, endpoint, fd);
}

/** recvmsg(): `message` is known. */
export function receiveStream(
  { call: { app }, control, fd, message }: SocketCall,
  { socket }: StreamEndpoint,
  flags: number,
): number {
  if (!socket.wantsInq || (flags & ~(MSG_PEEK | MSG_DONTWAIT)) !== 0) return PASS;
  const { base, recordOff, scratchOff, sys } = app;
  const most = Math.min(message.room, SCRATCH_LEN);
  const n = sys.recv(fd, base, scratchOff, most, 0, 0, flags | MSG_DONTWAIT);
  if (n <= 0) return PASS; // the kernel waits; what comes then is not counted
  const scattered = message.scatter(scratchOff, n);
  if (scattered < 0) return scattered;
  control.begin(message.controlOff, Math.min(message.controlLen, CONTROL_MAX));
  const isEnded = (sys.poll(fd, EPOLLRDHUP, 0) & EPOLLRDHUP) !== 0; // counts (Linux tcp_inq_hint)
  const unread = Math.max(0, sys.ioctlInt(fd, FIONREAD)) + socket.recvAvailable();
  control.putInt(IPPROTO_TCP, TCP_INQ, unread + (isEnded ? 1 : 0));
  const told = message.writeResult(recordOff, 0, control.flags, control.used);
  return told < 0 ? told : n;
}

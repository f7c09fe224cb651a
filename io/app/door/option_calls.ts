/**
 * getsockopt(), setsockopt() and the ioctls of sockets behind the second door.
 *
 * @module
 */
import {
  SIOCATMARK,
  SO_COOKIE,
  SO_OOBINLINE,
  SO_RCVLOWAT,
  SO_RCVTIMEO_OLD,
  SO_SNDTIMEO_OLD,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  EFAULT,
  EINVAL,
  ENOPROTOOPT,
  IPPROTO_TCP,
  IPPROTO_UDP,
  TCP_INQ,
  UDP_GRO,
} from "../../../stack/mod.ts";
import { carryOut } from "../control/operations.ts";
import { deviceIoctl } from "./device_ioctl.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import { PASS, type SocketCall } from "./door_call.ts";
import { watchUrgent } from "./socket_calls.ts";

const SO_RCVTIMEO_NEW = 66;
const SO_SNDTIMEO_NEW = 67;
/** What acts on the pair itself: the kernel's. */
const NATIVE: ReadonlySet<number> = new Set([
  SO_RCVLOWAT,
  SO_RCVTIMEO_OLD,
  SO_SNDTIMEO_OLD,
  SO_RCVTIMEO_NEW,
  SO_SNDTIMEO_NEW,
  SO_COOKIE,
]);

/** SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF: the value points on. */
const PROGRAMS: ReadonlySet<number> = new Set([26, 51]);

/** Of the owner of signals: the kernel's. */
const OWNER_IOCTLS: ReadonlySet<number> = new Set([0x8901, 0x8902, 0x8903, 0x8904]);

function isNative({ trap }: SocketCall): boolean {
  return trap.argument(1) === SOL_SOCKET && NATIVE.has(trap.argument(2));
}

/** getsockopt() */
export function getOption(socketCall: SocketCall): number {
  const { call, trap } = socketCall;
  const { request, reply } = call;
  if (isNative(socketCall)) return PASS;
  const room = trap.readInt(4);
  if (room === null) return -EFAULT;
  if (room < 0) return -EINVAL;
  request.op = P.NUSE_OP_GETOPT;
  [request.a, request.b, request.c] = [trap.argument(1), trap.argument(2), room];
  carryOut(call);
  if (reply.result < 0) return reply.result;
  const len = Math.min(room, reply.dataLen);
  const copied = trap.write(3, reply.dataOff, len);
  return copied < 0 ? copied : trap.writeInt(4, len);
}

/** Whether control messages tell of it: there are none here, and joined datagrams look like one. */
function needsControl(level: number, name: number): boolean {
  return (level === IPPROTO_UDP && name === UDP_GRO) || (level === IPPROTO_TCP && name === TCP_INQ);
}

/** setsockopt() */
export function setOption(socketCall: SocketCall): number {
  const { call, trap } = socketCall;
  const { request, reply } = call;
  if (isNative(socketCall)) return PASS;
  const len = trap.argument(4);
  if (len < 0) return -EINVAL;
  request.op = P.NUSE_OP_SETOPT;
  [request.a, request.b] = [trap.argument(1), trap.argument(2)];
  if (request.a === SOL_SOCKET && PROGRAMS.has(request.b)) return -ENOPROTOOPT;
  if (needsControl(request.a, request.b)) return -ENOPROTOOPT;
  request.dataLen = Math.min(len, P.NUSE_DATA_MAX);
  const read = trap.read(3, request.dataOff, request.dataLen);
  if (read < 0) return read;
  carryOut(call);
  // The pair's own urgent bytes are in line, too
  return isUrgentInline(request) && reply.result === 0 ? PASS : reply.result;
}

function isUrgentInline({ a, b }: SocketCall["call"]["request"]): boolean {
  return a === SOL_SOCKET && b === SO_OOBINLINE;
}

/** ioctl() with a request of sockets. */
export function ioctl(socketCall: SocketCall): number {
  const { endpoint, trap } = socketCall;
  const asked = trap.argument(1);
  if (asked === SIOCATMARK && !(endpoint instanceof StreamEndpoint)) return trap.writeInt(2, 0);
  if (asked === SIOCATMARK || OWNER_IOCTLS.has(asked)) {
    watchUrgent(socketCall, endpoint); // made by a program with the shim, perhaps
    return PASS;
  }
  return deviceIoctl(socketCall);
}

/**
 * getsockopt(), setsockopt() and the ioctls of sockets behind the second door.
 *
 * @module
 */
import {
  AF_INET,
  FIONREAD,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
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
  ENOENT,
  ENOPROTOOPT,
  ENOTTY,
  EOPNOTSUPP,
  SO_ERROR,
} from "../../../stack/mod.ts";
import { carryOut } from "../control/operations.ts";
import { deviceIoctl } from "./device_ioctl.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import { setPairBuffer } from "../endpoint/pair.ts";
import { dropMark } from "./datagram_calls.ts";
import { ListenerEndpoint } from "../endpoint/listener_endpoint.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import { PASS, type SocketCall } from "./door_call.ts";
import { forgetToldError, watchUrgent } from "./socket_calls.ts";

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

/** SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF: the value, struct sock_fprog, points on. */
const PROGRAMS: ReadonlySet<number> = new Set([26, 51]);

const FPROG = { COUNT: 0, CODE: 8, LEN: 16 } as const;
const SOCK_FILTER_LEN = 8;
const SO_PEEK_OFF = 42;
const SIOCGSTAMP = 0x8906;
const SIOCGSTAMPNS = 0x8907;
/** struct timeval, struct timespec (64-bit). */
const TIME_LEN = 16;
const US_PER_S = 1_000_000n;
const NS_PER_US = 1000n;

/** Of the owner of signals: the kernel's. */
const OWNER_IOCTLS: ReadonlySet<number> = new Set([0x8901, 0x8902, 0x8903, 0x8904]);

function isNative({ endpoint, trap }: SocketCall): boolean {
  if (trap.argument(1) !== SOL_SOCKET) return false;
  const name = trap.argument(2);
  const isStream = endpoint instanceof StreamEndpoint;
  if (name === SO_PEEK_OFF) return isStream;
  return NATIVE.has(name) && !(name === SO_RCVLOWAT && isStream);
}

/** What is refused whatever its value is refused before the value is looked at. */
function refusedFirst({ call }: SocketCall, level: number, name: number, otherwise: number) {
  const { request, reply } = call;
  if (level === SOL_SOCKET) return otherwise;
  request.op = P.NUSE_OP_GETOPT;
  [request.a, request.b, request.c, request.dataLen] = [level, name, 0, 0];
  carryOut(call);
  if (reply.result !== -EOPNOTSUPP) return otherwise;
  return otherwise === -EFAULT ? -ENOPROTOOPT : -EOPNOTSUPP;
}

/** getsockopt() */
export function getOption(socketCall: SocketCall): number {
  const { call, ended, fd, trap } = socketCall;
  const { request, reply } = call;
  if (isNative(socketCall)) return PASS;
  const room = trap.readInt(4);
  if (room === null) return -EFAULT;
  if (room < 0) return refusedFirst(socketCall, trap.argument(1), trap.argument(2), -EINVAL);
  request.op = P.NUSE_OP_GETOPT;
  [request.a, request.b, request.c] = [trap.argument(1), trap.argument(2), room];
  const isError = request.a === SOL_SOCKET && request.b === SO_ERROR;
  if (isError && ended !== null) forgetToldError(fd, ended);
  carryOut(call);
  if (reply.result < 0) return reply.result;
  if (isError) dropMark(socketCall);
  const len = Math.min(room, reply.dataLen);
  const copied = trap.write(3, reply.dataOff, len);
  return copied < 0 ? copied : trap.writeInt(4, len);
}

/** Copies the value to the request: 0 or -errno. */
function readValue({ call: { app, request }, trap }: SocketCall, len: number): number {
  if (request.a !== SOL_SOCKET || !PROGRAMS.has(request.b)) {
    request.dataLen = Math.min(len, P.NUSE_DATA_MAX);
    return trap.read(3, request.dataOff, request.dataLen);
  }
  const { memory: { dv }, scratchOff } = app;
  if (len !== FPROG.LEN) return -EINVAL;
  const read = trap.read(3, scratchOff, FPROG.LEN);
  if (read < 0) return read;
  request.dataLen = SOCK_FILTER_LEN * dv.getUint16(scratchOff + FPROG.COUNT, true);
  if (request.dataLen > P.NUSE_DATA_MAX) return -EINVAL;
  return trap.readAt(scratchOff + FPROG.CODE, 0, request.dataOff, request.dataLen);
}

/** setsockopt() */
export function setOption(socketCall: SocketCall): number {
  const { call, endpoint, fd, trap } = socketCall;
  const { app, request, reply } = call;
  if (isNative(socketCall)) return PASS;
  const len = trap.argument(4);
  if (len < 0) return -EINVAL;
  request.op = P.NUSE_OP_SETOPT;
  [request.a, request.b] = [trap.argument(1), trap.argument(2)];
  const read = readValue(socketCall, len);
  if (read === -EFAULT) return refusedFirst(socketCall, request.a, request.b, read);
  if (read < 0) return read;
  carryOut(call);
  const isUnwritable = endpoint instanceof StreamEndpoint && endpoint.isConnecting;
  if (reply.result === 0 && reply.c > 0 && !isUnwritable) setPairBuffer(app.sys, fd, reply.c);
  return isShared(socketCall) && reply.result === 0 ? PASS : reply.result;
}

/** Whether it acts on the pair, too: its own urgent bytes are in line, its reads wait for more. */
function isShared({ call: { request: { a, b } }, endpoint }: SocketCall): boolean {
  if (a !== SOL_SOCKET) return false;
  return b === SO_OOBINLINE || (b === SO_RCVLOWAT && endpoint instanceof StreamEndpoint);
}

/** ioctl() with a request of sockets. */
export function ioctl(socketCall: SocketCall): number {
  const { endpoint, trap } = socketCall;
  const asked = trap.argument(1);
  if (asked === SIOCATMARK && endpoint instanceof DatagramEndpoint) return -ENOTTY;
  if (asked === SIOCATMARK && !(endpoint instanceof StreamEndpoint)) return trap.writeInt(2, 0);
  if (asked === FIONREAD) return countUnread(socketCall);
  if (asked === SIOCGSTAMP || asked === SIOCGSTAMPNS) return lastStamp(socketCall);
  if (asked === SIOCATMARK || OWNER_IOCTLS.has(asked)) {
    watchUrgent(socketCall, endpoint); // made by a program with the shim, perhaps
    return PASS;
  }
  return deviceIoctl(socketCall, endpoint?.socket.domain ?? AF_INET);
}

/** FIONREAD: of datagrams, the next one's length. */
function countUnread({ call: { app }, endpoint, fd, trap }: SocketCall): number {
  if (endpoint instanceof ListenerEndpoint) return -EINVAL;
  if (!(endpoint instanceof DatagramEndpoint)) return PASS;
  const { base, scratchOff, sys } = app;
  const n = sys.recv(fd, base, scratchOff, 1, 0, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  return trap.writeInt(2, Math.max(0, n));
}

/** When the datagram came that was read last. */
function lastStamp({ call: { app }, endpoint, fd, trap }: SocketCall): number {
  if (!(endpoint instanceof DatagramEndpoint)) return -ENOTTY;
  const { base, memory: { dv }, scratchOff, sys } = app;
  const inbox = endpoint.becomePlain();
  const n = sys.recv(fd, base, scratchOff, 1, 0, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  inbox.first(sys.ioctlInt(fd, FIONREAD), n);
  const timeUs = inbox.lastReadUs;
  if (timeUs === 0n) return -ENOENT;
  const perUs = trap.argument(1) === SIOCGSTAMPNS ? NS_PER_US : 1n;
  dv.setBigInt64(scratchOff, timeUs / US_PER_S, true);
  dv.setBigInt64(scratchOff + 8, timeUs % US_PER_S * perUs, true);
  return trap.write(2, scratchOff, TIME_LEN);
}

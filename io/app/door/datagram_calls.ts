/**
 * sendto(), recvfrom(), sendmsg() and their like behind the second door, on datagram sockets. The
 * pair has no headers in it there (endpoint/plain_inbox.ts): a datagram with a destination goes
 * from the program's memory straight into a slot; of one that was received the pair gives the
 * payload and the inbox the sender.
 *
 * Streams are left to the kernel, mostly: stream_calls.ts.
 *
 * @module
 */
import {
  AF_INET6,
  FIONREAD,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
} from "../../../ffi/abi/socket.ts";
import {
  AF_INET,
  AF_UNSPEC,
  DGRAM_ADDR_OFF,
  DGRAM_DONTROUTE,
  DGRAM_FAMILY_OFF,
  DGRAM_FLAGS_OFF,
  DGRAM_HAS_ADDR,
  DGRAM_HEADER_LEN,
  DGRAM_IFINDEX_OFF,
  DGRAM_MAGIC,
  DGRAM_MORE,
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_PORT_OFF,
  EAGAIN,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOTCONN,
  EOPNOTSUPP,
  IP_RECVERR,
  IpAddress,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_RECVERR,
} from "../../../stack/mod.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import { ListenerEndpoint } from "../endpoint/listener_endpoint.ts";
import { PAYLOAD_MAX_LEN } from "../endpoint/datagram_slots.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import {
  familyOf,
  readSockaddr,
  sockaddrLen,
  SocketAddress,
  writeSockaddr,
} from "../protocol/sockaddr.ts";
import { carryOut } from "../control/operations.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { PASS, type SocketCall, WAIT } from "./door_call.ts";
import { CONTROL_MAX, type DoorMessage, MESSAGES_MAX, MMSGHDR_LEN } from "./message.ts";
import { SOCKADDR_MAX } from "./socket_calls.ts";
import { MSG_FASTOPEN, MSG_MORE, receiveStream, sendStream } from "./stream_calls.ts";

const MSG_DONTROUTE = 0x4;
const MSG_ERRQUEUE = 0x2000;
const MSG_WAITFORONE = 0x10000;
const MSG_CMSG_CLOEXEC = 0x40000000;
/** struct timespec (64-bit). */
const TIMESPEC = { SEC: 0, NSEC: 8, LEN: 16 } as const;
const NS_PER_S = 1_000_000_000;

/** A call on a datagram socket, with the message that it is about. */
interface DatagramCall extends SocketCall {
  readonly endpoint: DatagramEndpoint;
  readonly flags: number;
}

type Transfer = (datagramCall: DatagramCall, message: DoorMessage) => number;

/** `flags` of the call, if it is about a datagram socket; else its answer. */
function onDatagrams(socketCall: SocketCall, flags: number, then: (c: DatagramCall) => number) {
  const { endpoint } = socketCall;
  if (endpoint instanceof DatagramEndpoint) return then({ ...socketCall, endpoint, flags });
  if ((flags & MSG_OOB) !== 0 && endpoint instanceof StreamEndpoint) {
    // The pair has an urgent byte, too
    endpoint.watchUrgent(socketCall.call.nowUs);
    endpoint.writes.expectMark();
  }
  if ((flags & MSG_OOB) !== 0 && endpoint instanceof ListenerEndpoint) return -ENOTCONN;
  return (flags & MSG_ERRQUEUE) !== 0 ? -EAGAIN : PASS;
}

/** sendto() */
export function sendTo(socketCall: SocketCall): number {
  const { endpoint, message, trap } = socketCall;
  const flags = trap.argument(3);
  message.fromArguments(trap, trap.argument(5));
  if (endpoint instanceof StreamEndpoint && (flags & MSG_OOB) === 0) {
    return sendStream(socketCall, endpoint, flags);
  }
  return onDatagrams(socketCall, flags, (datagramCall) => {
    if (!trap.isNull(4) && trap.argument(5) === 0) return -EINVAL;
    return send(datagramCall, message);
  });
}

/** recvfrom() */
export function receiveFrom(socketCall: SocketCall): number {
  const { message, trap } = socketCall;
  return onDatagrams(socketCall, trap.argument(3), (datagramCall) => {
    const nameLen = trap.isNull(4) ? 0 : trap.readInt(5);
    if (nameLen === null) return -EFAULT;
    if (nameLen < 0) return -EINVAL;
    message.fromArguments(trap, nameLen);
    return receive(datagramCall, message);
  });
}

/** sendmsg(), recvmsg() */
export function one(socketCall: SocketCall, transfer: Transfer): number {
  const { endpoint, message, trap } = socketCall;
  const flags = trap.argument(2);
  if (endpoint instanceof StreamEndpoint && (flags & (MSG_OOB | MSG_ERRQUEUE)) === 0) {
    if (transfer === receive && !endpoint.socket.wantsInq) return PASS;
    const found = message.fromPointer(trap, 0);
    if (found < 0) return found;
    if (transfer === receive) return receiveStream(socketCall, endpoint, flags);
    const isPlain = message.nameLen === 0 && message.controlLen === 0;
    const isNative = isPlain && (flags & (MSG_FASTOPEN | MSG_MORE)) === 0;
    return isNative ? PASS : sendStream(socketCall, endpoint, flags);
  }
  return onDatagrams(socketCall, flags, (datagramCall) => {
    const found = message.fromPointer(trap, 0);
    return found < 0 ? found : transfer(datagramCall, message);
  });
}

/** sendmmsg(), recvmmsg(): how many, or what the first one came to. */
export function several(socketCall: SocketCall, transfer: Transfer): number {
  const { message, trap } = socketCall;
  const count = Math.min(trap.argument(2) >>> 0, MESSAGES_MAX);
  if (transfer === receive && !isTimeRight(socketCall)) return -EINVAL;
  return onDatagrams(socketCall, trap.argument(3) & ~MSG_WAITFORONE, (datagramCall) => {
    for (let i = 0; i < count; i++) {
      const flags = datagramCall.flags | (i > 0 ? MSG_DONTWAIT : 0);
      const found = message.fromPointer(trap, MMSGHDR_LEN * i);
      const n = found < 0 ? found : transfer({ ...datagramCall, flags }, message);
      if (n < 0 || n === WAIT) return i > 0 ? i : n;
      const told = message.writeBytes(n);
      if (told < 0) return told;
    }
    return count;
  });
}

/** recvmmsg()'s timeout: it is looked at between datagrams only, and we end after the first. */
function isTimeRight({ call: { app }, trap }: SocketCall): boolean {
  if (trap.isNull(4)) return true;
  const { memory: { dv }, scratchOff } = app;
  if (trap.read(4, scratchOff, TIMESPEC.LEN) < 0) return true;
  const ns = Number(dv.getBigInt64(scratchOff + TIMESPEC.NSEC, true));
  const isPast = dv.getBigInt64(scratchOff + TIMESPEC.SEC, true) < 0n;
  return !isPast && ns >= 0 && ns < NS_PER_S;
}

/** An error that is to be told now: what has shown it in the pair goes with it. */
function takeError(datagramCall: DatagramCall): number {
  const error = datagramCall.endpoint.takeError();
  dropMark(datagramCall);
  return error;
}

/** Takes the message that shows an error off the pair, if it is there and first. */
export function dropMark({ call: { app }, endpoint, fd }: SocketCall): void {
  if (!(endpoint instanceof DatagramEndpoint)) return;
  const inbox = endpoint.becomePlain();
  if (!inbox.hasMark) return;
  const { base, scratchOff, sys } = app;
  const unreadBytes = sys.ioctlInt(fd, FIONREAD);
  if (sys.recv(fd, base, scratchOff, 1, 0, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT) !== 0) return;
  inbox.first(unreadBytes, 0);
  if (!inbox.isMarkFirst) return;
  sys.recv(fd, base, scratchOff, 1, 0, 0, MSG_DONTWAIT);
  inbox.shift();
}

/** Sends `message`. */
export function send(datagramCall: DatagramCall, message: DoorMessage): number {
  const { call: { app, nowUs }, endpoint, flags } = datagramCall;
  const error = takeError(datagramCall);
  if (error !== 0) return -error;
  if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  if (message.hasEndlessPiece) return -EINVAL;
  const { slots } = app;
  const { room } = message;
  if (room > PAYLOAD_MAX_LEN) return -EMSGSIZE;
  if (slots.freeCount === 0) app.flush(nowUs);
  const { first } = slots;
  const off = slots.slotOff(first);
  const headed = writeHeader(datagramCall, message, off);
  if (headed < 0) return headed;
  const gathered = message.gather(off + DGRAM_HEADER_LEN);
  if (gathered < 0) return gathered;
  slots.use(1);
  return endpoint.sendFrom(off, room, nowUs);
}

/** The header, with the destination, if one is given, at `off`. */
function writeHeader(datagramCall: DatagramCall, message: DoorMessage, off: number): number {
  const { call: { app: { memory } }, endpoint: { socket }, flags } = datagramCall;
  const { dv, u8 } = memory;
  u8.fill(0, off, off + DGRAM_HEADER_LEN);
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint32(off + DGRAM_PAYLOAD_LEN_OFF, message.room, true);
  const isMore = (flags & MSG_MORE) !== 0 && socket.protocol === IPPROTO_UDP;
  const routed = ((flags & MSG_DONTROUTE) === 0 ? 0 : DGRAM_DONTROUTE) | (isMore ? DGRAM_MORE : 0);
  dv.setUint16(off + DGRAM_FLAGS_OFF, routed, true);
  const named = writeName(datagramCall, message, off, routed);
  if (named < 0 || message.controlLen === 0) return named;
  const read = message.readControl();
  if (read < 0) return read;
  const { control } = datagramCall;
  return control.take(message.controlOff, message.controlLen, socket, off);
}

/** The destination, if one is given. */
function writeName(
  datagramCall: DatagramCall,
  message: DoorMessage,
  off: number,
  flags: number,
): number {
  const { call: { app: { memory, scratchOff } }, endpoint: { socket } } = datagramCall;
  const { dv, u8 } = memory;
  const { nameLen } = message;
  if (nameLen === 0) return 0;
  if (nameLen < 0 || nameLen > SOCKADDR_MAX) return -EINVAL;
  if (message.readName(scratchOff, nameLen) < 0) return -EFAULT;
  if (nameLen >= 2 && dv.getUint16(scratchOff, true) === AF_UNSPEC) {
    dv.setUint16(scratchOff, AF_INET, true); // as Linux takes it
  }
  const address = new SocketAddress();
  const parsed = readSockaddr(dv, scratchOff, nameLen, socket.domain, address);
  if (parsed < 0) return parsed;
  dv.setUint16(off + DGRAM_FLAGS_OFF, flags | DGRAM_HAS_ADDR, true);
  dv.setUint16(off + DGRAM_FAMILY_OFF, familyOf(address.addr), true);
  dv.setUint16(off + DGRAM_PORT_OFF, address.port, true);
  address.addr.writeTo(u8, off + DGRAM_ADDR_OFF);
  dv.setUint32(off + DGRAM_IFINDEX_OFF, address.scopeId, true);
  return 0;
}

/** Receives into `message`. */
export function receive(datagramCall: DatagramCall, message: DoorMessage): number {
  const { call: { app }, calls, endpoint, fd, flags } = datagramCall;
  if ((flags & MSG_ERRQUEUE) !== 0) return receiveError(datagramCall, message);
  if ((flags & MSG_OOB) !== 0 && endpoint.socket.protocol !== IPPROTO_UDP) return -EOPNOTSUPP;
  const error = takeError(datagramCall);
  if (error !== 0) return -error;
  const inbox = endpoint.becomePlain();
  const unreadBytes = app.sys.ioctlInt(fd, FIONREAD);
  const how = (flags & MSG_PEEK) | MSG_TRUNC | MSG_DONTWAIT;
  const { first } = app.slots;
  const off = app.slots.freeCount > 0 ? app.slots.slotOff(first) : app.scratchOff;
  const n = app.sys.recv(fd, app.base, off, PAYLOAD_MAX_LEN, 0, 0, how);
  if (n === -EAGAIN) {
    const isWaiting = (flags & MSG_DONTWAIT) === 0 && calls.isNonblocking(fd) === 0;
    return isWaiting ? WAIT : n;
  }
  if (n < 0) return n;
  const header = inbox.first(unreadBytes, n);
  if (n === 0 && inbox.isMarkFirst) { // of an error that has been told
    dropMark(datagramCall);
    return receive(datagramCall, message);
  }
  if (header !== null && (flags & MSG_PEEK) === 0) inbox.shift();
  const { room } = message;
  const copied = Math.min(n, room);
  const scattered = message.scatter(off, copied);
  if (scattered < 0) return scattered;
  const nameLen = header === null ? 0 : writeSender(datagramCall, header);
  const { control } = datagramCall;
  control.begin(message.controlOff, Math.min(message.controlLen, CONTROL_MAX));
  if (header !== null) control.putReceived(endpoint.state, endpoint.socket.domain, header);
  const shown = (n > room ? MSG_TRUNC : 0) | (flags & MSG_CMSG_CLOEXEC) | control.flags;
  const told = message.writeResult(app.recordOff, nameLen, shown, control.used);
  if (told < 0) return told;
  return (flags & MSG_TRUNC) !== 0 ? n : copied;
}

/** recvmsg(MSG_ERRQUEUE): an entry of the error queue (control/error_queue.ts). */
function receiveError(datagramCall: DatagramCall, message: DoorMessage): number {
  const { call, control, endpoint: { socket, state } } = datagramCall;
  const { reply, request, app: { memory: { dv, u8 } } } = call;
  request.op = P.NUSE_OP_ERRQUEUE;
  carryOut(call);
  if (reply.result < 0) return reply.result;
  takeError(datagramCall);
  const { dataOff: off } = reply;
  const len = reply.dataLen - P.NUSE_EE_PAYLOAD_OFF;
  const copied = Math.min(len, message.room);
  const scattered = message.scatter(off + P.NUSE_EE_PAYLOAD_OFF, copied);
  if (scattered < 0) return scattered;
  control.begin(message.controlOff, Math.min(message.controlLen, CONTROL_MAX));
  const timeUs = dv.getBigUint64(off + P.NUSE_EE_TIME_OFF, true);
  if (timeUs !== 0n) control.putTime(state, timeUs);
  const nameLen = sockaddrLen(socket.domain);
  const [level, type] = socket.domain === AF_INET6
    ? [IPPROTO_IPV6, IPV6_RECVERR]
    : [IPPROTO_IP, IP_RECVERR];
  control.put(level, type, u8.slice(off, off + P.NUSE_EE_OFFENDER_OFF + nameLen));
  const flags = MSG_ERRQUEUE | (copied < len ? MSG_TRUNC : 0) | control.flags;
  const nameOff = off + P.NUSE_EE_DESTINATION_OFF;
  const told = message.writeResult(nameOff, nameLen, flags, control.used);
  return told < 0 ? told : copied;
}

/** The sender's sockaddr at `recordOff`: its length. */
function writeSender(datagramCall: DatagramCall, header: Uint8Array): number {
  const { call: { app: { memory: { u8 }, recordOff } }, endpoint: { socket } } = datagramCall;
  const dv = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const family = dv.getUint16(DGRAM_FAMILY_OFF, true);
  if (family === 0) return 0;
  const words = family === AF_INET ? 4 : 6;
  const addr = IpAddress.read(dv, DGRAM_ADDR_OFF, words);
  const port = dv.getUint16(DGRAM_PORT_OFF, true);
  const scopeId = dv.getUint32(DGRAM_IFINDEX_OFF, true);
  return writeSockaddr(u8, recordOff, socket.domain, addr, port, scopeId);
}

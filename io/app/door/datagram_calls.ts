/**
 * sendto(), recvfrom(), sendmsg() and their like behind the second door, on datagram sockets. The
 * pair has no headers in it there (endpoint/plain_inbox.ts): a datagram with a destination goes
 * from the program's memory straight into a slot; of one that was received the pair gives the
 * payload and the inbox the sender.
 *
 * Streams are left to the kernel: on their pairs these calls do what they do on TCP.
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
  DGRAM_PAYLOAD_LEN_OFF,
  DGRAM_PORT_OFF,
  EAGAIN,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  EOPNOTSUPP,
  IpAddress,
} from "../../../stack/mod.ts";
import { DatagramEndpoint } from "../endpoint/datagram_endpoint.ts";
import { PAYLOAD_MAX_LEN } from "../endpoint/datagram_slots.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import { readSockaddr, SocketAddress, writeSockaddr } from "../protocol/sockaddr.ts";
import { PASS, type SocketCall, WAIT } from "./door_call.ts";
import { type DoorMessage, MESSAGES_MAX, MMSGHDR_LEN } from "./message.ts";
import { SOCKADDR_MAX } from "./socket_calls.ts";

const MSG_DONTROUTE = 0x4;
const MSG_ERRQUEUE = 0x2000;
const MSG_WAITFORONE = 0x10000;

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
  return (flags & MSG_ERRQUEUE) !== 0 ? -EAGAIN : PASS;
}

/** sendto() */
export function sendTo(socketCall: SocketCall): number {
  const { message, trap } = socketCall;
  return onDatagrams(socketCall, trap.argument(3), (datagramCall) => {
    message.fromArguments(trap, trap.argument(5));
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
  const { message, trap } = socketCall;
  return onDatagrams(socketCall, trap.argument(2), (datagramCall) => {
    const found = message.fromPointer(trap, 0);
    return found < 0 ? found : transfer(datagramCall, message);
  });
}

/** sendmmsg(), recvmmsg(): how many, or what the first one came to. */
export function several(socketCall: SocketCall, transfer: Transfer): number {
  const { message, trap } = socketCall;
  const count = Math.min(trap.argument(2) >>> 0, MESSAGES_MAX);
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

/** Sends `message`. */
export function send(datagramCall: DatagramCall, message: DoorMessage): number {
  const { call: { app, nowUs }, endpoint, flags } = datagramCall;
  const error = endpoint.takeError();
  if (error !== 0) return -error;
  if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
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
  const { call: { app: { memory, scratchOff } }, endpoint: { socket }, flags } = datagramCall;
  const { dv, u8 } = memory;
  u8.fill(0, off, off + DGRAM_HEADER_LEN);
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint32(off + DGRAM_PAYLOAD_LEN_OFF, message.room, true);
  const routed = (flags & MSG_DONTROUTE) === 0 ? 0 : DGRAM_DONTROUTE;
  dv.setUint16(off + DGRAM_FLAGS_OFF, routed, true);
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
  dv.setUint16(off + DGRAM_FLAGS_OFF, routed | DGRAM_HAS_ADDR, true);
  dv.setUint16(off + DGRAM_FAMILY_OFF, address.addr.family === 4 ? AF_INET : AF_INET6, true);
  dv.setUint16(off + DGRAM_PORT_OFF, address.port, true);
  address.addr.writeTo(u8, off + DGRAM_ADDR_OFF);
  dv.setUint32(off + DGRAM_IFINDEX_OFF, address.scopeId, true);
  return 0;
}

/** Receives into `message`. */
export function receive(datagramCall: DatagramCall, message: DoorMessage): number {
  const { call: { app }, calls, endpoint, fd, flags } = datagramCall;
  if ((flags & MSG_ERRQUEUE) !== 0) return -EAGAIN;
  if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  const error = endpoint.takeError();
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
  if (header !== null && (flags & MSG_PEEK) === 0) inbox.shift();
  const { room } = message;
  const copied = Math.min(n, room);
  const scattered = message.scatter(off, copied);
  if (scattered < 0) return scattered;
  const nameLen = header === null ? 0 : writeSender(datagramCall, header);
  const told = message.writeResult(app.recordOff, nameLen, n > room ? MSG_TRUNC : 0);
  if (told < 0) return told;
  return (flags & MSG_TRUNC) !== 0 ? n : copied;
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

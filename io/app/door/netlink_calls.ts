/**
 * The calls of programs on netlink sockets, all of which stop at the second door, with the shim or
 * without it: names, options, and requests. What is answered lies in the socket's pair, so that
 * recv() and read() need not stop; who asks for the sender's address is told that it is the kernel
 * (netlink(7)).
 *
 * @module
 */
import {
  AF_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_DROP_MEMBERSHIP,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_LIST_MEMBERSHIPS,
  SOCKADDR_NL,
  SOL_NETLINK,
} from "../../../ffi/abi/netlink.ts";
import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SO_DOMAIN,
  SO_ERROR,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../../ffi/abi/socket.ts";
import { SYSCALLS } from "../../../ffi/abi/syscalls.ts";
import { NUSE_NETLINK_MARK } from "../../../ffi/shim/protocol.ts";
import {
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  EFAULT,
  EINVAL,
  EMFILE,
  EMSGSIZE,
  ENOENT,
  ENOPROTOOPT,
  EOPNOTSUPP,
  ESOCKTNOSUPPORT,
  SO_PROTOCOL,
} from "../../../stack/mod.ts";
import { SCRATCH_LEN } from "../endpoint/app_context.ts";
import { CAP_NET_ADMIN } from "../endpoint/privilege.ts";
import { NetlinkSocket, REQUEST_MAX } from "../netlink/netlink_socket.ts";
import { deviceIoctl, isDeviceIoctl } from "./device_ioctl.ts";
import { ANSWERED, type DoorCall, giveDescriptor, PASS, WAIT } from "./door_call.ts";
import { type DoorMessage, MESSAGES_MAX, MMSGHDR_LEN } from "./message.ts";
import { writeAddress } from "./socket_calls.ts";

const GROUPS_MAX = 32;
/** What Linux gives a socket unless asked. */
const DEFAULT_BUFFER = 212_992;

/** One about a netlink socket. */
export interface NetlinkCall extends DoorCall {
  readonly netlink: NetlinkSocket;
  /** Our copy of the program's descriptor, closed afterwards. */
  readonly fd: number;
  /** Carries out what the shims have sent so far. */
  readonly catchUp: () => void;
}

/** socket(AF_NETLINK, type, protocol) */
export function makeNetlinkSocket(doorCall: DoorCall): number {
  const { trap, call: { app, rights }, calls, netlinks } = doorCall;
  const flags = trap.argument(1) & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  const type = trap.argument(1) & ~flags;
  if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
  const { pairs } = app;
  const opened = pairs.open(SOCK_SEQPACKET, NUSE_NETLINK_MARK);
  if (opened < 0) return opened;
  const isAdmins = rights?.has(CAP_NET_ADMIN) ?? false;
  const { ownFd, programFd, cookie } = pairs;
  const family = trap.argument(2);
  const netlink = new NetlinkSocket(app, netlinks, family, type, ownFd, cookie, isAdmins);
  if (netlink.attach() < 0) {
    app.sys.close(programFd);
    return -EMFILE;
  }
  if ((flags & SOCK_NONBLOCK) !== 0) calls.makeNonblocking(programFd);
  const given = giveDescriptor(doorCall, programFd, (flags & SOCK_CLOEXEC) !== 0);
  app.sys.close(programFd); // not given: our end hangs up, and the socket ends by itself
  return given === -ENOENT ? ANSWERED : given;
}

type Answer = (netlinkCall: NetlinkCall) => number;

const refuse: Answer = () => -EOPNOTSUPP;

const ANSWERS: ReadonlyMap<number, Answer> = new Map([
  [SYSCALLS.SYS_bind, bind],
  [SYSCALLS.SYS_connect, connect],
  [SYSCALLS.SYS_listen, refuse],
  [SYSCALLS.SYS_accept, refuse],
  [SYSCALLS.SYS_accept4, refuse],
  [SYSCALLS.SYS_shutdown, refuse],
  [SYSCALLS.SYS_getsockname, ownName],
  [SYSCALLS.SYS_getpeername, peerName],
  [SYSCALLS.SYS_getsockopt, getOption],
  [SYSCALLS.SYS_setsockopt, setOption],
  [SYSCALLS.SYS_ioctl, (c) => isDeviceIoctl(c.trap.argument(1)) ? deviceIoctl(c, AF_INET) : PASS],
  [SYSCALLS.SYS_sendto, sendTo],
  [SYSCALLS.SYS_sendmsg, (c) => one(c, send)],
  [SYSCALLS.SYS_sendmmsg, (c) => several(c, send)],
  [SYSCALLS.SYS_recvfrom, receiveFrom],
  [SYSCALLS.SYS_recvmsg, (c) => one(c, receive)],
  [SYSCALLS.SYS_recvmmsg, (c) => several(c, receive)],
]);

/** Whatever the call is. */
export function answerNetlink(netlinkCall: NetlinkCall): number {
  return (ANSWERS.get(netlinkCall.trap.number) ?? ((): number => PASS))(netlinkCall);
}

// ---- names

interface NetlinkName {
  readonly portId: number;
  readonly groups: number;
}

/** Argument 1 and 2; -errno. */
function readName({ trap, call: { app } }: NetlinkCall): NetlinkName | number {
  const len = trap.argument(2);
  if (len < SOCKADDR_NL.LEN) return -EINVAL;
  if (trap.read(1, app.scratchOff, SOCKADDR_NL.LEN) < 0) return -EFAULT;
  return parseName(app.memory.dv, app.scratchOff);
}

function parseName(dv: DataView, off: number): NetlinkName | number {
  if (dv.getUint16(off, true) !== AF_NETLINK) return -EINVAL;
  return {
    portId: dv.getUint32(off + SOCKADDR_NL.PORT_ID, true),
    groups: dv.getUint32(off + SOCKADDR_NL.GROUPS, true),
  };
}

/** At `recordOff`: its length. */
function putName({ call: { app } }: NetlinkCall, name: NetlinkName): number {
  const { memory: { dv, u8 }, recordOff } = app;
  u8.fill(0, recordOff, recordOff + SOCKADDR_NL.LEN);
  dv.setUint16(recordOff, AF_NETLINK, true);
  dv.setUint32(recordOff + SOCKADDR_NL.PORT_ID, name.portId, true);
  dv.setUint32(recordOff + SOCKADDR_NL.GROUPS, name.groups, true);
  return SOCKADDR_NL.LEN;
}

function writeName(netlinkCall: NetlinkCall, name: NetlinkName): number {
  const len = putName(netlinkCall, name);
  return writeAddress(netlinkCall, netlinkCall.call.app.recordOff, len);
}

/** A number for a socket that has none: that of its process, unless another has it. */
function bindAutomatically({ netlink, netlinks, thread }: NetlinkCall): void {
  if (netlink.portId !== 0) return;
  netlink.portId = netlinks.freePortId(netlink.family, thread.process.pid);
}

function bind(netlinkCall: NetlinkCall): number {
  const { netlink, netlinks } = netlinkCall;
  const name = readName(netlinkCall);
  if (typeof name === "number") return name;
  if (netlink.portId !== 0 && name.portId !== netlink.portId) return -EINVAL;
  if (netlink.portId === 0 && name.portId !== 0) {
    if (netlinks.isTaken(netlink.family, name.portId)) return -EADDRINUSE;
    netlink.portId = name.portId;
  }
  bindAutomatically(netlinkCall);
  netlink.groups = name.groups;
  return 0;
}

function connect(netlinkCall: NetlinkCall): number {
  const { netlink } = netlinkCall;
  const name = readName(netlinkCall);
  if (typeof name === "number") return name;
  if (name.portId !== 0) return -ECONNREFUSED; // programs do not hear each other here
  netlink.peerPortId = name.portId;
  bindAutomatically(netlinkCall);
  return 0;
}

function ownName(netlinkCall: NetlinkCall): number {
  return writeName(netlinkCall, netlinkCall.netlink);
}

/** Linux gives zeros when it is not connected. */
function peerName(netlinkCall: NetlinkCall): number {
  const { peerPortId } = netlinkCall.netlink;
  return writeName(netlinkCall, { portId: peerPortId ?? 0, groups: 0 });
}

// ---- options

function setOption(netlinkCall: NetlinkCall): number {
  const { trap, netlink } = netlinkCall;
  const [level, name] = [trap.argument(1), trap.argument(2)];
  if (level === SOL_NETLINK) return setNetlinkOption(netlinkCall, name);
  if (level !== SOL_SOCKET) return -ENOPROTOOPT;
  switch (name) {
    case SO_RCVBUF: // that of the pair tells whose it is
    case SO_RCVBUFFORCE:
    case SO_SNDBUF:
    case SO_SNDBUFFORCE: {
      const value = trap.readInt(3);
      if (value === null) return -EFAULT;
      const kept = name === SO_RCVBUF || name === SO_RCVBUFFORCE ? SO_RCVBUF : SO_SNDBUF;
      netlink.options.set(`${level} ${kept}`, 2 * value);
      return 0;
    }
    default:
      return PASS;
  }
}

function setNetlinkOption({ trap, netlink }: NetlinkCall, name: number): number {
  const value = trap.argument(4) < 4 ? 0 : trap.readInt(3); // as Linux takes what is too short
  if (value === null) return -EFAULT;
  switch (name) {
    case NETLINK_GET_STRICT_CHK:
      netlink.isStrict = value !== 0;
      return 0;
    case NETLINK_EXT_ACK:
      netlink.hasExtAck = value !== 0;
      return 0;
    case NETLINK_CAP_ACK:
      netlink.isCapped = value !== 0;
      return 0;
    case NETLINK_ADD_MEMBERSHIP:
    case NETLINK_DROP_MEMBERSHIP: {
      if (value < 1) return -EINVAL;
      const bit = value > GROUPS_MAX ? 0 : 1 << (value - 1);
      const isAdded = name === NETLINK_ADD_MEMBERSHIP;
      netlink.groups = (isAdded ? netlink.groups | bit : netlink.groups & ~bit) >>> 0;
      return 0;
    }
    default: // PKTINFO, BROADCAST_ERROR, NO_ENOBUFS, LISTEN_ALL_NSID
      if (name < 3 || name > NETLINK_GET_STRICT_CHK || name === NETLINK_LIST_MEMBERSHIPS) {
        return -ENOPROTOOPT;
      }
      netlink.options.set(`${SOL_NETLINK} ${name}`, value === 0 ? 0 : 1);
      return 0;
  }
}

/** An int, or PASS. */
function optionOf({ netlink, trap }: NetlinkCall): number {
  const [level, name] = [trap.argument(1), trap.argument(2)];
  const key = `${level} ${name}`;
  if (level === SOL_NETLINK) {
    if (name === NETLINK_GET_STRICT_CHK) return netlink.isStrict ? 1 : 0;
    if (name === NETLINK_EXT_ACK) return netlink.hasExtAck ? 1 : 0;
    if (name === NETLINK_CAP_ACK) return netlink.isCapped ? 1 : 0;
    if (name === NETLINK_LIST_MEMBERSHIPS) return netlink.groups | 0;
    return name >= 3 && name <= 8 ? netlink.options.get(key) ?? 0 : -ENOPROTOOPT;
  }
  if (level !== SOL_SOCKET) return -ENOPROTOOPT;
  switch (name) {
    case SO_RCVBUF:
    case SO_SNDBUF:
      return netlink.options.get(key) ?? DEFAULT_BUFFER;
    case SO_TYPE:
      return netlink.type;
    case SO_DOMAIN:
      return AF_NETLINK;
    case SO_PROTOCOL:
      return netlink.family;
    case SO_ERROR:
      return 0;
    default:
      return PASS;
  }
}

function getOption(netlinkCall: NetlinkCall): number {
  const { trap } = netlinkCall;
  const value = optionOf(netlinkCall);
  if (value === PASS || value === -ENOPROTOOPT) return value;
  const room = trap.readInt(4);
  if (room === null) return -EFAULT;
  if (room < 4) return -EINVAL;
  const written = trap.writeInt(3, value);
  return written < 0 ? written : trap.writeInt(4, 4);
}

// ---- requests and answers

type Transfer = (netlinkCall: NetlinkCall, message: DoorMessage, flags: number) => number;

function sendTo(netlinkCall: NetlinkCall): number {
  const { message, trap } = netlinkCall;
  message.fromArguments(trap, trap.argument(5));
  return send(netlinkCall, message, trap.argument(3));
}

function receiveFrom(netlinkCall: NetlinkCall): number {
  const { message, trap } = netlinkCall;
  const nameLen = trap.isNull(4) ? 0 : trap.readInt(5);
  if (nameLen === null) return -EFAULT;
  if (nameLen < 0) return -EINVAL;
  message.fromArguments(trap, nameLen);
  return receive(netlinkCall, message, trap.argument(3));
}

function one(netlinkCall: NetlinkCall, transfer: Transfer): number {
  const { message, trap } = netlinkCall;
  const found = message.fromPointer(trap, 0);
  return found < 0 ? found : transfer(netlinkCall, message, trap.argument(2));
}

function several(netlinkCall: NetlinkCall, transfer: Transfer): number {
  const { message, trap } = netlinkCall;
  const count = Math.min(trap.argument(2) >>> 0, MESSAGES_MAX);
  for (let i = 0; i < count; i++) {
    const flags = trap.argument(3) | (i > 0 ? MSG_DONTWAIT : 0);
    const found = message.fromPointer(trap, MMSGHDR_LEN * i);
    const n = found < 0 ? found : transfer(netlinkCall, message, flags);
    if (n < 0 || n === WAIT) return i > 0 ? i : n;
    const told = message.writeBytes(n);
    if (told < 0) return told;
  }
  return count;
}

function send(netlinkCall: NetlinkCall, message: DoorMessage, flags: number): number {
  const { call: { app, rights }, catchUp, netlink } = netlinkCall;
  if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  const { nameLen, room } = message;
  if (nameLen > 0) {
    if (nameLen < SOCKADDR_NL.LEN) return -EINVAL;
    if (message.readName(app.scratchOff, SOCKADDR_NL.LEN) < 0) return -EFAULT;
    const name = parseName(app.memory.dv, app.scratchOff);
    if (typeof name === "number") return name;
    if (name.portId !== 0) return -ECONNREFUSED;
  }
  if (room > REQUEST_MAX) return -EMSGSIZE;
  netlink.catchUp();
  bindAutomatically(netlinkCall);
  const gathered = message.gather(app.scratchOff);
  if (gathered < 0) return gathered;
  const datagram = app.memory.u8.slice(app.scratchOff, app.scratchOff + room);
  catchUp();
  // Neither may who has the right use a socket of who has not, nor the other way round
  const mayAdmin = () => netlink.isAdmins && (rights?.has(CAP_NET_ADMIN) ?? false);
  const taken = netlink.take(datagram, mayAdmin);
  return taken < 0 ? taken : room;
}

function receive(netlinkCall: NetlinkCall, message: DoorMessage, flags: number): number {
  const { call: { app }, calls, fd, netlink } = netlinkCall;
  if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
  netlink.catchUp();
  netlink.pump();
  const { scratchOff, sys } = app;
  const how = (flags & MSG_PEEK) | MSG_TRUNC | MSG_DONTWAIT;
  const n = sys.recv(fd, app.base, scratchOff, SCRATCH_LEN, 0, 0, how);
  if (n === -EAGAIN) {
    const isWaiting = (flags & MSG_DONTWAIT) === 0 && calls.isNonblocking(fd) === 0;
    return isWaiting ? WAIT : n;
  }
  if (n < 0) return n;
  const result = deliver(netlinkCall, message, { n, room: message.room, flags });
  netlink.pump(); // there is room for more now
  return result;
}

function deliver(
  netlinkCall: NetlinkCall,
  message: DoorMessage,
  { n, room, flags }: { n: number; room: number; flags: number },
): number {
  const { call: { app } } = netlinkCall;
  const copied = Math.min(n, room);
  const scattered = message.scatter(app.scratchOff, copied);
  if (scattered < 0) return scattered;
  const len = message.nameLen > 0 ? putName(netlinkCall, { portId: 0, groups: 0 }) : 0;
  const told = message.writeResult(app.recordOff, len, n > room ? MSG_TRUNC : 0);
  if (told < 0) return told;
  return (flags & MSG_TRUNC) !== 0 ? n : copied;
}

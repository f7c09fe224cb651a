/**
 * IOCTL: SIOCOUTQ, SIOCOUTQNSD, the service's part of SIOCINQ, and the interface ioctls of
 * netdevice(7), on struct ifreq. What changes the network is done at the second door
 * (netlink/ioctl_changes.ts); without one it is refused. SIOCGIFCONF is made of IFADDRS by the
 * shim.
 *
 * @module
 */
import { AF_INET, AF_INET6, FIONREAD, SIOCOUTQ, SIOCOUTQNSD } from "../../../ffi/abi/socket.ts";
import {
  IFNAMSIZ,
  IFREQ,
  SIOCDIFADDR,
  SIOCETHTOOL,
  SIOCGIFADDR,
  SIOCGIFBRDADDR,
  SIOCGIFDSTADDR,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMETRIC,
  SIOCGIFMTU,
  SIOCGIFNAME,
  SIOCGIFNETMASK,
  SIOCGIFTXQLEN,
  SIOCSIFADDR,
  SIOCSIFBRDADDR,
  SIOCSIFFLAGS,
  SIOCSIFMTU,
  SIOCSIFNETMASK,
} from "../../../ffi/abi/interface.ts";
import { SIOCADDRT, SIOCDARP, SIOCDELRT, SIOCSARP } from "../../../ffi/abi/route.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { TX_QUEUE_LEN } from "../../../ffi/abi/packet.ts";
import {
  EADDRNOTAVAIL,
  EFAULT,
  EINVAL,
  ENODEV,
  ENOTTY,
  EOPNOTSUPP,
  EPERM,
  type Interface,
  type Stack,
} from "../../../stack/mod.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import type { Endpoint } from "../endpoint/endpoint.ts";
import { ListenerEndpoint } from "../endpoint/listener_endpoint.ts";
import { StreamEndpoint } from "../endpoint/stream_endpoint.ts";
import type { Reply } from "../protocol/message.ts";
import { writeSockaddr } from "../protocol/sockaddr.ts";
import type { Call } from "./call.ts";
import { hardwareType, netmaskOf, writeName } from "./ifaddrs.ts";
import { isNeighbourIoctl, neighbourIoctl } from "./neighbour_ioctl.ts";

/** What changes something: others only look. */
const CHANGES: ReadonlySet<number> = new Set([
  ...[SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFBRDADDR, SIOCSIFNETMASK, SIOCSIFMTU],
  // SIOCSIFDSTADDR, …METRIC, …MEM, …NAME, …HWADDR, …SLAVE, SIOCADDMULTI, SIOCDELMULTI
  ...[0x8918, 0x891e, 0x8920, 0x8923, 0x8924, 0x8930, 0x8931, 0x8932],
  // SIOCSIFPFLAGS, …HWBROADCAST, …TXQLEN, …MAP
  ...[0x8934, 0x8937, 0x8943, 0x8971],
  ...[SIOCDIFADDR, SIOCADDRT, SIOCDELRT, SIOCSARP, SIOCDARP],
]);

export function changesNetwork(request: number): boolean {
  return CHANGES.has(request);
}

/** Requests about devices and neighbours, all in this range. */
export const SIOC_FIRST = 0x8910;
export const SIOC_LAST = 0x8970;
const SOCKADDR_OFFSET = 16;
/** What is asked of an interface's address of IPv4. */
const OF_V4: ReadonlySet<number> = new Set([
  SIOCGIFADDR,
  SIOCGIFDSTADDR,
  SIOCGIFBRDADDR,
  SIOCGIFNETMASK,
]);

/** IOCTL: `a` the request. */
export function ioctl({ app, request, reply, nowUs }: Call): number {
  const endpoint = app.endpoints.get(request.cookie);
  if (endpoint instanceof StreamEndpoint && endpoint.sendRing !== null) endpoint.lookAtRing(nowUs);
  reply.state = endpoint?.state ?? 0;
  if (request.a === SIOCOUTQ || request.a === SIOCOUTQNSD) {
    return outputQueue(app, endpoint, request.a === SIOCOUTQNSD, reply);
  }
  if (request.a === FIONREAD) return inputQueue(app, endpoint, reply);
  if (changesNetwork(request.a)) return app.hasDoor ? -P.NUSE_AT_DOOR : -EPERM;
  // A socket of IPv6 tells no addresses of IPv4
  if (endpoint?.socket.domain === AF_INET6 && OF_V4.has(request.a)) return -ENOTTY;
  const { dv, u8 } = app.memory;
  const len = request.dataLen;
  u8.copyWithin(reply.dataOff, request.dataOff, request.dataOff + len);
  const argument = { dv, u8, off: reply.dataOff, len };
  const result = isNeighbourIoctl(request.a)
    ? neighbourIoctl(app.stack, request.a, argument, nowUs)
    : interfaceIoctl(app.stack, request.a, argument);
  if (result >= 0) reply.dataLen = len;
  return result;
}

/**
 * SIOCOUTQ (TIOCOUTQ): bytes that the peer has not acknowledged; SIOCOUTQNSD: that have not been
 * sent yet (streams only). Datagrams leave at once.
 */
function outputQueue(
  app: AppContext,
  endpoint: Endpoint | null,
  isUnsent: boolean,
  reply: Reply,
): number {
  if (endpoint === null) return -ENOTTY;
  if (endpoint instanceof ListenerEndpoint) return -EINVAL;
  if (isUnsent && !(endpoint instanceof StreamEndpoint)) return -ENOTTY;
  let bytes = 0;
  if (endpoint instanceof StreamEndpoint) {
    const unread = app.sys.ioctlInt(endpoint.fd, FIONREAD);
    const { unsentBytes, unackedBytes } = endpoint.socket;
    bytes = (isUnsent ? unsentBytes : unackedBytes) + Math.max(unread, 0);
  }
  app.memory.dv.setInt32(reply.dataOff, bytes, true);
  reply.dataLen = 4;
  return 0;
}

/**
 * FIONREAD (SIOCINQ): bytes that have been received, and for which the pair had no room yet. `b`:
 * with less than so many in the pair there are none.
 */
function inputQueue(app: AppContext, endpoint: Endpoint | null, reply: Reply): number {
  if (!(endpoint instanceof StreamEndpoint)) return -ENOTTY;
  app.memory.dv.setInt32(reply.dataOff, endpoint.socket.recvAvailable(), true);
  reply.b = endpoint.wholeBelow;
  reply.dataLen = 4;
  return 0;
}

/** The argument of an ioctl in memory: `len` bytes. */
export interface IoctlArgument {
  readonly dv: DataView;
  readonly u8: Uint8Array;
  readonly off: number;
  readonly len: number;
}

/** Carries out `request` on the struct ifreq at `arg.off`, in place. Returns 0 or -errno. */
export function interfaceIoctl(
  stack: Pick<Stack, "interfaceByIndex" | "interfaceByName">,
  request: number,
  arg: IoctlArgument,
): number {
  if (request < SIOC_FIRST || request > SIOC_LAST) return -ENOTTY;
  if (arg.len < IFREQ.LEN) return -EFAULT;
  if (request === SIOCGIFNAME) {
    const iface = stack.interfaceByIndex(arg.dv.getInt32(arg.off + IFREQ.IFINDEX, true));
    if (iface === null) return -ENODEV;
    writeName(arg.u8, arg.off + IFREQ.NAME, IFNAMSIZ, iface.name);
    return 0;
  }
  const iface = stack.interfaceByName(readName(arg));
  if (iface === null) return -ENODEV;
  return interfaceField(iface, request, arg);
}

function interfaceField(iface: Interface, request: number, arg: IoctlArgument): number {
  const { dv, u8, off } = arg;
  switch (request) {
    case SIOCGIFFLAGS:
      dv.setInt16(off + IFREQ.FLAGS, iface.flags << 16 >> 16, true);
      return 0;
    case SIOCGIFMTU:
      dv.setInt32(off + IFREQ.MTU, iface.mtu, true);
      return 0;
    case SIOCGIFINDEX:
      dv.setInt32(off + IFREQ.IFINDEX, iface.index, true);
      return 0;
    case SIOCGIFMETRIC:
      dv.setInt32(off + SOCKADDR_OFFSET, 0, true);
      return 0;
    case SIOCGIFTXQLEN:
      dv.setInt32(off + SOCKADDR_OFFSET, TX_QUEUE_LEN, true);
      return 0;
    case SIOCGIFHWADDR:
      u8.fill(0, off + IFREQ.HWADDR_FAMILY, off + IFREQ.LEN);
      dv.setUint16(off + IFREQ.HWADDR_FAMILY, hardwareType(iface), true);
      u8.set(iface.mac, off + IFREQ.HWADDR);
      return 0;
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
      return addressField(iface, request, arg);
    case SIOCETHTOOL: // as of a device that tells nothing of itself
      return -EOPNOTSUPP;
    default:
      return -EPERM;
  }
}

/** As Linux: the interface's first IPv4 address. */
function addressField(iface: Interface, request: number, arg: IoctlArgument): number {
  const entry = iface.addresses.find(({ addr }) => addr.family === 4);
  if (entry === undefined) return -EADDRNOTAVAIL;
  let addr = entry.addr;
  if (request === SIOCGIFNETMASK) addr = netmaskOf(entry.prefixLen, 4);
  else if (request === SIOCGIFBRDADDR) addr = entry.broadcast ?? netmaskOf(0, 4);
  writeSockaddr(arg.u8, arg.off + SOCKADDR_OFFSET, AF_INET, addr, 0);
  return 0;
}

/** ifr_name; of an alias ("eth0:1") the interface. */
function readName({ u8, off }: IoctlArgument): string {
  let name = "";
  for (let i = 0; i < IFNAMSIZ; i++) {
    const c = u8[off + IFREQ.NAME + i];
    if (c === 0 || c === 0x3a) break;
    name += String.fromCharCode(c);
  }
  return name;
}

/**
 * The ioctls that change interfaces, addresses, routes and neighbours, as `ifconfig`, `route`,
 * `arp` and DHCP clients make them (netdevice(7), arp(7)), with Linux's effects and errors
 * (devinet_ioctl, ip_rt_ioctl, arp_ioctl, addrconf_ioctl). Who may is the caller's business.
 *
 *     struct ifreq     name (16)  sockaddr_in, flags or a number (16)
 *     struct arpreq    address (16)  hardware address (16)  flags (4)  netmask (16)  device (16)
 *     struct rtentry   (8)  destination (16)  gateway (16)  netmask (16)  flags (2) … metric at 80
 *
 * What the stack has not (labels of addresses, other flags, hardware addresses) is EOPNOTSUPP.
 *
 * @module
 */
import {
  IFNAMSIZ,
  IFREQ,
  IN6_IFREQ,
  SIOCDIFADDR,
  SIOCSIFADDR,
  SIOCSIFBRDADDR,
  SIOCSIFFLAGS,
  SIOCSIFMTU,
  SIOCSIFNETMASK,
} from "../../../ffi/abi/interface.ts";
import {
  ARPREQ,
  ATF_PERM,
  ATF_PUBL,
  IN6_RTMSG,
  RTENTRY,
  RTF_GATEWAY,
  RTF_HOST,
  RTF_REJECT,
  SIOCADDRT,
  SIOCDARP,
} from "../../../ffi/abi/route.ts";
import { ARPHRD_ETHER } from "../../../ffi/abi/packet.ts";
import { AF_INET, SOCKADDR_IN } from "../../../ffi/abi/socket.ts";
import {
  cText,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EEXIST,
  EINVAL,
  ENODEV,
  ENXIO,
  EOPNOTSUPP,
  EPFNOSUPPORT,
  ESRCH,
  IFF_UP,
  type Interface,
  type InterfaceAddress,
  IpAddress,
  NUD_PERMANENT,
  NUD_STALE,
  type Stack,
} from "../../../stack/mod.ts";
import { MAC_LEN } from "../control/ifaddrs.ts";
import type { IoctlArgument } from "../control/ioctl.ts";
import { Refusal } from "./answer.ts";
import { setMtu } from "./link_changes.ts";
import { V6_METRICS } from "./routes.ts";

/** Of an interface, by a struct ifreq at `arg.off`. 0 or -errno. */
export function changeInterface(
  stack: Stack,
  request: number,
  arg: IoctlArgument,
  nowUs: number,
): number {
  const name = nameAt(arg, IFREQ.NAME);
  const iface = stack.interfaceByName(name.split(":")[0]);
  if (iface === null) return -ENODEV;
  if (name.includes(":")) return -EOPNOTSUPP; // a label of an address
  const { dv, off } = arg;
  switch (request) {
    case SIOCSIFFLAGS: {
      const isUp = (dv.getInt16(off + IFREQ.FLAGS, true) & IFF_UP) !== 0;
      return stack.admin.setInterfaceUp(iface.index, isUp, nowUs);
    }
    case SIOCSIFMTU: {
      const set = setMtu({ stack }, iface, dv.getInt32(off + IFREQ.MTU, true));
      return set instanceof Refusal ? -set.errno : set;
    }
    case SIOCSIFADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFBRDADDR:
    case SIOCDIFADDR:
      return changeAddress(stack, iface, request, arg, nowUs);
    default:
      return -EOPNOTSUPP;
  }
}

function firstOf({ addresses }: Interface): InterfaceAddress | undefined {
  return addresses.find(({ addr }) => addr.family === 4);
}

function changeAddress(
  stack: Stack,
  iface: Interface,
  request: number,
  { dv, off }: IoctlArgument,
  nowUs: number,
): number {
  const given = addressAt(dv, off + IFREQ.ADDR);
  const old = firstOf(iface);
  if (request === SIOCDIFADDR) { // as Linux: whatever the address says, the first goes
    return old === undefined ? -EADDRNOTAVAIL : stack.removeAddress(iface.index, old.addr, nowUs);
  }
  if (request === SIOCSIFADDR) {
    if (given === null) return -EINVAL;
    return setAddress(stack, iface, old, given, nowUs);
  }
  if (old === undefined) return -EADDRNOTAVAIL;
  if (request === SIOCSIFBRDADDR) {
    const isOwn = given !== null && old.broadcast !== null && old.broadcast.equals(given);
    return isOwn ? 0 : -EOPNOTSUPP; // it follows from the subnet
  }
  const prefixLen = given === null ? -1 : prefixOf(given);
  if (prefixLen < 0) return -EINVAL;
  return prefixLen === old.prefixLen ? 0 : replace(stack, iface, old, old.addr, prefixLen, nowUs);
}

function setAddress(
  stack: Stack,
  iface: Interface,
  old: InterfaceAddress | undefined,
  addr: IpAddress,
  nowUs: number,
): number {
  if (old !== undefined && old.addr.equals(addr)) return 0;
  if (addr.isUnspecified) {
    return old === undefined ? 0 : stack.removeAddress(iface.index, old.addr, nowUs);
  }
  const prefixLen = classPrefix(addr);
  if (prefixLen < 0) return -EINVAL;
  if (iface.link.isAddressBound ?? false) return -EOPNOTSUPP; // with the host's MAC: no other
  return replace(stack, iface, old, addr, prefixLen, nowUs);
}

/** `addr` in the place of `old`; when it cannot be, `old` stays. */
function replace(
  stack: Stack,
  { index }: Interface,
  old: InterfaceAddress | undefined,
  addr: IpAddress,
  prefixLen: number,
  nowUs: number,
): number {
  if (old !== undefined) stack.removeAddress(index, old.addr, nowUs);
  const added = stack.addAddress(index, addr, prefixLen, nowUs);
  if (added !== 0 && old !== undefined) stack.addAddress(index, old.addr, old.prefixLen, nowUs);
  return added;
}

/** SIOCADDRT, SIOCDELRT: a struct rtentry at `arg.off`; `device`: what rt_dev names, or "". */
export function changeRoute(
  stack: Stack,
  request: number,
  { dv, off }: IoctlArgument,
  device: string,
): number {
  if (dv.getUint16(off + RTENTRY.DST, true) !== AF_INET) return -EAFNOSUPPORT;
  const flags = dv.getUint16(off + RTENTRY.FLAGS, true);
  const dst = addressAt(dv, off + RTENTRY.DST)!;
  const mask = addressAt(dv, off + RTENTRY.MASK);
  const isHost = (flags & RTF_HOST) !== 0;
  if (!isHost && mask === null && dv.getUint32(off + RTENTRY.MASK + SOCKADDR_IN.ADDR) !== 0) {
    return -EAFNOSUPPORT;
  }
  const prefixLen = isHost ? 32 : mask === null ? 0 : prefixOf(mask);
  if (prefixLen < 0 || !dst.maskedBy(prefixLen).equals(dst)) return -EINVAL;
  const shown = dv.getInt16(off + RTENTRY.METRIC, true);
  const out = device === "" ? null : stack.interfaceByName(device.split(":")[0]);
  if (device !== "" && out === null) return -ENODEV;
  const via = addressAt(dv, off + RTENTRY.GATEWAY);
  const gateway = via === null || via.isUnspecified ? null : via;
  const ifIndex = out?.index ?? 0;
  if (request === SIOCADDRT) {
    if ((flags & RTF_GATEWAY) !== 0 && gateway === null) return -EINVAL;
    if ((flags & RTF_REJECT) !== 0) return -EOPNOTSUPP;
    const metric = Math.max(0, shown - 1);
    const isKnown = stack.routes.some((each) =>
      each.dst.equals(dst) &&
      each.prefixLen === prefixLen && each.metric === metric && isSame(each.gateway, gateway)
    );
    return isKnown ? -EEXIST : stack.addRoute({ dst, prefixLen, gateway, ifIndex, metric });
  }
  const found = stack.routes.find((each) =>
    each.dst.equals(dst) && each.prefixLen === prefixLen &&
    (shown === 0 || each.metric === shown - 1) && (ifIndex === 0 || each.ifIndex === ifIndex) &&
    (gateway === null || isSame(each.gateway, gateway))
  );
  return found === undefined ? -ESRCH : stack.removeRoute(found);
}

function isSame(a: IpAddress | null, b: IpAddress | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}

/** A struct sockaddr_in; null: it is none. */
function addressAt(dv: DataView, off: number): IpAddress | null {
  if (dv.getUint16(off, true) !== AF_INET) return null;
  return IpAddress.read(dv, off + SOCKADDR_IN.ADDR, 4);
}

/** SIOCSIFADDR and SIOCDIFADDR on an IPv6 socket: a struct in6_ifreq at `arg.off`. */
export function changeAddress6(
  stack: Stack,
  request: number,
  { dv, off }: IoctlArgument,
  nowUs: number,
): number {
  const index = dv.getInt32(off + IN6_IFREQ.IFINDEX, true);
  const iface = stack.interfaceByIndex(index);
  if (iface === null) return -ENODEV;
  const prefixLen = dv.getUint32(off + IN6_IFREQ.PREFIXLEN, true);
  if (prefixLen > 128) return -EINVAL;
  const addr = IpAddress.read(dv, off + IN6_IFREQ.ADDR, 6);
  if (request === SIOCSIFADDR) return stack.addAddress(index, addr, prefixLen, nowUs);
  const known = iface.findAddress(addr);
  if (known === null || known.prefixLen !== prefixLen) return -EADDRNOTAVAIL;
  return stack.removeAddress(index, addr, nowUs);
}

/** SIOCADDRT, SIOCDELRT on an IPv6 socket: a struct in6_rtmsg at `arg.off`. */
export function changeRoute6(stack: Stack, request: number, { dv, off }: IoctlArgument): number {
  const prefixLen = dv.getUint16(off + IN6_RTMSG.DST_LEN, true);
  if (prefixLen > 128) return -EINVAL;
  const dst = IpAddress.read(dv, off + IN6_RTMSG.DST, 6).maskedBy(prefixLen);
  const via = IpAddress.read(dv, off + IN6_RTMSG.GATEWAY, 6);
  const ifIndex = dv.getInt32(off + IN6_RTMSG.IFINDEX, true);
  const gateway = via.isUnspecified ? null : via;
  if (ifIndex !== 0 && stack.interfaceByIndex(ifIndex) === null) return -ENODEV;
  if (request === SIOCADDRT) {
    if ((dv.getUint32(off + IN6_RTMSG.FLAGS, true) & RTF_REJECT) !== 0) return -EOPNOTSUPP;
    const shown = dv.getUint32(off + IN6_RTMSG.METRIC, true);
    const metric = shown === V6_METRICS[1] || shown === 0 ? 0 : shown; // Linux's default, or none
    return stack.addRoute({ dst, prefixLen, gateway, ifIndex, metric });
  }
  const found = stack.routes.find((each) =>
    each.dst.equals(dst) && each.prefixLen === prefixLen &&
    (ifIndex === 0 || each.ifIndex === ifIndex) &&
    (gateway === null || isSame(each.gateway, gateway))
  );
  return found === undefined ? -ESRCH : stack.removeRoute(found);
}

/** How many ones a netmask begins with; -1: it is none. */
function prefixOf({ w3 }: IpAddress): number {
  const ones = Math.clz32(~w3);
  return w3 << ones === 0 || ones === 32 ? ones : -1;
}

/** By the classes of RFC 791, as Linux's inet_abc_len; -1: a group, or none. */
function classPrefix({ w3 }: IpAddress): number {
  const first = w3 >>> 24;
  if (first < 128) return 8;
  if (first < 192) return 16;
  return first < 224 ? 24 : -1;
}

/** SIOCSARP, SIOCDARP: a struct arpreq at `arg.off`. */
export function changeNeighbour(
  stack: Stack,
  request: number,
  arg: IoctlArgument,
  nowUs: number,
): number {
  const { dv, u8, off } = arg;
  const addr = addressAt(dv, off);
  if (addr === null) return -EPFNOSUPPORT;
  const flags = dv.getInt32(off + ARPREQ.FLAGS, true);
  const isForOthers = (flags & ATF_PUBL) !== 0; // we answer for no other host
  if (isForOthers) return request === SIOCDARP ? -ENXIO : -EOPNOTSUPP;
  const name = nameAt(arg, ARPREQ.DEVICE);
  const found = name === "" ? outOf(stack, addr) : stack.interfaceByName(name) ?? -ENODEV;
  if (typeof found === "number") return found;
  if (request === SIOCDARP) {
    return stack.admin.forgetNeighbour(found.index, addr, nowUs) === 0 ? 0 : -ENXIO;
  }
  const hardware = off + ARPREQ.HARDWARE;
  if (dv.getUint16(hardware, true) !== ARPHRD_ETHER) return -EINVAL;
  const mac = u8.slice(hardware + 2, hardware + 2 + MAC_LEN);
  const state = (flags & ATF_PERM) !== 0 ? NUD_PERMANENT : NUD_STALE;
  return stack.admin.setNeighbour({ ifIndex: found.index, addr, mac, state }, nowUs);
}

/** The interface by which `addr` is reached. */
function outOf(stack: Stack, addr: IpAddress): Interface | number {
  const route = stack.view.route(addr, null, 0);
  if (typeof route === "number") return route;
  return stack.interfaceByIndex(route.ifIndex) ?? -ENODEV;
}

/** Up to the first NUL of a device's name. */
function nameAt({ u8, off }: IoctlArgument, at: number): string {
  return cText(u8.subarray(off + at, off + at + IFNAMSIZ));
}

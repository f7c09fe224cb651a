/**
 * The ioctls about interfaces and neighbours (netdevice(7), arp(7)) of programs behind the second
 * door: they are about the network, not about the socket that they are made on, which may be any.
 *
 * @module
 */
import {
  IFNAMSIZ,
  IFREQ,
  IN6_IFREQ,
  SIOCDIFADDR,
  SIOCGIFCONF,
  SIOCSIFADDR,
} from "../../../ffi/abi/interface.ts";
import { ARPREQ, IN6_RTMSG, RTENTRY, SIOCADDRT, SIOCDELRT } from "../../../ffi/abi/route.ts";
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { EFAULT, EPERM } from "../../../stack/mod.ts";
import { writeName } from "../control/ifaddrs.ts";
import { changesNetwork, SIOC_FIRST, SIOC_LAST } from "../control/ioctl.ts";
import { isNeighbourIoctl } from "../control/neighbour_ioctl.ts";
import { carryOut } from "../control/operations.ts";
import { SCRATCH_LEN } from "../endpoint/app_context.ts";
import { CAP_NET_ADMIN } from "../endpoint/privilege.ts";
import {
  changeAddress6,
  changeInterface,
  changeNeighbour,
  changeRoute,
  changeRoute6,
} from "../netlink/ioctl_changes.ts";
import { writeSockaddr } from "../protocol/sockaddr.ts";
import type { DoorCall } from "./door_call.ts";

/** struct ifconf: a length, and where the rows go. */
const IFCONF = { LEN: 16, POINTER: 8 } as const;

export function isDeviceIoctl(asked: number): boolean {
  return changesNetwork(asked) || (asked >= SIOC_FIRST && asked <= SIOC_LAST);
}

/** ioctl(fd, argument 1, argument 2); `domain`: of the socket. */
export function deviceIoctl(doorCall: DoorCall, domain: number): number {
  const { call, trap } = doorCall;
  const { request, reply } = call;
  const asked = trap.argument(1);
  if (changesNetwork(asked)) return change(doorCall, asked, domain === AF_INET6);
  if (asked === SIOCGIFCONF) return listAddresses(doorCall);
  request.op = P.NUSE_OP_IOCTL;
  request.a = asked;
  request.dataLen = isNeighbourIoctl(asked) ? ARPREQ.LEN : IFREQ.LEN;
  const read = trap.read(2, request.dataOff, request.dataLen);
  if (read < 0) return read;
  carryOut(call);
  return reply.result < 0 ? reply.result : trap.write(2, reply.dataOff, reply.dataLen);
}

/** What it changes, and how, is the argument's to say. */
function change({ call, trap }: DoorCall, asked: number, isV6: boolean): number {
  const { app: { memory: { dv, u8 }, scratchOff: off, stack }, nowUs, rights } = call;
  if (!(rights?.has(CAP_NET_ADMIN) ?? false)) return -EPERM;
  const isRoute = asked === SIOCADDRT || asked === SIOCDELRT;
  const isAddress6 = isV6 && (asked === SIOCSIFADDR || asked === SIOCDIFADDR);
  const len = isRoute
    ? (isV6 ? IN6_RTMSG.LEN : RTENTRY.LEN)
    : isAddress6
    ? IN6_IFREQ.LEN
    : isNeighbourIoctl(asked)
    ? ARPREQ.LEN
    : IFREQ.LEN;
  if (trap.read(2, off, len) < 0) return -EFAULT;
  const argument = { dv, u8, off, len };
  if (isNeighbourIoctl(asked)) return changeNeighbour(stack, asked, argument, nowUs);
  if (isAddress6) return changeAddress6(stack, asked, argument, nowUs);
  if (!isRoute) return changeInterface(stack, asked, argument, nowUs);
  if (isV6) return changeRoute6(stack, asked, argument);
  const device = deviceOf(trap, dv, u8, off);
  return device === null ? -EFAULT : changeRoute(stack, asked, argument, device);
}

/** What the pointer of a struct rtentry at `off` names; "": nothing; null: it points nowhere. */
function deviceOf(
  trap: DoorCall["trap"],
  dv: DataView,
  u8: Uint8Array,
  off: number,
): string | null {
  const pointerOff = off + RTENTRY.DEVICE;
  if (dv.getBigUint64(pointerOff, true) === 0n) return "";
  const nameOff = off + RTENTRY.LEN;
  let name = "";
  for (let i = 0; i < IFNAMSIZ; i++) { // its end may be that of the program's memory
    if (trap.readAt(pointerOff, i, nameOff, 1) < 0) return null;
    if (u8[nameOff] === 0) break;
    name += String.fromCharCode(u8[nameOff]);
  }
  return name;
}

/** SIOCGIFCONF: IPv4 addresses only, as many as there is room for; no room: how much it takes. */
function listAddresses({ call: { app }, trap }: DoorCall): number {
  const { memory: { dv, u8 }, recordOff, scratchOff } = app;
  if (trap.read(2, recordOff, IFCONF.LEN) < 0) return -EFAULT;
  const pointerOff = recordOff + IFCONF.POINTER;
  const isCounting = dv.getBigUint64(pointerOff, true) === 0n;
  const room = isCounting ? SCRATCH_LEN : Math.min(dv.getInt32(recordOff, true), SCRATCH_LEN);
  let used = 0;
  for (const { addresses, name } of app.stack.interfaces) {
    for (const { addr } of addresses) {
      if (addr.family !== 4 || used + IFREQ.LEN > room) continue;
      const off = scratchOff + used;
      u8.fill(0, off, off + IFREQ.LEN);
      writeName(u8, off, IFNAMSIZ, name);
      writeSockaddr(u8, off + IFREQ.ADDR, AF_INET, addr, 0);
      used += IFREQ.LEN;
    }
  }
  if (!isCounting && trap.writeAt(pointerOff, 0, scratchOff, used) < 0) return -EFAULT;
  return trap.writeInt(2, used);
}

/**
 * The ioctls about interfaces and neighbours (netdevice(7), arp(7)) of programs behind the second
 * door: they are about the network, not about the socket that they are made on, which may be any.
 *
 * @module
 */
import { IFNAMSIZ, IFREQ, SIOCGIFCONF } from "../../../ffi/abi/interface.ts";
import { AF_INET } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { EFAULT } from "../../../stack/mod.ts";
import { writeName } from "../control/ifaddrs.ts";
import { SIOC_FIRST, SIOC_LAST } from "../control/ioctl.ts";
import { ARPREQ_LEN, isNeighbourIoctl } from "../control/neighbour_ioctl.ts";
import { carryOut } from "../control/operations.ts";
import { SCRATCH_LEN } from "../endpoint/app_context.ts";
import { writeSockaddr } from "../protocol/sockaddr.ts";
import type { DoorCall } from "./door_call.ts";

/** SIOCADDRT, SIOCDELRT */
const ROUTE_IOCTLS = [0x890b, 0x890c];
/** struct ifconf: a length, and where the rows go. */
const IFCONF = { LEN: 16, POINTER: 8 } as const;

export function isDeviceIoctl(asked: number): boolean {
  return ROUTE_IOCTLS.includes(asked) || (asked >= SIOC_FIRST && asked <= SIOC_LAST);
}

/** ioctl(fd, argument 1, argument 2) */
export function deviceIoctl(doorCall: DoorCall): number {
  const { call, trap } = doorCall;
  const { request, reply } = call;
  const asked = trap.argument(1);
  if (asked === SIOCGIFCONF) return listAddresses(doorCall);
  request.op = P.NUSE_OP_IOCTL;
  request.a = asked;
  request.dataLen = isNeighbourIoctl(asked) ? ARPREQ_LEN : IFREQ.LEN;
  const read = trap.read(2, request.dataOff, request.dataLen);
  if (read < 0) return read;
  carryOut(call);
  return reply.result < 0 ? reply.result : trap.write(2, reply.dataOff, reply.dataLen);
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

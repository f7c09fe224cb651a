/**
 * SIOCGARP: whose MAC address an IPv4 address on a link has (arp(7)). What changes the neighbours
 * is refused: they are learnt.
 *
 * @module
 */
import { ARPHRD_ETHER } from "../../../ffi/abi/packet.ts";
import { AF_INET, SOCKADDR_IN } from "../../../ffi/abi/socket.ts";
import {
  EAFNOSUPPORT,
  EFAULT,
  ENODEV,
  ENXIO,
  EPERM,
  IpAddress,
  type Stack,
} from "../../../stack/mod.ts";
import type { IoctlArgument } from "./ioctl.ts";

/** struct arpreq */
export const ARPREQ_LEN = 68;
const HARDWARE_OFF = 16;
const FLAGS_OFF = 32;
const DEVICE_OFF = 52;
const DEVICE_LEN = 16;
const SIOCDARP = 0x8953;
const SIOCGARP = 0x8954;
const SIOCSARP = 0x8955;
/** ATF_COM: the address is known. */
const COMPLETE = 0x02;

export function isNeighbourIoctl(request: number): boolean {
  return request >= SIOCDARP && request <= SIOCSARP;
}

/** On the struct arpreq at `arg.off`, in place. 0 or -errno. */
export function neighbourIoctl(
  stack: Pick<Stack, "view" | "interfaceByName">,
  request: number,
  { dv, u8, off, len }: IoctlArgument,
  nowUs: number,
): number {
  if (len < ARPREQ_LEN) return -EFAULT;
  if (request !== SIOCGARP) return -EPERM;
  if (dv.getUint16(off, true) !== AF_INET) return -EAFNOSUPPORT;
  const addr = IpAddress.read(dv, off + SOCKADDR_IN.ADDR, 4);
  const name = textAt(u8, off + DEVICE_OFF);
  const iface = name === "" ? null : stack.interfaceByName(name);
  if (name !== "" && iface === null) return -ENODEV;
  const found = stack.view.neighbours(nowUs).find((n) =>
    n.addr.equals(addr) && (iface === null || n.ifIndex === iface.index)
  );
  if (found === undefined) return -ENXIO;
  u8.fill(0, off + HARDWARE_OFF, off + FLAGS_OFF);
  dv.setUint16(off + HARDWARE_OFF, ARPHRD_ETHER, true);
  if (found.mac !== null) u8.set(found.mac, off + HARDWARE_OFF + 2);
  dv.setInt32(off + FLAGS_OFF, found.mac === null ? 0 : COMPLETE, true);
  return 0;
}

function textAt(u8: Uint8Array, off: number): string {
  const bytes = u8.subarray(off, off + DEVICE_LEN);
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
}

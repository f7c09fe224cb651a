/**
 * SIOCGARP: whose MAC address an IPv4 address on a link has (arp(7)). What changes neighbours comes
 * by the second door (netlink/ioctl_changes.ts).
 *
 * @module
 */
import { ARPHRD_ETHER } from "../../../ffi/abi/packet.ts";
import { ARPREQ, ATF_COM, ATF_PERM, SIOCDARP, SIOCGARP, SIOCSARP } from "../../../ffi/abi/route.ts";
import { AF_INET, SOCKADDR_IN } from "../../../ffi/abi/socket.ts";
import {
  cText,
  EAFNOSUPPORT,
  EFAULT,
  ENODEV,
  ENXIO,
  EPERM,
  IpAddress,
  type NeighbourView,
  NUD_PERMANENT,
  type Stack,
} from "../../../stack/mod.ts";
import type { IoctlArgument } from "./ioctl.ts";

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
  if (len < ARPREQ.LEN) return -EFAULT;
  if (request !== SIOCGARP) return -EPERM;
  if (dv.getUint16(off, true) !== AF_INET) return -EAFNOSUPPORT;
  const addr = IpAddress.read(dv, off + SOCKADDR_IN.ADDR, 4);
  const name = cText(u8.subarray(off + ARPREQ.DEVICE, off + ARPREQ.DEVICE + ARPREQ.DEVICE_LEN));
  const iface = name === "" ? null : stack.interfaceByName(name);
  if (name !== "" && iface === null) return -ENODEV;
  const found = stack.view.neighbours(nowUs).find((n) =>
    n.addr.equals(addr) && (iface === null || n.ifIndex === iface.index)
  );
  if (found === undefined) return -ENXIO;
  u8.fill(0, off + ARPREQ.HARDWARE, off + ARPREQ.FLAGS);
  dv.setUint16(off + ARPREQ.HARDWARE, ARPHRD_ETHER, true);
  if (found.mac !== null) u8.set(found.mac, off + ARPREQ.HARDWARE + 2);
  dv.setInt32(off + ARPREQ.FLAGS, arpFlags(found), true);
  return 0;
}

/** ATF_*, as Linux's arp_state_to_flags */
export function arpFlags({ mac, state }: NeighbourView): number {
  if (state === NUD_PERMANENT) return ATF_PERM | ATF_COM;
  return mac === null ? 0 : ATF_COM;
}

/**
 * IFADDRS: the packed list of interfaces and addresses behind getifaddrs, if_nameindex and their
 * kin: one entry of AF_PACKET for each interface, then one for each address (ffi/shim/protocol.h,
 * NUSE_IF_*).
 *
 * @module
 */
import { ARPHRD_ETHER, ARPHRD_LOOPBACK } from "../../../ffi/abi/packet.ts";
import { AF_PACKET } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import { type Interface, type InterfaceAddress, IpAddress } from "../../../stack/mod.ts";
import { familyOf, writeSockaddr } from "../protocol/sockaddr.ts";
import type { Call } from "./call.ts";

export const MAC_LEN = 6;
/** IFNAMSIZ less the terminator. */
const NAME_MAX_LEN = 15;

/** IFADDRS */
export function listInterfaces({ app, reply }: Call): number {
  const { dv, u8 } = app.memory;
  const { interfaces } = app.stack;
  const count = writeInterfaceEntries(dv, u8, reply.dataOff, P.NUSE_DATA_MAX, interfaces);
  reply.a = count;
  reply.dataLen = count * P.NUSE_IF_LEN;
  return 0;
}

/** The interface's name at `off`, zero padded to `lenBytes`. */
export function writeName(u8: Uint8Array, off: number, lenBytes: number, name: string): void {
  u8.fill(0, off, off + lenBytes);
  const count = Math.min(name.length, NAME_MAX_LEN, lenBytes - 1);
  for (let i = 0; i < count; i++) u8[off + i] = name.charCodeAt(i);
}

/** ARPHRD_* */
export function hardwareType({ isLoopback }: Interface): number {
  return isLoopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
}

/** The netmask of a prefix as an address; `family` 4 or 6. */
export function netmaskOf(prefixLen: number, family: number): IpAddress {
  const ones = family === 4 ? IpAddress.v4(-1) : IpAddress.fromWords(-1, -1, -1, -1);
  return ones.maskedBy(prefixLen);
}

/** Writes as many entries as fit `maxLen` bytes at `off`; returns how many. */
export function writeInterfaceEntries(
  dv: DataView,
  u8: Uint8Array,
  off: number,
  maxLen: number,
  interfaces: readonly Interface[],
): number {
  const end = off + maxLen - P.NUSE_IF_LEN;
  let at = off;
  for (const iface of interfaces) {
    if (at > end) break;
    writeCommon(dv, u8, at, iface, AF_PACKET);
    at += P.NUSE_IF_LEN;
  }
  for (const iface of interfaces) {
    for (const address of iface.addresses) {
      if (at > end) break;
      writeAddressEntry(dv, u8, at, iface, address);
      at += P.NUSE_IF_LEN;
    }
  }
  return (at - off) / P.NUSE_IF_LEN;
}

function writeCommon(
  dv: DataView,
  u8: Uint8Array,
  off: number,
  iface: Interface,
  family: number,
): void {
  u8.fill(0, off, off + P.NUSE_IF_LEN);
  writeName(u8, off + P.NUSE_IF_NAME_OFF, 16, iface.name);
  dv.setUint32(off + P.NUSE_IF_INDEX_OFF, iface.index, true);
  dv.setUint32(off + P.NUSE_IF_FLAGS_OFF, iface.flags, true);
  dv.setUint16(off + P.NUSE_IF_FAMILY_OFF, family, true);
  dv.setUint16(off + P.NUSE_IF_HWTYPE_OFF, hardwareType(iface), true);
  dv.setUint32(off + P.NUSE_IF_MTU_OFF, iface.mtu, true);
  u8.set(iface.mac, off + P.NUSE_IF_HWADDR_OFF);
  dv.setUint32(off + P.NUSE_IF_HWADDR_LEN_OFF, MAC_LEN, true);
}

function writeAddressEntry(
  dv: DataView,
  u8: Uint8Array,
  off: number,
  iface: Interface,
  { addr, prefixLen, broadcast }: InterfaceAddress,
): void {
  const family = familyOf(addr);
  writeCommon(dv, u8, off, iface, family);
  writeSockaddr(u8, off + P.NUSE_IF_ADDR_OFF, family, addr, 0, iface.index);
  writeSockaddr(u8, off + P.NUSE_IF_NETMASK_OFF, family, netmaskOf(prefixLen, addr.family), 0);
  if (broadcast !== null) {
    writeSockaddr(u8, off + P.NUSE_IF_BROADCAST_OFF, family, broadcast, 0);
  }
}

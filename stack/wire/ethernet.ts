/**
 * Ethernet II frames: dst MAC (6), src MAC (6), EtherType (2). A MAC address on the hot path is two
 * integers: the first two bytes (`hi`, uint16) and the last four (`lo`, int32).
 *
 * @module
 */
import { DROP_FRAME_SHORT } from "../base/drop_reason.ts";

export const ETHERNET_HEADER_LEN = 14;
export const MAC_LEN = 6;
export const ETHERNET_SRC_OFFSET = 6;
export const ETHERNET_TYPE_OFFSET = 12;
/** A tag stands before the type: 0x8100, then priority (4 bits) and VLAN id (12). */
export const VLAN_TAG_LEN = 4;
export const VLAN_ID_MASK = 0xfff;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;

export const MAC_BROADCAST_HI = 0xffff;
export const MAC_BROADCAST_LO = -1;

/** A frame's header as parsed; reused. */
export class EthernetHeader {
  dstHi = 0;
  dstLo = 0;
  srcHi = 0;
  srcLo = 0;
  etherType = 0;
}

/**
 * Returns 0 or DROP_FRAME_SHORT. `len` is the frame's. Lengths (802.3) come out as etherType <
 * 0x600.
 */
export function parseEthernet(
  dv: DataView,
  off: number,
  len: number,
  out: EthernetHeader,
): number {
  if (len < ETHERNET_HEADER_LEN) return DROP_FRAME_SHORT;
  out.dstHi = dv.getUint16(off);
  out.dstLo = dv.getInt32(off + 2);
  out.srcHi = dv.getUint16(off + 6);
  out.srcLo = dv.getInt32(off + 8);
  out.etherType = dv.getUint16(off + ETHERNET_TYPE_OFFSET);
  return 0;
}

export function emitEthernet(
  dv: DataView,
  off: number,
  dstHi: number,
  dstLo: number,
  srcHi: number,
  srcLo: number,
  etherType: number,
): void {
  dv.setUint16(off, dstHi);
  dv.setInt32(off + 2, dstLo);
  dv.setUint16(off + 6, srcHi);
  dv.setInt32(off + 8, srcLo);
  dv.setUint16(off + ETHERNET_TYPE_OFFSET, etherType);
}

/** Group bit: broadcast and multicast. */
export function isGroupMac(hi: number): boolean {
  return (hi & 0x0100) !== 0;
}

/** `hi` of the six bytes at `off`. */
export function macHi(u8: Uint8Array, off = 0): number {
  return (u8[off] << 8) | u8[off + 1];
}

/** `lo` of the six bytes at `off`. */
export function macLo(u8: Uint8Array, off = 0): number {
  return (u8[off + 2] << 24) | (u8[off + 3] << 16) | (u8[off + 4] << 8) | u8[off + 5];
}

/** The `hi` of every IPv4 multicast MAC (RFC 1112 6.4). */
export const MULTICAST_V4_MAC_HI = 0x0100;

/** The `lo` of the MAC of an IPv4 group, given its int32 address. */
export function multicastV4MacLo(group: number): number {
  return 0x5e000000 | (group & 0x7fffff);
}

/** The `hi` of every IPv6 multicast MAC; its `lo` is the group's last word (RFC 2464 7). */
export const MULTICAST_V6_MAC_HI = 0x3333;

/** "02:00:00:aa:bb:cc" (hexadecimal, ":" or "-" between) as six bytes, or null. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}$/.test(text)) return null;
  return Uint8Array.from(text.split(/[:-]/), (part) => parseInt(part, 16));
}

/** "02:00:00:aa:bb:cc" of the six bytes at `off`. */
export function formatMac(u8: Uint8Array, off = 0): string {
  return formatMacWords(macHi(u8, off), macLo(u8, off));
}

/** Both words as one number: the address read as 48 bits. */
export function macNumber(hi: number, lo: number): number {
  return hi * 2 ** 32 + (lo >>> 0);
}

export function formatMacNumber(n: number): string {
  return formatMacWords(Math.floor(n / 2 ** 32), n | 0);
}

export function formatMacWords(hi: number, lo: number): string {
  const hex = hi.toString(16).padStart(4, "0") + (lo >>> 0).toString(16).padStart(8, "0");
  return hex.replace(/..(?=.)/g, "$&:");
}

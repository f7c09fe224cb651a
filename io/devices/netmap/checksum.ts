/**
 * Checksums that nobody has computed yet.
 *
 * On a port without virtio-net headers a frame says nothing about its checksum. Frames that another
 * program on this host sends (through a veth, or into a VALE switch) and frames that the kernel has
 * merged (GRO) reach netmap's generic mode with only the pseudo-header's sum in the field
 * (CHECKSUM_PARTIAL): such a frame has not been on a wire. It is taken as what it is; the
 * alternative is to switch off offloads on the host's interfaces, and on the peer's, and to have
 * them put back by somebody when we are killed.
 *
 * @module
 */

import { ETH_P_IP, ETH_P_IPV6 } from "../../../ffi/abi/packet.ts";
import {
  ETHERNET_LEN,
  ETHERTYPE_OFF,
  ETHERTYPE_VLAN,
  FRAGMENT_BITS,
  IPV4_MIN_LEN,
  IPV6_LEN,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  TCP_CHECKSUM_OFF,
  UDP_CHECKSUM_OFF,
  VLAN_TAG_LEN,
} from "../base/frame.ts";

/**
 * Whether the TCP or UDP checksum of a frame of IPv4, or of IPv6 without extension headers, is no
 * more than its pseudo-header's sum. The frame may have a VLAN tag.
 */
export function isUnfinished(dv: DataView, off: number, lenBytes: number): boolean {
  if (lenBytes < ETHERNET_LEN + IPV4_MIN_LEN) return false;
  const isTagged = dv.getUint16(off + ETHERTYPE_OFF) === ETHERTYPE_VLAN;
  const tagLen = isTagged ? VLAN_TAG_LEN : 0;
  const ip = off + ETHERNET_LEN + tagLen;
  if (lenBytes < ETHERNET_LEN + tagLen + IPV4_MIN_LEN) return false;
  const etherType = dv.getUint16(off + ETHERTYPE_OFF + tagLen);
  if (etherType === ETH_P_IPV6) return isUnfinished6(dv, ip, off + lenBytes);
  if (etherType !== ETH_P_IP) return false;
  if ((dv.getUint16(ip + 6) & FRAGMENT_BITS) !== 0) return false;
  const protocol = dv.getUint8(ip + 9);
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return false;
  const headerLen = (dv.getUint8(ip) & 0xf) * 4;
  const field = ip + headerLen + (protocol === PROTOCOL_TCP ? TCP_CHECKSUM_OFF : UDP_CHECKSUM_OFF);
  if (field + 2 > off + lenBytes) return false;
  const start = protocol + dv.getUint16(ip + 2) - headerLen;
  return dv.getUint16(field) === sumOf(dv, ip + 12, ip + 20, start);
}

/** As `isUnfinished`, of the packet from `ip` to `end`. */
function isUnfinished6(dv: DataView, ip: number, end: number): boolean {
  if (ip + IPV6_LEN > end) return false;
  const protocol = dv.getUint8(ip + 6);
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return false;
  const field = ip + IPV6_LEN + (protocol === PROTOCOL_TCP ? TCP_CHECKSUM_OFF : UDP_CHECKSUM_OFF);
  if (field + 2 > end) return false;
  const start = protocol + dv.getUint16(ip + 4);
  return dv.getUint16(field) === sumOf(dv, ip + 8, ip + IPV6_LEN, start);
}

/** The 16-bit words from `at` to `end` on top of `sum`, folded. */
function sumOf(dv: DataView, at: number, end: number, sum: number): number {
  for (; at < end; at += 2) sum += dv.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

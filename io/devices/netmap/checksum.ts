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

import { ETH_P_IP } from "../../../ffi/abi/packet.ts";
import { ETHERNET_LEN, ETHERTYPE_OFF, ETHERTYPE_VLAN, VLAN_TAG_LEN } from "../base/frame.ts";

const IPV4_MIN_LEN = 20;
const FRAGMENT_BITS = 0x3fff;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const TCP_CHECKSUM_OFF = 16;
const UDP_CHECKSUM_OFF = 6;

/**
 * Whether the TCP or UDP checksum of an IPv4 frame is no more than its pseudo-header's sum. The
 * frame may have a VLAN tag.
 */
export function isUnfinished(dv: DataView, off: number, lenBytes: number): boolean {
  if (lenBytes < ETHERNET_LEN + IPV4_MIN_LEN) return false;
  const isTagged = dv.getUint16(off + ETHERTYPE_OFF) === ETHERTYPE_VLAN;
  const tagLen = isTagged ? VLAN_TAG_LEN : 0;
  const ip = off + ETHERNET_LEN + tagLen;
  if (lenBytes < ETHERNET_LEN + tagLen + IPV4_MIN_LEN) return false;
  if (dv.getUint16(off + ETHERTYPE_OFF + tagLen) !== ETH_P_IP) return false;
  if ((dv.getUint16(ip + 6) & FRAGMENT_BITS) !== 0) return false;
  const protocol = dv.getUint8(ip + 9);
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return false;
  const headerLen = (dv.getUint8(ip) & 0xf) * 4;
  const field = ip + headerLen + (protocol === PROTOCOL_TCP ? TCP_CHECKSUM_OFF : UDP_CHECKSUM_OFF);
  if (field + 2 > off + lenBytes) return false;
  let sum = protocol + dv.getUint16(ip + 2) - headerLen;
  for (let at = ip + 12; at < ip + 20; at += 2) sum += dv.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return dv.getUint16(field) === sum;
}

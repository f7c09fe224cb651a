/**
 * Where things lie in an Ethernet frame, without a VLAN tag unless said, as far as devices look
 * into it.
 *
 * @module
 */
import { ETH_P_IP, ETH_P_IPV6 } from "../../../ffi/abi/packet.ts";

export const SOURCE_OFF = 6;
export const ETHERTYPE_OFF = 12;
export const ETHERNET_LEN = 14;
/** 802.1Q: what may stand before the type, and its own type. */
export const VLAN_TAG_LEN = 4;
export const ETHERTYPE_VLAN = 0x8100;
export const IPV4_DST_OFF = ETHERNET_LEN + 16;
export const IPV6_DST_OFF = ETHERNET_LEN + 24;

export const IPV4_MIN_LEN = 20;
export const IPV6_LEN = 40;
/** More fragments, and the offset, in the word before an IPv4 packet's time to live. */
export const FRAGMENT_BITS = 0x3fff;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const TCP_CHECKSUM_OFF = 16;
export const UDP_CHECKSUM_OFF = 6;

/** Where the TCP or UDP header and the checksum in it are. */
export interface ChecksumPlace {
  readonly l4Off: number;
  readonly csumOffset: number;
}

/** Of a frame of IPv4, or of IPv6 without extension headers, at `off`; null: of any other. */
export function checksumPlace(dv: DataView, off: number, lenBytes: number): ChecksumPlace | null {
  const ip = off + ETHERNET_LEN;
  if (lenBytes < ETHERNET_LEN + IPV4_MIN_LEN) return null;
  const version = dv.getUint8(ip) >>> 4;
  const etherType = dv.getUint16(off + ETHERTYPE_OFF);
  const isV6 = etherType === ETH_P_IPV6 && version === 6;
  if (!isV6 && (etherType !== ETH_P_IP || version !== 4)) return null;
  if (!isV6 && (dv.getUint16(ip + 6) & FRAGMENT_BITS) !== 0) return null;
  const protocol = dv.getUint8(ip + (isV6 ? 6 : 9));
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return null;
  const l4Off = ip + (isV6 ? IPV6_LEN : (dv.getUint8(ip) & 0xf) * 4);
  const csumOffset = protocol === PROTOCOL_TCP ? TCP_CHECKSUM_OFF : UDP_CHECKSUM_OFF;
  return l4Off + csumOffset + 2 > off + lenBytes ? null : { l4Off, csumOffset };
}

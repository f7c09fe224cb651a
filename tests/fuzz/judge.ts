/**
 * A second opinion on a received frame, independent of stack/wire: whether it is certainly wrong,
 * and for which reason, or certainly a TCP segment in good order. About the rest (fragments, IP
 * options, groups, addresses that come and go) it says nothing.
 *
 * @module
 */
import * as drop from "../../stack/base/drop_reason.ts";
import { onesSum, pseudoSum } from "../support/checksum.ts";
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  PROTO_ICMP,
  PROTO_TCP,
  PROTO_UDP,
} from "../support/packet_types.ts";
import { ETHERTYPE_IPV6, type Family } from "../support/families.ts";
import { LOCAL_MAC } from "../support/rig.ts";
import { IP_OFF, LINK_LEN } from "./draft.ts";
import { judgeIpv6 } from "./judge6.ts";
import { LOCAL_ADDRS } from "./setting.ts";

/** No opinion. */
export const UNSURE = 0;
/** A TCP segment for us whose headers and checksum are right. */
export const GOOD_SEGMENT = 1;

/** The device vouches for nothing. */
export const CSUM_NONE = 0;
const ARP_LEN = 28;
const ETHERTYPE_VLAN = 0x8100;
const IPV6_HEADER_LEN = 40;
/** Longer frames are not summed up once more: it would take longer than all the rest. */
export const SUMMED_MAX = 2048;
/** The address that always stays. */
const LOCAL = LOCAL_ADDRS[0];

/** To a host of IPv4 alone nothing is for us. */
function judgeStranger6(u8: Uint8Array, len: number): number {
  if (len < IPV6_HEADER_LEN) return drop.DROP_IPV6_SHORT;
  return u8[IP_OFF] >>> 4 === 6 ? UNSURE : drop.DROP_IPV6_VERSION;
}

/**
 * UNSURE, GOOD_SEGMENT, or the DROP_* that the frame of `len` bytes at 0 must get. `family`: of the
 * host's addresses; packets of the other are for nobody.
 */
export function judge(
  u8: Uint8Array,
  dv: DataView,
  len: number,
  csum: number,
  gsoSize: number,
  family: Family,
): number {
  if (len < LINK_LEN) return drop.DROP_FRAME_SHORT;
  const isForAll = (u8[0] & 1) !== 0;
  if (dv.getUint16(12) === ETHERTYPE_VLAN) return UNSURE; // what counts is behind the tag
  if (!isForAll && !isLocalMac(u8)) return drop.DROP_FRAME_NOT_FOR_US;
  const etherType = dv.getUint16(12);
  const packetLen = len - LINK_LEN;
  if (etherType === ETHERTYPE_ARP) return packetLen < ARP_LEN ? drop.DROP_ARP_SHORT : UNSURE;
  if (etherType === ETHERTYPE_IPV6 && family === 6) {
    return judgeIpv6(u8, dv, packetLen, isForAll, csum, gsoSize);
  }
  if (etherType === ETHERTYPE_IPV6) return judgeStranger6(u8, packetLen);
  if (etherType !== ETHERTYPE_IPV4) return drop.DROP_FRAME_ETHERTYPE;
  if (family === 6) return UNSURE;
  const bad = judgeIpv4(u8, dv, packetLen);
  if (bad !== UNSURE) return bad;
  const isPlain = u8[IP_OFF] === 0x45 && (dv.getUint16(IP_OFF + 6) & 0x3fff) === 0;
  if (!isPlain || isForAll || dv.getUint32(IP_OFF + 16) !== LOCAL) return UNSURE;
  if (!isOrdinarySource(dv.getUint32(IP_OFF + 12))) return UNSURE;
  if (csum === CSUM_NONE && len > SUMMED_MAX) return UNSURE;
  return judgeTransport(u8, dv, dv.getUint16(IP_OFF + 2) - 20, csum, gsoSize);
}

/** Header errors that come before everything else. */
function judgeIpv4(u8: Uint8Array, dv: DataView, len: number): number {
  if (len < 20) return drop.DROP_IPV4_SHORT;
  if (u8[IP_OFF] >>> 4 !== 4) return drop.DROP_IPV4_VERSION;
  const headerLen = (u8[IP_OFF] & 15) * 4;
  if (headerLen < 20 || headerLen > len) return drop.DROP_IPV4_HEADER_LEN;
  const totalLen = dv.getUint16(IP_OFF + 2);
  if (totalLen < headerLen) return drop.DROP_IPV4_TOTAL_LEN;
  if (totalLen > len) return drop.DROP_IPV4_TRUNCATED;
  if (onesSum(u8, IP_OFF, headerLen) !== 0xffff) return drop.DROP_IPV4_CHECKSUM;
  const isWhole = (dv.getUint16(IP_OFF + 6) & 0x3fff) === 0;
  if (!isWhole || headerLen > 20) return UNSURE;
  const src = dv.getUint32(IP_OFF + 12);
  const dst = dv.getUint32(IP_OFF + 16);
  if (src === 0xffffffff) return drop.DROP_MARTIAN_BROADCAST;
  if (src >>> 24 >= 240) return drop.DROP_MARTIAN_RESERVED;
  if (src >>> 24 >= 224) return drop.DROP_MARTIAN_MULTICAST;
  if (src >>> 24 === 127) return drop.DROP_MARTIAN_LOOPBACK;
  if (src === LOCAL) return drop.DROP_MARTIAN_OWN;
  if (dst >>> 24 === 127) return isOrdinarySource(src) ? drop.DROP_IP_MARTIAN : UNSURE;
  // Nobody's here: neither a group, nor on our network
  const isElsewhere = dst >>> 28 < 14 && dst >>> 16 !== LOCAL >>> 16;
  return isElsewhere && isOrdinarySource(src) ? drop.DROP_IP_NOT_FOR_US : UNSURE;
}

function isLocalMac(u8: Uint8Array): boolean {
  for (let i = 0; i < 6; i++) if (u8[i] !== LOCAL_MAC[i]) return false;
  return true;
}

function isOrdinarySource(src: number): boolean {
  const isBroadcast = src >>> 8 === LOCAL >>> 8 && (src & 0xff) === 0xff;
  return src >>> 24 !== 0 && !isBroadcast && !LOCAL_ADDRS.includes(src);
}

function judgeTransport(
  u8: Uint8Array,
  dv: DataView,
  len: number,
  csum: number,
  gsoSize: number,
): number {
  const l4 = IP_OFF + 20;
  const protocol = u8[IP_OFF + 9];
  const isRight = (length: number) => {
    const pseudo = pseudoSum(dv.getUint32(IP_OFF + 12), LOCAL, protocol, length);
    return onesSum(u8, l4, length, pseudo) === 0xffff;
  };
  if (protocol === PROTO_TCP) {
    if (len < 20) return drop.DROP_TCP_SHORT;
    const headerLen = (u8[l4 + 12] >>> 4) * 4;
    if (headerLen < 20 || headerLen > len) return drop.DROP_TCP_HEADER_LEN;
    if (csum === CSUM_NONE && !isRight(len)) return drop.DROP_TCP_CHECKSUM;
    return GOOD_SEGMENT;
  }
  if (protocol === PROTO_UDP) {
    if (len < 8) return drop.DROP_UDP_SHORT;
    const length = dv.getUint16(l4 + 4);
    if (length < 8 || length > len) return drop.DROP_UDP_LENGTH;
    const isChecked = csum === CSUM_NONE && gsoSize === 0 && dv.getUint16(l4 + 6) !== 0;
    return isChecked && !isRight(length) ? drop.DROP_UDP_CHECKSUM : UNSURE;
  }
  if (protocol !== PROTO_ICMP) return UNSURE;
  if (len < 8) return drop.DROP_ICMP_SHORT;
  const isWrong = csum === CSUM_NONE && onesSum(u8, l4, len) !== 0xffff;
  return isWrong ? drop.DROP_ICMP_CHECKSUM : UNSURE;
}

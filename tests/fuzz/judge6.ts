/**
 * What judge.ts is, for IPv6: of packets without extension headers.
 *
 * @module
 */
import * as drop from "../../stack/base/drop_reason.ts";
import { onesSum } from "../support/checksum.ts";
import { addressFor } from "../support/families.ts";
import { PROTO_TCP, PROTO_UDP } from "../support/packet_types.ts";
import { IP_OFF } from "./draft.ts";
import { CSUM_NONE, GOOD_SEGMENT, SUMMED_MAX, UNSURE } from "./judge.ts";
import { LIVE_ADDRS, LOCAL_ADDRS } from "./setting.ts";

const HEADER = 40;
const L4 = IP_OFF + HEADER;
const ICMPV6 = 58;

function bytesOf(word: number): Uint8Array {
  const bytes = new Uint8Array(16);
  addressFor(6, word).writeTo(bytes, 0);
  return bytes;
}

/** The address that always stays; and hosts that are certainly no martians. */
const LOCAL = bytesOf(LOCAL_ADDRS[0]);
const OTHERS = LIVE_ADDRS.map(bytesOf);

function isAt(u8: Uint8Array, at: number, addr: Uint8Array): boolean {
  return addr.every((byte, i) => u8[at + i] === byte);
}

/** UNSURE, GOOD_SEGMENT, or the DROP_* that the packet of `len` bytes must get. */
export function judgeIpv6(
  u8: Uint8Array,
  dv: DataView,
  len: number,
  isForAll: boolean,
  csum: number,
  gsoSize: number,
): number {
  if (len < HEADER) return drop.DROP_IPV6_SHORT;
  if (u8[IP_OFF] >>> 4 !== 6) return drop.DROP_IPV6_VERSION;
  const payloadLen = dv.getUint16(IP_OFF + 4);
  if (HEADER + payloadLen > len) return drop.DROP_IPV6_TRUNCATED;
  const [src, dst] = [IP_OFF + 8, IP_OFF + 24];
  if (u8[src] === 0xff) return drop.DROP_MARTIAN_MULTICAST;
  if (isForAll || !isAt(u8, dst, LOCAL)) return UNSURE;
  if (!OTHERS.some((addr) => isAt(u8, src, addr))) return UNSURE;
  if (csum === CSUM_NONE && len > SUMMED_MAX) return UNSURE;
  return judgeTransport(u8, dv, payloadLen, csum, gsoSize);
}

function judgeTransport(
  u8: Uint8Array,
  dv: DataView,
  len: number,
  csum: number,
  gsoSize: number,
): number {
  const next = u8[IP_OFF + 6];
  const isRight = (length: number) =>
    onesSum(u8, L4, length, onesSum(u8, IP_OFF + 8, 32, next + length)) === 0xffff;
  if (next === PROTO_TCP) {
    if (len < 20) return drop.DROP_TCP_SHORT;
    const headerLen = (u8[L4 + 12] >>> 4) * 4;
    if (headerLen < 20 || headerLen > len) return drop.DROP_TCP_HEADER_LEN;
    return csum === CSUM_NONE && !isRight(len) ? drop.DROP_TCP_CHECKSUM : GOOD_SEGMENT;
  }
  if (next === PROTO_UDP) {
    if (len < 8) return drop.DROP_UDP_SHORT;
    const length = dv.getUint16(L4 + 4);
    if (length < 8 || length > len) return drop.DROP_UDP_LENGTH;
    const isChecked = csum === CSUM_NONE && gsoSize === 0;
    return isChecked && !isRight(length) ? drop.DROP_UDP_CHECKSUM : UNSURE;
  }
  if (next !== ICMPV6) return UNSURE;
  if (len < 8) return drop.DROP_ICMP_SHORT;
  return csum === CSUM_NONE && !isRight(len) ? drop.DROP_ICMP_CHECKSUM : UNSURE;
}

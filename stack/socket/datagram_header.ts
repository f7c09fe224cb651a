/**
 * A datagram in memory, received or to be sent: a header, then the payload. The same bytes travel
 * over the pair between program and service, so this layout is also that of ffi/shim/protocol.h
 * (NUSE_DGRAM_*; tests/ffi/shim/protocol_test.ts holds the two together). Little endian, addresses
 * in network order:
 *
 *      0 u16 magic   2 u16 flags   4 u32 payload length (before truncation)
 *      8 u16 family (2, 10; 0: none)   10 u16 port (host order)
 *     12 i32 errno (with ERROR); of a datagram that was received, u32: how many were dropped before
 *     16 u8[16] address (IPv4: the first 4 bytes)
 *     32 u8 ttl   33 u8 tos   34 u16 UDP_SEGMENT, or the port that it was sent to   36 u32 ifindex
 *        (on the way from a program: of IP_PKTINFO, or the scope of an IPv6 address of one link)
 *     40 u8[16] destination (IP_PKTINFO)
 *     56 u64 receive time, microseconds of CLOCK_REALTIME (0: none); on the way from a program the
 *            token, which tells the service that the shim has made the header
 *     64 u16 received: bytes of each datagram but the last, when several have been joined (UDP_GRO)
 *        on the way from a program: bytes of control messages between header and payload
 *     66 u16 received: longest fragment that it came in (IP_RECVFRAGSIZE)
 *     68 u32 received: number of the control messages that it has besides (received_extras.ts)
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { AF_INET, AF_INET6 } from "../base/socket_constants.ts";

export const DGRAM_HEADER_LEN = 72;
export const DGRAM_MAGIC = 0x4e44;

export const DGRAM_MAGIC_OFF = 0;
export const DGRAM_FLAGS_OFF = 2;
export const DGRAM_PAYLOAD_LEN_OFF = 4;
export const DGRAM_FAMILY_OFF = 8;
export const DGRAM_PORT_OFF = 10;
export const DGRAM_ERRNO_OFF = 12;
export const DGRAM_DROPS_OFF = 12;
export const DGRAM_ADDR_OFF = 16;
export const DGRAM_TTL_OFF = 32;
export const DGRAM_TOS_OFF = 33;
export const DGRAM_SEGMENT_OFF = 34;
export const DGRAM_DST_PORT_OFF = 34;
export const DGRAM_IFINDEX_OFF = 36;
export const DGRAM_DST_OFF = 40;
export const DGRAM_TIME_OFF = 56;
export const DGRAM_TOKEN_OFF = 56;
export const DGRAM_GRO_OFF = 64;
export const DGRAM_EXTRAS_LEN_OFF = 64;
export const DGRAM_FRAG_OFF = 66;
export const DGRAM_EXTRAS_OFF = 68;

/**
 * Send: the header's address is the destination (sendto); without it the connected peer is meant.
 */
export const DGRAM_HAS_ADDR = 1;
/** Receive: no payload; recv shall fail with the header's errno. */
export const DGRAM_ERROR = 2;
/** Send: MSG_DONTROUTE. */
export const DGRAM_DONTROUTE = 4;
/** Send: ttl / tos of the header override the socket's (cmsg IP_TTL, IP_TOS). */
export const DGRAM_HAS_TTL = 8;
export const DGRAM_HAS_TOS = 16;
/** Send: source address (offset 40) and ifindex override (cmsg IP_PKTINFO). */
export const DGRAM_HAS_PKTINFO = 32;
/** Send: MSG_MORE. The service puts what follows to it; the stack sees the whole. */
export const DGRAM_MORE = 64;
/** Send: the header's UDP_SEGMENT overrides the socket's. */
export const DGRAM_HAS_SEGMENT = 128;
/** Send: control messages are between header and payload. */
export const DGRAM_HAS_EXTRAS = 256;

/** How many bytes of control messages follow a header with these flags, coming from a program. */
export function extrasLen(dv: DataView, off: number, flags: number): number {
  return (flags & DGRAM_HAS_EXTRAS) === 0 ? 0 : dv.getUint16(off + DGRAM_EXTRAS_LEN_OFF, true);
}

const FAMILY_NONE = 0;
const TWO_32 = 4294967296;

/** Writes the header of a received datagram at `off`. */
export function emitReceived(
  dv: DataView,
  off: number,
  pkt: Packet,
  port: number,
  payloadLen: number,
  realtimeUs: number,
  drops: number,
  fragSize: number,
  extras = 0,
): void {
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint16(off + DGRAM_FLAGS_OFF, 0, true);
  dv.setUint32(off + DGRAM_PAYLOAD_LEN_OFF, payloadLen, true);
  const isV6 = pkt.family === 6;
  dv.setUint16(off + DGRAM_FAMILY_OFF, isV6 ? AF_INET6 : AF_INET, true);
  dv.setUint16(off + DGRAM_PORT_OFF, port, true);
  dv.setUint32(off + DGRAM_DROPS_OFF, drops, true);
  dv.setInt32(off + DGRAM_ADDR_OFF, isV6 ? pkt.src0 : pkt.src3);
  dv.setInt32(off + DGRAM_ADDR_OFF + 4, isV6 ? pkt.src1 : 0);
  dv.setInt32(off + DGRAM_ADDR_OFF + 8, isV6 ? pkt.src2 : 0);
  dv.setInt32(off + DGRAM_ADDR_OFF + 12, isV6 ? pkt.src3 : 0);
  dv.setUint8(off + DGRAM_TTL_OFF, pkt.ttl);
  dv.setUint8(off + DGRAM_TOS_OFF, pkt.tos);
  const hasPorts = pkt.transportOff + 4 <= pkt.endOff;
  const dstPort = hasPorts ? dv.getUint16(pkt.transportOff + 2) : 0;
  dv.setUint16(off + DGRAM_DST_PORT_OFF, dstPort, true);
  dv.setUint32(off + DGRAM_IFINDEX_OFF, pkt.ifIndex, true);
  dv.setInt32(off + DGRAM_DST_OFF, isV6 ? pkt.dst0 : pkt.dst3);
  dv.setInt32(off + DGRAM_DST_OFF + 4, isV6 ? pkt.dst1 : 0);
  dv.setInt32(off + DGRAM_DST_OFF + 8, isV6 ? pkt.dst2 : 0);
  dv.setInt32(off + DGRAM_DST_OFF + 12, isV6 ? pkt.dst3 : 0);
  const high = Math.floor(realtimeUs / TWO_32);
  dv.setUint32(off + DGRAM_TIME_OFF, realtimeUs - high * TWO_32, true);
  dv.setUint32(off + DGRAM_TIME_OFF + 4, high, true);
  dv.setUint16(off + DGRAM_GRO_OFF, 0, true);
  dv.setUint16(off + DGRAM_FRAG_OFF, fragSize, true);
  dv.setUint32(off + DGRAM_EXTRAS_OFF, extras, true);
}

/** Writes the header of a record without payload, from nobody, about `addr`. */
export function emitEmpty(
  { dv, u8 }: Memory,
  off: number,
  addr: IpAddress,
  ifIndex: number,
  extras: number,
): void {
  for (let i = 0; i < DGRAM_HEADER_LEN; i += 4) dv.setInt32(off + i, 0);
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint16(off + DGRAM_FAMILY_OFF, addr.family === 6 ? AF_INET6 : AF_INET, true);
  addr.writeTo(u8, off + DGRAM_ADDR_OFF);
  dv.setUint32(off + DGRAM_IFINDEX_OFF, ifIndex, true);
  dv.setUint32(off + DGRAM_EXTRAS_OFF, extras, true);
}

/** Writes a record that makes recv fail with `errno`. */
export function emitError(dv: DataView, off: number, errno: number): void {
  for (let i = 0; i < DGRAM_HEADER_LEN; i += 4) dv.setInt32(off + i, 0);
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint16(off + DGRAM_FLAGS_OFF, DGRAM_ERROR, true);
  dv.setUint16(off + DGRAM_FAMILY_OFF, FAMILY_NONE, true);
  dv.setInt32(off + DGRAM_ERRNO_OFF, errno, true);
}

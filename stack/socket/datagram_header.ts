/**
 * The header in front of every datagram between the stack and the program (layout: api.ts), little
 * endian.
 *
 * @module
 */
import type { Packet } from "../base/packet.ts";
import { DGRAM_ERROR, DGRAM_HEADER_LEN, DGRAM_MAGIC } from "./api.ts";
import { AF_INET } from "../base/socket_constants.ts";

export const DGRAM_FLAGS_OFFSET = 2;
export const DGRAM_FAMILY_OFFSET = 8;
export const DGRAM_PORT_OFFSET = 10;
export const DGRAM_ADDR_OFFSET = 16;
export const DGRAM_TTL_OFFSET = 32;
export const DGRAM_TOS_OFFSET = 33;
export const DGRAM_IFINDEX_OFFSET = 36;
export const DGRAM_DST_OFFSET = 40;
const LEN_OFFSET = 4;
const ERRNO_OFFSET = 12;
const TIME_OFFSET = 56;
const FAMILY_NONE = 0;
const TWO_32 = 4294967296;

/** Writes the header of a received IPv4 datagram at `off`. */
export function emitReceived(
  dv: DataView,
  off: number,
  pkt: Packet,
  port: number,
  payloadLen: number,
  realtimeUs: number,
): void {
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint16(off + DGRAM_FLAGS_OFFSET, 0, true);
  dv.setUint32(off + LEN_OFFSET, payloadLen, true);
  dv.setUint16(off + DGRAM_FAMILY_OFFSET, AF_INET, true);
  dv.setUint16(off + DGRAM_PORT_OFFSET, port, true);
  dv.setInt32(off + ERRNO_OFFSET, 0);
  dv.setInt32(off + DGRAM_ADDR_OFFSET, pkt.src3);
  dv.setInt32(off + DGRAM_ADDR_OFFSET + 4, 0);
  dv.setInt32(off + DGRAM_ADDR_OFFSET + 8, 0);
  dv.setInt32(off + DGRAM_ADDR_OFFSET + 12, 0);
  dv.setUint8(off + DGRAM_TTL_OFFSET, pkt.ttl);
  dv.setUint8(off + DGRAM_TOS_OFFSET, pkt.tos);
  dv.setUint16(off + 34, 0);
  dv.setUint32(off + DGRAM_IFINDEX_OFFSET, pkt.ifIndex, true);
  dv.setInt32(off + DGRAM_DST_OFFSET, pkt.dst3);
  dv.setInt32(off + DGRAM_DST_OFFSET + 4, 0);
  dv.setInt32(off + DGRAM_DST_OFFSET + 8, 0);
  dv.setInt32(off + DGRAM_DST_OFFSET + 12, 0);
  const high = Math.floor(realtimeUs / TWO_32);
  dv.setUint32(off + TIME_OFFSET, realtimeUs - high * TWO_32, true);
  dv.setUint32(off + TIME_OFFSET + 4, high, true);
}

/** Writes a record that makes recv fail with `errno`. */
export function emitError(dv: DataView, off: number, errno: number): void {
  for (let i = 0; i < DGRAM_HEADER_LEN; i += 4) dv.setInt32(off + i, 0);
  dv.setUint16(off, DGRAM_MAGIC, true);
  dv.setUint16(off + DGRAM_FLAGS_OFFSET, DGRAM_ERROR, true);
  dv.setUint16(off + DGRAM_FAMILY_OFFSET, FAMILY_NONE, true);
  dv.setInt32(off + ERRNO_OFFSET, errno, true);
}

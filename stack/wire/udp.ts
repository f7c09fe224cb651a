/**
 * UDP headers (RFC 768, RFC 1122 4.1). In IPv4 a checksum field of 0 means "none", and a computed 0
 * is sent as 0xffff; in IPv6 there must be one (RFC 8200 8.1).
 *
 * @module
 */
import { finish, fold, sum } from "./checksum.ts";
import { DROP_UDP_CHECKSUM, DROP_UDP_LENGTH, DROP_UDP_SHORT } from "../base/drop_reason.ts";

export const UDP_HEADER_LEN = 8;
export const UDP_DST_PORT_OFFSET = 2;
export const UDP_LENGTH_OFFSET = 4;
export const UDP_CHECKSUM_OFFSET = 6;

/** A header as parsed; reused. */
export class UdpHeader {
  srcPort = 0;
  dstPort = 0;
  /** Of header and payload, bytes, by the header's own field. */
  length = 0;
  payloadOff = 0;
  payloadLen = 0;
}

/** Parses the datagram at `off`, `len` being the IP payload. Returns 0 or a drop reason. */
export function parseUdp(dv: DataView, off: number, len: number, out: UdpHeader): number {
  if (len < UDP_HEADER_LEN) return DROP_UDP_SHORT;
  out.srcPort = dv.getUint16(off);
  out.dstPort = dv.getUint16(off + UDP_DST_PORT_OFFSET);
  out.length = dv.getUint16(off + UDP_LENGTH_OFFSET);
  if (out.length < UDP_HEADER_LEN || out.length > len) return DROP_UDP_LENGTH;
  out.payloadOff = off + UDP_HEADER_LEN;
  out.payloadLen = out.length - UDP_HEADER_LEN;
  return 0;
}

/**
 * Verifies the checksum of the datagram at `off`. `length`: by the UDP header. `pseudoSum`: of the
 * pseudo-header with that length. Returns 0 or DROP_UDP_CHECKSUM.
 */
export function verifyUdp(
  dv: DataView,
  off: number,
  length: number,
  pseudoSum: number,
  family: number,
): number {
  if (dv.getUint16(off + UDP_CHECKSUM_OFFSET) === 0) return family === 4 ? 0 : DROP_UDP_CHECKSUM;
  return fold(sum(dv, off, length, pseudoSum)) === 0xffff ? 0 : DROP_UDP_CHECKSUM;
}

/**
 * Writes a header with `checksum` (0: none, a pseudo-header sum for CSUM_PARTIAL, or set later).
 */
export function emitUdp(
  dv: DataView,
  off: number,
  srcPort: number,
  dstPort: number,
  length: number,
  checksum: number,
): void {
  dv.setUint16(off, srcPort);
  dv.setUint16(off + UDP_DST_PORT_OFFSET, dstPort);
  dv.setUint16(off + UDP_LENGTH_OFFSET, length);
  dv.setUint16(off + UDP_CHECKSUM_OFFSET, checksum);
}

/** The field's value for a running sum over pseudo-header, header and payload: never 0. */
export function finishUdp(runningSum: number): number {
  const checksum = finish(runningSum);
  return checksum === 0 ? 0xffff : checksum;
}

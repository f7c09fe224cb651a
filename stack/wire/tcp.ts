/**
 * TCP headers (RFC 9293 3.1). Sequence numbers are int32 (tcp/base/seq.ts). The options are in
 * tcp_options.ts.
 *
 * @module
 */
import { fold, sum } from "./checksum.ts";
import { DROP_TCP_CHECKSUM, DROP_TCP_HEADER_LEN, DROP_TCP_SHORT } from "../base/drop_reason.ts";

export const TCP_HEADER_LEN = 20;
export const TCP_DST_PORT_OFFSET = 2;
export const TCP_SEQ_OFFSET = 4;
export const TCP_ACK_OFFSET = 8;
export const TCP_FLAGS_OFFSET = 12;
const TCP_WINDOW_OFFSET = 14;
export const TCP_CHECKSUM_OFFSET = 16;
const TCP_URGENT_OFFSET = 18;

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;
export const TCP_URG = 0x20;
export const TCP_ECE = 0x40;
export const TCP_CWR = 0x80;
/** Accurate ECN (RFC 9768); formerly NS. */
export const TCP_AE = 0x100;
const FLAGS_MASK = 0x1ff;

/** A segment's header as parsed; reused. */
export class TcpHeader {
  srcPort = 0;
  dstPort = 0;
  /** int32 */
  seq = 0;
  /** int32; means nothing without TCP_ACK. */
  ack = 0;
  headerLen = 0;
  /** TCP_* bits. */
  flags = 0;
  /** As sent: not scaled. */
  window = 0;
  urgent = 0;
  optionsOff = 0;
  optionsLen = 0;
  payloadOff = 0;
  payloadLen = 0;
}

/** The data offset of the header at `off`, of which at least 20 bytes are there, in bytes. */
export function tcpHeaderLen(dv: DataView, off: number): number {
  return (dv.getUint8(off + TCP_FLAGS_OFFSET) >>> 4) << 2;
}

/** Parses the segment at `off`, `len` being the IP payload. Returns 0 or a drop reason. */
export function parseTcp(dv: DataView, off: number, len: number, out: TcpHeader): number {
  if (len < TCP_HEADER_LEN) return DROP_TCP_SHORT;
  const offsetAndFlags = dv.getUint16(off + TCP_FLAGS_OFFSET);
  const headerLen = (offsetAndFlags >>> 12) << 2;
  if (headerLen < TCP_HEADER_LEN || headerLen > len) return DROP_TCP_HEADER_LEN;
  out.srcPort = dv.getUint16(off);
  out.dstPort = dv.getUint16(off + TCP_DST_PORT_OFFSET);
  out.seq = dv.getInt32(off + TCP_SEQ_OFFSET);
  out.ack = dv.getInt32(off + TCP_ACK_OFFSET);
  out.headerLen = headerLen;
  out.flags = offsetAndFlags & FLAGS_MASK;
  out.window = dv.getUint16(off + TCP_WINDOW_OFFSET);
  out.urgent = dv.getUint16(off + TCP_URGENT_OFFSET);
  out.optionsOff = off + TCP_HEADER_LEN;
  out.optionsLen = headerLen - TCP_HEADER_LEN;
  out.payloadOff = off + headerLen;
  out.payloadLen = len - headerLen;
  return 0;
}

/** Verifies the checksum of the `len` bytes at `off`. Returns 0 or DROP_TCP_CHECKSUM. */
export function verifyTcp(dv: DataView, off: number, len: number, pseudoSum: number): number {
  return fold(sum(dv, off, len, pseudoSum)) === 0xffff ? 0 : DROP_TCP_CHECKSUM;
}

/**
 * Writes the fixed header with `checksum` (0 to be completed later, or the folded pseudo-header sum
 * for CSUM_PARTIAL). `headerLen`: options included, a multiple of 4. `window`: as it goes on the
 * wire.
 */
export function emitTcp(
  dv: DataView,
  off: number,
  srcPort: number,
  dstPort: number,
  seq: number,
  ack: number,
  headerLen: number,
  flags: number,
  window: number,
  checksum: number,
  urgent: number,
): void {
  dv.setInt32(off, (srcPort << 16) | dstPort);
  dv.setInt32(off + TCP_SEQ_OFFSET, seq);
  dv.setInt32(off + TCP_ACK_OFFSET, ack);
  dv.setInt32(off + TCP_FLAGS_OFFSET, (headerLen << 26) | (flags << 16) | window);
  dv.setInt32(off + TCP_CHECKSUM_OFFSET, (checksum << 16) | urgent);
}

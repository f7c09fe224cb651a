/**
 * A NIC's offload engines in software, for wires between a stack that uses them and a side that
 * must not see them: takes rows off a TxFrames, completes checksums, cuts GSO frames into
 * wire-sized ones.
 *
 * @module
 */
import { onesSum } from "./checksum.ts";
import { CWR, FIN, PSH, type WireFrame, wireFrame } from "./packet_types.ts";
import {
  CSUM_NONE,
  CSUM_PARTIAL,
  GSO_NONE,
  GSO_UDP_L4,
  type TxFrames,
} from "../../stack/base/frames.ts";

/** Copies row `row` out of the stack's memory. */
export function takeRow(tx: TxFrames, row: number): WireFrame {
  const { u8 } = tx.memory;
  const hdrLen = tx.hdrLen[row];
  const payLen = tx.payLen[row];
  const pay2Len = tx.pay2Len[row];
  const bytes = new Uint8Array(hdrLen + payLen + pay2Len);
  bytes.set(u8.subarray(tx.hdrOff[row], tx.hdrOff[row] + hdrLen), 0);
  bytes.set(u8.subarray(tx.payOff[row], tx.payOff[row] + payLen), hdrLen);
  bytes.set(u8.subarray(tx.pay2Off[row], tx.pay2Off[row] + pay2Len), hdrLen + payLen);
  return {
    bytes,
    csum: tx.csum[row],
    csumStart: tx.l4Off[row] - tx.hdrOff[row],
    csumOffset: tx.csumOffset[row],
    gsoType: tx.gsoType[row],
    gsoSize: tx.gsoSize[row],
  };
}

/** Fills in a checksum that was left to the device, in place. */
export function completeChecksum(f: WireFrame): void {
  if (f.csum !== CSUM_PARTIAL) return;
  const field = f.csumStart + f.csumOffset;
  const sum = ~onesSum(f.bytes, f.csumStart, f.bytes.length - f.csumStart) & 0xffff;
  const value = sum === 0 && f.csumOffset === 6 ? 0xffff : sum;
  f.bytes[field] = value >>> 8;
  f.bytes[field + 1] = value;
  f.csum = CSUM_NONE;
}

/**
 * Cuts a GSO frame into finished frames of `gsoSize` payload bytes; any other frame comes back
 * alone.
 */
export function segmentFrame(f: WireFrame): WireFrame[] {
  if (f.gsoType === GSO_NONE) {
    completeChecksum(f);
    return [f];
  }
  const l4 = f.csumStart;
  const isUdp = f.gsoType === GSO_UDP_L4;
  const headLen = l4 + (isUdp ? 8 : (f.bytes[l4 + 12] >>> 4) * 4);
  const total = f.bytes.length - headLen;
  const out: WireFrame[] = [];
  for (let pos = 0; pos < total || pos === 0; pos += f.gsoSize) {
    const len = Math.min(f.gsoSize, total - pos);
    const bytes = new Uint8Array(headLen + len);
    bytes.set(f.bytes.subarray(0, headLen), 0);
    bytes.set(f.bytes.subarray(headLen + pos, headLen + pos + len), headLen);
    patchIpv4(bytes, out.length);
    if (isUdp) new DataView(bytes.buffer).setUint16(l4 + 4, 8 + len);
    else patchTcp(bytes, l4, pos, pos + len === total);
    const piece = wireFrame(bytes);
    finishL4(piece, l4, f.csumOffset);
    out.push(piece);
  }
  return out;
}

function patchIpv4(bytes: Uint8Array, index: number): void {
  const dv = new DataView(bytes.buffer);
  const headerLen = (bytes[14] & 15) * 4;
  dv.setUint16(16, bytes.length - 14);
  dv.setUint16(18, dv.getUint16(18) + index);
  dv.setUint16(24, 0);
  dv.setUint16(24, ~onesSum(bytes, 14, headerLen) & 0xffff);
}

function patchTcp(bytes: Uint8Array, l4: number, pos: number, isLast: boolean): void {
  const dv = new DataView(bytes.buffer);
  dv.setUint32(l4 + 4, dv.getUint32(l4 + 4) + pos);
  if (!isLast) bytes[l4 + 13] &= ~(FIN | PSH);
  if (pos > 0) bytes[l4 + 13] &= ~CWR;
}

function finishL4(f: WireFrame, l4: number, csumOffset: number): void {
  const dv = new DataView(f.bytes.buffer);
  const len = f.bytes.length - l4;
  let pseudo = f.bytes[23] + len;
  for (let i = 26; i < 34; i += 2) pseudo += dv.getUint16(i);
  dv.setUint16(l4 + csumOffset, 0);
  const sum = ~onesSum(f.bytes, l4, len, pseudo) & 0xffff;
  dv.setUint16(l4 + csumOffset, sum === 0 && csumOffset === 6 ? 0xffff : sum);
}

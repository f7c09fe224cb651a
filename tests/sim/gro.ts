/**
 * Receive coalescing as a NIC or the kernel's GRO does it: in-order TCP segments of one flow that
 * arrived in one batch become one long frame with `gsoSize`.
 *
 * @module
 */
import { onesSum } from "../support/checksum.ts";
import { PROTO_TCP, type WireFrame } from "../support/packet_types.ts";
import { CSUM_NONE, CSUM_VALID, GSO_NONE, GSO_TCPV4 } from "../../stack/base/frames.ts";

const MAX_FRAME_LEN = 65535;
const HEADERS_BEFORE_TCP = 34;

/** The frame is a candidate: plain IPv4, TCP, payload, nothing but ACK and PSH, checksums right. */
function tcpHeaderLen(f: WireFrame): number {
  const b = f.bytes;
  if (f.gsoType !== GSO_NONE || f.csum !== CSUM_NONE || b.length < 54) return 0;
  if (b[12] !== 8 || b[13] !== 0 || b[14] !== 0x45 || b[23] !== PROTO_TCP) return 0;
  if (((b[20] & 0x3f) | b[21]) !== 0) return 0;
  const dv = new DataView(b.buffer, b.byteOffset, b.length);
  if (dv.getUint16(16) !== b.length - 14 || onesSum(b, 14, 20) !== 0xffff) return 0;
  const len = (b[46] >>> 4) * 4;
  if (len < 20 || HEADERS_BEFORE_TCP + len >= b.length) return 0;
  if ((b[47] & ~0x08) !== 0x10) return 0;
  let pseudo = PROTO_TCP + b.length - HEADERS_BEFORE_TCP;
  for (let i = 26; i < 34; i += 2) pseudo += dv.getUint16(i);
  return onesSum(b, HEADERS_BEFORE_TCP, b.length - HEADERS_BEFORE_TCP, pseudo) === 0xffff ? len : 0;
}

/** Same flow, same acknowledgment, same options, and `next` starts where `head` ends. */
function continues(head: WireFrame, headLen: number, next: WireFrame, nextLen: number): boolean {
  if (headLen !== nextLen || head.bytes.length + next.bytes.length > MAX_FRAME_LEN) return false;
  const a = new DataView(head.bytes.buffer, head.bytes.byteOffset);
  const b = new DataView(next.bytes.buffer, next.bytes.byteOffset);
  if (a.getUint32(26) !== b.getUint32(26) || a.getUint32(30) !== b.getUint32(30)) return false;
  if (a.getUint32(34) !== b.getUint32(34) || a.getUint32(42) !== b.getUint32(42)) return false;
  if (a.getUint16(48) !== b.getUint16(48) || a.getUint8(15) !== b.getUint8(15)) return false;
  for (let i = 54; i < HEADERS_BEFORE_TCP + headLen; i++) {
    if (a.getUint8(i) !== b.getUint8(i)) return false;
  }
  const payload = head.bytes.length - HEADERS_BEFORE_TCP - headLen;
  return ((a.getUint32(38) + payload) | 0) === (b.getUint32(38) | 0);
}

function merge(run: readonly WireFrame[], headerLen: number): WireFrame {
  const headLen = HEADERS_BEFORE_TCP + headerLen;
  const total = run.reduce((sum, f) => sum + f.bytes.length - headLen, headLen);
  const bytes = new Uint8Array(total);
  bytes.set(run[0].bytes, 0);
  let at = run[0].bytes.length;
  for (const f of run.slice(1)) {
    bytes.set(f.bytes.subarray(headLen), at);
    at += f.bytes.length - headLen;
    bytes[47] |= f.bytes[47];
  }
  const dv = new DataView(bytes.buffer);
  dv.setUint16(16, total - 14);
  dv.setUint16(24, 0);
  dv.setUint16(24, ~onesSum(bytes, 14, 20) & 0xffff);
  return {
    bytes,
    csum: CSUM_VALID,
    csumStart: HEADERS_BEFORE_TCP,
    csumOffset: 16,
    gsoType: GSO_TCPV4,
    gsoSize: run[0].bytes.length - headLen,
  };
}

/**
 * Coalesces neighbours in a batch. A short segment or a PSH ends a run, as it does in the kernel.
 */
export function coalesce(batch: readonly WireFrame[]): WireFrame[] {
  const out: WireFrame[] = [];
  let i = 0;
  while (i < batch.length) {
    const head = batch[i];
    const headerLen = tcpHeaderLen(head);
    const run = [head];
    let end = i + 1;
    let total = head.bytes.length;
    while (headerLen > 0 && end < batch.length) {
      const last = run[run.length - 1];
      const next = batch[end];
      const isFull = last.bytes.length === head.bytes.length && (last.bytes[47] & 0x08) === 0;
      if (!isFull || next.bytes.length > head.bytes.length) break;
      if (!continues(last, headerLen, next, tcpHeaderLen(next))) break;
      total += next.bytes.length - HEADERS_BEFORE_TCP - headerLen;
      if (total > MAX_FRAME_LEN) break;
      run.push(next);
      end++;
    }
    out.push(run.length > 1 ? merge(run, headerLen) : head);
    i = end;
  }
  return out;
}

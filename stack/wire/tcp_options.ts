/**
 * TCP options: MSS (RFC 9293 3.7.1), window scale and timestamps (RFC 7323), SACK (RFC 2018), Fast
 * Open (RFC 7413), also as the experiment that it was (RFC 6994). Parsing takes at most 40 steps
 * and never looks beyond the option area; what is malformed ends it, and what was read until then
 * counts, as in Linux.
 *
 * @module
 */
import { DROP_TCP_OPTIONS } from "../base/drop_reason.ts";

export const TCP_OPTIONS_MAX_LEN = 40;
const TCP_MAX_WINDOW_SCALE = 14;
export const TCP_MAX_SACK_BLOCKS = 4;
export const TCP_TIMESTAMPS_LEN = 12; // with its two NOPs in front

const KIND_END = 0;
const KIND_NOP = 1;
const KIND_MSS = 2;
const KIND_WINDOW_SCALE = 3;
const KIND_SACK_PERMITTED = 4;
const KIND_SACK = 5;
const KIND_TIMESTAMPS = 8;
const KIND_FAST_OPEN = 34;
const KIND_EXPERIMENT = 254;
/** The experiment's identifier (RFC 7413 7), behind kind and length. */
const EXPERIMENT_FAST_OPEN = 0xf989;
const EXPERIMENT_HEADER_LEN = 4;

/** NOP NOP and kind and length of timestamps, as nearly every segment begins its options. */
const ALIGNED_TIMESTAMPS = 0x0101080a;
const NOP_NOP_SACK = 0x01010500;
const SACK_PERMITTED_AND_TIMESTAMPS = 0x0402080a;
const NOP_NOP_SACK_PERMITTED = 0x01010402;
const MSS_HEADER = 0x02040000;
const NOP_WINDOW_SCALE = 0x01030300;

/** Options as parsed; reused. */
export class TcpOptions {
  /** 0: none. Only of a SYN. */
  mss = 0;
  /** -1: none; at most 14. Only of a SYN. */
  windowScale = -1;
  /** Only of a SYN. */
  sackPermitted = false;
  hasTimestamps = false;
  /** int32 */
  tsVal = 0;
  tsEcr = 0;
  sackCount = 0;
  /** Edges of block i < sackCount, int32; unchecked. */
  readonly sackLeft: Int32Array = new Int32Array(TCP_MAX_SACK_BLOCKS);
  readonly sackRight: Int32Array = new Int32Array(TCP_MAX_SACK_BLOCKS);
  /** Only of a SYN. Offset of the cookie, -1: no option; length 0: a cookie is asked for. */
  fastOpenCookieOff = -1;
  fastOpenCookieLen = 0;
  /** It came as an experimental option: the answer has to, too. */
  isFastOpenExperimental = false;

  reset(): void {
    this.mss = 0;
    this.windowScale = -1;
    this.sackPermitted = false;
    this.hasTimestamps = false;
    this.sackCount = 0;
    this.fastOpenCookieOff = -1;
    this.fastOpenCookieLen = 0;
    this.isFastOpenExperimental = false;
  }
}

/**
 * Parses the `len` bytes of options at `off`. Returns 0, or DROP_TCP_OPTIONS when they are
 * malformed (the options before the fault are in `out`).
 */
export function parseTcpOptions(
  dv: DataView,
  off: number,
  len: number,
  isSyn: boolean,
  out: TcpOptions,
): number {
  out.reset();
  if (len === TCP_TIMESTAMPS_LEN && dv.getInt32(off) === ALIGNED_TIMESTAMPS) {
    readTimestamps(dv, off + 4, out);
    return 0;
  }
  const end = off + len;
  while (off < end) {
    const kind = dv.getUint8(off);
    if (kind === KIND_END) return 0;
    if (kind === KIND_NOP) {
      off++;
      continue;
    }
    if (off + 1 >= end) return DROP_TCP_OPTIONS;
    const optionLen = dv.getUint8(off + 1);
    if (optionLen < 2 || off + optionLen > end) return DROP_TCP_OPTIONS;
    if (kind === KIND_TIMESTAMPS && optionLen === 10) readTimestamps(dv, off + 2, out);
    else if (kind === KIND_SACK) readSack(dv, off + 2, optionLen - 2, out);
    else if (isSyn) readSynOption(dv, off, kind, optionLen, out);
    off += optionLen;
  }
  return 0;
}

function readTimestamps(dv: DataView, off: number, out: TcpOptions): void {
  out.hasTimestamps = true;
  out.tsVal = dv.getInt32(off);
  out.tsEcr = dv.getInt32(off + 4);
}

function readSack(dv: DataView, off: number, len: number, out: TcpOptions): void {
  if (len === 0 || (len & 7) !== 0) return;
  const count = Math.min(len >>> 3, TCP_MAX_SACK_BLOCKS);
  for (let i = 0; i < count; i++) {
    out.sackLeft[i] = dv.getInt32(off + (i << 3));
    out.sackRight[i] = dv.getInt32(off + (i << 3) + 4);
  }
  out.sackCount = count;
}

function readSynOption(
  dv: DataView,
  off: number,
  kind: number,
  optionLen: number,
  out: TcpOptions,
): void {
  if (kind === KIND_MSS && optionLen === 4) {
    // 0 says nothing (Linux tcp_parse_options)
    out.mss = dv.getUint16(off + 2) || out.mss;
  } else if (kind === KIND_WINDOW_SCALE && optionLen === 3) {
    out.windowScale = Math.min(dv.getUint8(off + 2), TCP_MAX_WINDOW_SCALE);
  } else if (kind === KIND_SACK_PERMITTED && optionLen === 2) {
    out.sackPermitted = true;
  } else if (kind === KIND_FAST_OPEN) {
    readFastOpen(off + 2, optionLen - 2, false, out);
  } else if (kind === KIND_EXPERIMENT && optionLen >= EXPERIMENT_HEADER_LEN) {
    if (dv.getUint16(off + 2) !== EXPERIMENT_FAST_OPEN) return;
    readFastOpen(off + EXPERIMENT_HEADER_LEN, optionLen - EXPERIMENT_HEADER_LEN, true, out);
  }
}

/** A cookie is empty (a request) or of 4 to 16 bytes, an even number (RFC 7413 2). */
function readFastOpen(
  off: number,
  cookieLen: number,
  isExperimental: boolean,
  out: TcpOptions,
): void {
  if (cookieLen !== 0 && (cookieLen < 4 || cookieLen > 16 || (cookieLen & 1) !== 0)) return;
  out.fastOpenCookieOff = off;
  out.fastOpenCookieLen = cookieLen;
  out.isFastOpenExperimental = isExperimental;
}

/**
 * Writes the options of a SYN or SYN-ACK; returns their length, a multiple of 4, at most 40.
 * `mss` 0, `windowScale` -1, `fastOpenCookie` null: without. An empty cookie asks for one.
 */
export function emitSynOptions(
  dv: DataView,
  off: number,
  mss: number,
  windowScale: number,
  sackPermitted: boolean,
  hasTimestamps: boolean,
  tsVal: number,
  tsEcr: number,
  fastOpenCookie: Uint8Array | null,
  isExperimental = false,
): number {
  let at = off;
  if (mss !== 0) {
    dv.setInt32(at, MSS_HEADER | mss);
    at += 4;
  }
  if (hasTimestamps) {
    dv.setInt32(at, sackPermitted ? SACK_PERMITTED_AND_TIMESTAMPS : ALIGNED_TIMESTAMPS);
    dv.setInt32(at + 4, tsVal);
    dv.setInt32(at + 8, tsEcr);
    at += TCP_TIMESTAMPS_LEN;
  } else if (sackPermitted) {
    dv.setInt32(at, NOP_NOP_SACK_PERMITTED);
    at += 4;
  }
  if (windowScale >= 0) {
    dv.setInt32(at, NOP_WINDOW_SCALE | windowScale);
    at += 4;
  }
  if (fastOpenCookie !== null) {
    at += emitFastOpen(dv, at, fastOpenCookie, isExperimental);
  }
  return at - off;
}

/** The option, and NOPs up to a multiple of 4 behind it; returns the whole length. */
function emitFastOpen(
  dv: DataView,
  off: number,
  cookie: Uint8Array,
  isExperimental: boolean,
): number {
  const headerLen = isExperimental ? EXPERIMENT_HEADER_LEN : 2;
  dv.setUint8(off, isExperimental ? KIND_EXPERIMENT : KIND_FAST_OPEN);
  dv.setUint8(off + 1, headerLen + cookie.length);
  if (isExperimental) dv.setUint16(off + 2, EXPERIMENT_FAST_OPEN);
  let at = off + headerLen;
  for (let i = 0; i < cookie.length; i++) dv.setUint8(at++, cookie[i]);
  while (((at - off) & 3) !== 0) dv.setUint8(at++, KIND_NOP);
  return at - off;
}

/** Length of what `emitOptions` writes: 12 for timestamps, 4 + 8 a block for SACK. */
export function optionsLen(hasTimestamps: boolean, sackCount: number): number {
  return (hasTimestamps ? TCP_TIMESTAMPS_LEN : 0) + (sackCount === 0 ? 0 : 4 + (sackCount << 3));
}

/**
 * Writes the options of any other segment; returns their length. SACK: the first `sackCount`
 * blocks, at most 3 with timestamps, else 4.
 */
export function emitOptions(
  dv: DataView,
  off: number,
  hasTimestamps: boolean,
  tsVal: number,
  tsEcr: number,
  sackCount: number,
  sackLeft: Int32Array,
  sackRight: Int32Array,
): number {
  let at = off;
  if (hasTimestamps) {
    dv.setInt32(at, ALIGNED_TIMESTAMPS);
    dv.setInt32(at + 4, tsVal);
    dv.setInt32(at + 8, tsEcr);
    at += TCP_TIMESTAMPS_LEN;
  }
  if (sackCount > 0) {
    dv.setInt32(at, NOP_NOP_SACK | (2 + (sackCount << 3)));
    at += 4;
    for (let i = 0; i < sackCount; i++) {
      dv.setInt32(at, sackLeft[i]);
      dv.setInt32(at + 4, sackRight[i]);
      at += 8;
    }
  }
  return at - off;
}

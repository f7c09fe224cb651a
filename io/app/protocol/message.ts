/**
 * Requests and replies of the control protocol (ffi/shim/protocol.h), as reused objects over the
 * arena.
 *
 * A cookie is 64 bits on the wire and a plain number here: the kernel counts cookies up from 1, so
 * they stay far below 2^53.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";

const TWO_POW_32 = 0x100000000;

export function readCookie(dv: DataView, off: number): number {
  return dv.getUint32(off + 4, true) * TWO_POW_32 + dv.getUint32(off, true);
}

export function writeCookie(dv: DataView, off: number, cookie: number): void {
  dv.setUint32(off, cookie % TWO_POW_32, true);
  dv.setUint32(off + 4, cookie / TWO_POW_32, true);
}

/** Longest request or reply. */
export const MESSAGE_MAX_LEN = P.NUSE_HEADER_LEN + P.NUSE_DATA_MAX;

export class Request {
  op = 0;
  cookie = 0;
  a = 0;
  b = 0;
  c = 0;
  dataOff = 0;
  dataLen = 0;

  /** Reads the message of `lenBytes` bytes at `off`; false when it is malformed. */
  parse(dv: DataView, off: number, lenBytes: number): boolean {
    if (lenBytes < P.NUSE_HEADER_LEN || lenBytes > MESSAGE_MAX_LEN) return false;
    if (dv.getUint32(off + P.NUSE_REQ_MAGIC_OFF, true) !== P.NUSE_MAGIC) return false;
    if (dv.getUint16(off + P.NUSE_REQ_VERSION_OFF, true) !== P.NUSE_VERSION) return false;
    this.op = dv.getUint16(off + P.NUSE_REQ_OP_OFF, true);
    this.cookie = readCookie(dv, off + P.NUSE_REQ_COOKIE_OFF);
    this.a = dv.getInt32(off + P.NUSE_REQ_A_OFF, true);
    this.b = dv.getInt32(off + P.NUSE_REQ_B_OFF, true);
    this.c = dv.getInt32(off + P.NUSE_REQ_C_OFF, true);
    this.dataOff = off + P.NUSE_HEADER_LEN;
    this.dataLen = dv.getUint32(off + P.NUSE_REQ_DATA_LEN_OFF, true);
    return this.dataLen === lenBytes - P.NUSE_HEADER_LEN;
  }
}

export class Reply {
  result = 0;
  state = 0;
  cookie = 0;
  a = 0;
  b = 0;
  c = 0;
  /** Bytes that the handler has put at `dataOff`. */
  dataLen = 0;
  /** The descriptor to pass along, closed here after sending; -1: none. */
  passFd = -1;

  /** `off`: MESSAGE_MAX_LEN bytes, kept as long as the object. */
  constructor(readonly off: number) {}

  get dataOff(): number {
    return this.off + P.NUSE_HEADER_LEN;
  }

  clear(): void {
    this.result = 0;
    this.state = 0;
    this.cookie = 0;
    this.a = 0;
    this.b = 0;
    this.c = 0;
    this.dataLen = 0;
    this.passFd = -1;
  }

  /** Writes the header before the data; returns the length of the whole. */
  emit(dv: DataView): number {
    const off = this.off;
    dv.setInt32(off + P.NUSE_REP_RESULT_OFF, this.result, true);
    dv.setUint32(off + P.NUSE_REP_STATE_OFF, this.state, true);
    writeCookie(dv, off + P.NUSE_REP_COOKIE_OFF, this.cookie);
    dv.setInt32(off + P.NUSE_REP_A_OFF, this.a, true);
    dv.setInt32(off + P.NUSE_REP_B_OFF, this.b, true);
    dv.setInt32(off + P.NUSE_REP_C_OFF, this.c, true);
    dv.setUint32(off + P.NUSE_REP_DATA_LEN_OFF, this.dataLen, true);
    return P.NUSE_HEADER_LEN + this.dataLen;
  }
}

/**
 * Option values as a C program passes them: little-endian ints, in as many bytes as Linux takes and
 * gives.
 *
 * @module
 */
import { EINVAL } from "../base/errno.ts";

/** The int in `value`; the caller has checked that there are 4 bytes. */
export function readInt(value: Uint8Array, off = 0): number {
  return value[off] | (value[off + 1] << 8) | (value[off + 2] << 16) | (value[off + 3] << 24);
}

export function intBytes(n: number): Uint8Array {
  return Uint8Array.of(n, n >> 8, n >> 16, n >> 24);
}

export function boolBytes(flag: boolean): Uint8Array {
  return intBytes(flag ? 1 : 0);
}

/** SOL_SOCKET: whether `value` is long enough for an int; 0 or -EINVAL. */
export function checkInt(value: Uint8Array): number {
  return value.length < 4 ? -EINVAL : 0;
}

/** IPPROTO_IP: an int, or a single byte, or nothing at all, which means 0. */
export function readIntOrByte(value: Uint8Array): number {
  if (value.length >= 4) return readInt(value);
  return value.length >= 1 ? value[0] : 0;
}

/** IPPROTO_IP: one byte when the caller's buffer has no room for an int and the value fits. */
export function intOrByteBytes(n: number, maxLen: number): Uint8Array {
  return maxLen > 0 && maxLen < 4 && n >= 0 && n <= 255 ? Uint8Array.of(n) : intBytes(n);
}

/** The int32 IPv4 address at `off`, which is in network order. */
export function readV4(value: Uint8Array, off: number): number {
  return (value[off] << 24) | (value[off + 1] << 16) | (value[off + 2] << 8) | value[off + 3];
}

export function v4Bytes(word: number): Uint8Array {
  return Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);
}

/**
 * The Internet checksum (RFC 1071) as the tests know it: one 16-bit word after the other, on
 * purpose independent of stack/wire/checksum.ts, which it cross-checks.
 *
 * @module
 */

/** Ones' complement sum of `len` bytes on top of `initial`, folded to 16 bits, not complemented. */
export function onesSum(u8: Uint8Array, off: number, len: number, initial = 0): number {
  let sum = initial;
  for (let i = 0; i + 1 < len; i += 2) sum += (u8[off + i] << 8) | u8[off + i + 1];
  if (len & 1) sum += u8[off + len - 1] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** The IPv4 pseudo header's sum (RFC 9293 3.1). Addresses are 32-bit words in host order. */
export function pseudoSum(src: number, dst: number, protocol: number, len: number): number {
  let sum = (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol + len;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/**
 * Stream contents derived from the position, so that a receiver can verify every byte without
 * keeping what was sent: a byte lost, doubled, swapped or taken from another stream shows at once.
 *
 * @module
 */

function word(key: number, index: number): number {
  let h = Math.imul(index ^ key, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return h ^ (h >>> 13);
}

/** Byte `pos` of the stream `key`. */
export function patternByte(key: number, pos: number): number {
  return (word(key, pos >>> 2) >>> ((pos & 3) << 3)) & 0xff;
}

/** Writes bytes `pos .. pos + len` of the stream `key` at `off`. */
export function fillPattern(
  u8: Uint8Array,
  off: number,
  len: number,
  key: number,
  pos: number,
): void {
  let i = 0;
  while (i < len && ((pos + i) & 3) !== 0) {
    u8[off + i] = patternByte(key, pos + i);
    i++;
  }
  for (; i + 4 <= len; i += 4) {
    const w = word(key, (pos + i) >>> 2);
    u8[off + i] = w;
    u8[off + i + 1] = w >>> 8;
    u8[off + i + 2] = w >>> 16;
    u8[off + i + 3] = w >>> 24;
  }
  for (; i < len; i++) u8[off + i] = patternByte(key, pos + i);
}

/** Index of the first byte that differs from the stream, or -1. */
export function checkPattern(
  u8: Uint8Array,
  off: number,
  len: number,
  key: number,
  pos: number,
): number {
  let i = 0;
  while (i < len && ((pos + i) & 3) !== 0) {
    if (u8[off + i] !== patternByte(key, pos + i)) return i;
    i++;
  }
  for (; i + 4 <= len; i += 4) {
    const w = word(key, (pos + i) >>> 2);
    const bad = (u8[off + i] ^ w) | (u8[off + i + 1] ^ (w >>> 8)) |
      (u8[off + i + 2] ^ (w >>> 16)) | (u8[off + i + 3] ^ (w >>> 24));
    if ((bad & 0xff) !== 0) break;
  }
  for (; i < len; i++) {
    if (u8[off + i] !== patternByte(key, pos + i)) return i;
  }
  return -1;
}

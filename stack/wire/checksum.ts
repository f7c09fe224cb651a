/**
 * The Internet checksum (RFC 1071) over a DataView.
 *
 * A running sum is a number below 2^30 whose low bits are an unfolded ones'-complement sum of
 * 16-bit big-endian words. Pieces of any length and alignment may be summed one after the other:
 * after an odd number of bytes the sum is kept with its bytes exchanged, and bit 30 (`ODD`) says
 * so, so that the next piece again starts on an even byte. Plain 16-bit numbers may be added to a
 * sum only while it is even.
 *
 * The inner loop reads little-endian words and adds low and high halves apart: a ones'-complement
 * sum may be computed in either byte order (RFC 1071 2 (B)), and is exchanged once at the end.
 *
 * @module
 */
import type { Packet } from "../base/packet.ts";
import type { Ipv6Words } from "./ipv6.ts";

const ODD = 1 << 30;
/** At most this many bytes between folds: the two half sums together stay below 2^31. */
const CHUNK_LEN = 1 << 16;

function swap16(v: number): number {
  return ((v & 0xff) << 8) | (v >>> 8);
}

function fold16(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** Folded little-endian sum of `len` <= CHUNK_LEN bytes. */
function sumChunk(dv: DataView, off: number, len: number): number {
  let low = 0;
  let high = 0;
  const end = off + len;
  const endOf16 = off + (len & ~15);
  while (off < endOf16) {
    const a = dv.getInt32(off, true);
    const b = dv.getInt32(off + 4, true);
    const c = dv.getInt32(off + 8, true);
    const d = dv.getInt32(off + 12, true);
    low += (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff);
    high += (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16);
    off += 16;
  }
  while (off + 1 < end) {
    low += dv.getUint16(off, true);
    off += 2;
  }
  if (off < end) low += dv.getUint8(off);
  return fold16(low + high);
}

/** Adds `len` bytes at `off` to the running sum `initial` (0 to start with). */
export function sum(dv: DataView, off: number, len: number, initial: number): number {
  let acc = fold16(initial & ~ODD);
  let left = len;
  while (left > CHUNK_LEN) {
    acc += swap16(sumChunk(dv, off, CHUNK_LEN));
    off += CHUNK_LEN;
    left -= CHUNK_LEN;
  }
  acc += swap16(sumChunk(dv, off, left));
  const wasOdd = initial & ODD;
  if ((len & 1) === 0) return acc | wasOdd;
  return swap16(fold16(acc)) | (wasOdd ^ ODD);
}

/** Folds a running sum to 16 bits, not complemented: what a CSUM_PARTIAL field holds. */
export function fold(runningSum: number): number {
  const folded = fold16(runningSum & ~ODD);
  return (runningSum & ODD) === 0 ? folded : swap16(folded);
}

/** The checksum: the folded sum complemented. Over data with a correct checksum in it, 0. */
export function finish(runningSum: number): number {
  return ~fold(runningSum) & 0xffff;
}

/**
 * Running sum of an IPv4 pseudo-header (RFC 9293 3.1). `len`: of the transport header and payload.
 */
export function pseudoSumV4(src: number, dst: number, protocol: number, len: number): number {
  return (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol +
    (len >>> 16) + (len & 0xffff);
}

/**
 * Running sum of an IPv6 pseudo-header (RFC 8200 8.1). Over v4-mapped words it is equivalent to
 * `pseudoSumV4` of the last words: the words in front sum up to zero in ones' complement.
 */
export function pseudoSumV6(
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  d0: number,
  d1: number,
  d2: number,
  d3: number,
  protocol: number,
  len: number,
): number {
  return (s0 >>> 16) + (s0 & 0xffff) + (s1 >>> 16) + (s1 & 0xffff) +
    (s2 >>> 16) + (s2 & 0xffff) + (s3 >>> 16) + (s3 & 0xffff) +
    (d0 >>> 16) + (d0 & 0xffff) + (d1 >>> 16) + (d1 & 0xffff) +
    (d2 >>> 16) + (d2 & 0xffff) + (d3 >>> 16) + (d3 & 0xffff) +
    protocol + (len >>> 16) + (len & 0xffff);
}

/** Of what goes from `s` to `d`, of either family. */
export function pseudoSum(s: Ipv6Words, d: Ipv6Words, protocol: number, len: number): number {
  return pseudoSumV6(s.w0, s.w1, s.w2, s.w3, d.w0, d.w1, d.w2, d.w3, protocol, len);
}

/** Of the packet that has come in; `len`: of the transport header and payload. */
export function pseudoSumOfPacket(pkt: Packet, protocol: number, len: number): number {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = pkt;
  return pseudoSumV6(src0, src1, src2, src3, dst0, dst1, dst2, dst3, protocol, len);
}

/**
 * One address type for both families. Immutable. Four int32 words in network order; IPv4 a.b.c.d is
 * the v4-mapped ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so tables and comparisons need not ask for the
 * family.
 *
 * @module
 */
import { formatIpv4, formatIpv6, parseIpv4Word, parseIpv6Words } from "./ip_address_text.ts";

const V4_MAPPED_WORD = 0x0000ffff;

/** The top `bits` bits of a word set; any `bits`, clamped to 0..32. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

export class IpAddress {
  private constructor(
    readonly w0: number,
    readonly w1: number,
    readonly w2: number,
    readonly w3: number,
    readonly family: 4 | 6,
  ) {}

  /** From a 32-bit word in host order (sign irrelevant). */
  static v4(word: number): IpAddress {
    return new IpAddress(0, 0, V4_MAPPED_WORD, word | 0, 4);
  }

  static fromWords(w0: number, w1: number, w2: number, w3: number): IpAddress {
    const isV4 = w0 === 0 && w1 === 0 && w2 === V4_MAPPED_WORD;
    return new IpAddress(w0 | 0, w1 | 0, w2 | 0, w3 | 0, isV4 ? 4 : 6);
  }

  /**
   * From text: strict dotted decimal (four parts, no leading zeros), or RFC 4291 2.2 without a
   * zone. "::ffff:1.2.3.4" is the IPv4 address. Returns null for anything else.
   */
  static parse(text: string): IpAddress | null {
    if (!text.includes(":")) {
      const word = parseIpv4Word(text);
      return word === null ? null : IpAddress.v4(word);
    }
    const words = parseIpv6Words(text);
    return words === null ? null : IpAddress.fromWords(words[0], words[1], words[2], words[3]);
  }

  /** Reads 4 (family 4) or 16 (family 6) bytes at `off`. */
  static read(dv: DataView, off: number, family: number): IpAddress {
    if (family === 4) return IpAddress.v4(dv.getInt32(off));
    return IpAddress.fromWords(
      dv.getInt32(off),
      dv.getInt32(off + 4),
      dv.getInt32(off + 8),
      dv.getInt32(off + 12),
    );
  }

  /** Writes 4 or 16 bytes, by family, in network order; returns how many. */
  writeTo(u8: Uint8Array, off: number): number {
    if (this.family === 4) {
      writeWord(u8, off, this.w3);
      return 4;
    }
    writeWord(u8, off, this.w0);
    writeWord(u8, off + 4, this.w1);
    writeWord(u8, off + 8, this.w2);
    writeWord(u8, off + 12, this.w3);
    return 16;
  }

  /** Puts the four words into `words` from index `at` on, as a hash wants them. */
  putWords(words: Int32Array, at: number): void {
    words[at] = this.w0;
    words[at + 1] = this.w1;
    words[at + 2] = this.w2;
    words[at + 3] = this.w3;
  }

  equals(o: IpAddress): boolean {
    return this.w3 === o.w3 && this.w2 === o.w2 && this.w1 === o.w1 && this.w0 === o.w0;
  }

  /** The IPv4 address as an int32 in host order; meaningless for IPv6. */
  toV4Word(): number {
    return this.w3;
  }

  /**
   * The address with all bits beyond the prefix cleared. `prefixLen`: 0..32 or 0..128, by family.
   */
  maskedBy(prefixLen: number): IpAddress {
    const bits = this.family === 4 ? prefixLen + 96 : prefixLen;
    return new IpAddress(
      this.w0 & maskWord(bits),
      this.w1 & maskWord(bits - 32),
      this.w2 & maskWord(bits - 64),
      this.w3 & maskWord(bits - 96),
      this.family,
    );
  }

  /** Whether both have the same family and the same first `prefixLen` bits. */
  sharesPrefix(o: IpAddress, prefixLen: number): boolean {
    if (this.family !== o.family) return false;
    const bits = this.family === 4 ? prefixLen + 96 : prefixLen;
    return ((this.w3 ^ o.w3) & maskWord(bits - 96)) === 0 &&
      ((this.w2 ^ o.w2) & maskWord(bits - 64)) === 0 &&
      ((this.w1 ^ o.w1) & maskWord(bits - 32)) === 0 &&
      ((this.w0 ^ o.w0) & maskWord(bits)) === 0;
  }

  /** 0.0.0.0 or :: */
  get isUnspecified(): boolean {
    return this.w3 === 0 && this.w0 === 0 && this.w1 === 0 &&
      (this.family === 4 || this.w2 === 0);
  }

  /** 127.0.0.0/8 or ::1 */
  get isLoopback(): boolean {
    if (this.family === 4) return this.w3 >>> 24 === 127;
    return this.w3 === 1 && this.w2 === 0 && this.w1 === 0 && this.w0 === 0;
  }

  /** 224.0.0.0/4 or ff00::/8 */
  get isMulticast(): boolean {
    return this.family === 4 ? this.w3 >>> 28 === 14 : this.w0 >>> 24 === 255;
  }

  /** 255.255.255.255; a subnet's broadcast address is the interface's business. */
  get isBroadcast(): boolean {
    return this.family === 4 && this.w3 === -1;
  }

  /** 169.254.0.0/16 or fe80::/10 */
  get isLinkLocal(): boolean {
    return this.family === 4 ? this.w3 >>> 16 === 0xa9fe : isLinkLocal6(this.w0);
  }

  /** An IPv6 address that one host has: no group, nor :: or ::1. */
  get isHost6(): boolean {
    return this.family === 6 && !this.isUnspecified && !this.isMulticast && !this.isLoopback;
  }

  /** Dotted decimal, or RFC 5952. */
  toString(): string {
    return this.family === 4
      ? formatIpv4(this.w3)
      : formatIpv6([this.w0, this.w1, this.w2, this.w3]);
  }
}

/** Whether an IPv6 address that begins with this word is link-local, fe80::/10. */
export function isLinkLocal6(w0: number): boolean {
  return w0 >>> 22 === 0x3fa;
}

function writeWord(u8: Uint8Array, off: number, word: number): void {
  u8[off] = word >>> 24;
  u8[off + 1] = word >>> 16;
  u8[off + 2] = word >>> 8;
  u8[off + 3] = word;
}

export const ANY_V4: IpAddress = IpAddress.v4(0);
export const ANY_V6: IpAddress = IpAddress.fromWords(0, 0, 0, 0);
export const LOOPBACK_V4: IpAddress = IpAddress.v4(0x7f000001);
export const LOOPBACK_V6: IpAddress = IpAddress.fromWords(0, 0, 0, 1);
export const BROADCAST_V4: IpAddress = IpAddress.v4(-1);

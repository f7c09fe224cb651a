/**
 * SipHash-2-4 (Aumasson, Bernstein 2012) on 32-bit halves: a keyed hash whose outputs nobody can
 * predict without the key. For initial sequence numbers (RFC 6528), ports (RFC 6056), SYN and Fast
 * Open cookies. Messages are whole little-endian 32-bit words.
 *
 * @module
 */
export class SipHash {
  /** The upper half of the last hash, int32. */
  high = 0;
  #v0l = 0;
  #v0h = 0;
  #v1l = 0;
  #v1h = 0;
  #v2l = 0;
  #v2h = 0;
  #v3l = 0;
  #v3h = 0;
  readonly #k0l: number;
  readonly #k0h: number;
  readonly #k1l: number;
  readonly #k1h: number;

  /** The 128-bit key as four int32, least significant first. */
  constructor(k0: number, k1: number, k2: number, k3: number) {
    this.#k0l = k0 | 0;
    this.#k0h = k1 | 0;
    this.#k1l = k2 | 0;
    this.#k1h = k3 | 0;
  }

  /** A hash with a random key. */
  static withRandomKey(random: () => number): SipHash {
    return new SipHash(random(), random(), random(), random());
  }

  /** Hashes the first `count` words; returns the lower half, int32 (`high` has the upper). */
  hash(words: Int32Array, count: number): number {
    this.#start();
    let i = 0;
    for (; i + 1 < count; i += 2) this.#absorb(words[i], words[i + 1]);
    const lengthByte = (count << 2) << 24;
    if (i < count) this.#absorb(words[i], lengthByte);
    else this.#absorb(0, lengthByte);
    this.#v2l ^= 0xff;
    this.#rounds(4);
    this.high = this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h;
    return this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l;
  }

  #start(): void {
    this.#v0l = this.#k0l ^ 0x70736575;
    this.#v0h = this.#k0h ^ 0x736f6d65;
    this.#v1l = this.#k1l ^ 0x6e646f6d;
    this.#v1h = this.#k1h ^ 0x646f7261;
    this.#v2l = this.#k0l ^ 0x6e657261;
    this.#v2h = this.#k0h ^ 0x6c796765;
    this.#v3l = this.#k1l ^ 0x79746573;
    this.#v3h = this.#k1h ^ 0x74656462;
  }

  #absorb(low: number, high: number): void {
    this.#v3l ^= low;
    this.#v3h ^= high;
    this.#rounds(2);
    this.#v0l ^= low;
    this.#v0h ^= high;
  }

  #rounds(count: number): void {
    let al = this.#v0l, ah = this.#v0h, bl = this.#v1l, bh = this.#v1h;
    let cl = this.#v2l, ch = this.#v2h, dl = this.#v3l, dh = this.#v3h;
    let l = 0;
    for (let i = 0; i < count; i++) {
      // a += b; b = rotl(b, 13) ^ a; a = rotl(a, 32)
      l = (al + bl) | 0;
      ah = (ah + bh + ((l >>> 0) < (al >>> 0) ? 1 : 0)) | 0;
      al = l;
      l = ((bl << 13) | (bh >>> 19)) ^ al;
      bh = ((bh << 13) | (bl >>> 19)) ^ ah;
      bl = l;
      l = al;
      al = ah;
      ah = l;
      // c += d; d = rotl(d, 16) ^ c
      l = (cl + dl) | 0;
      ch = (ch + dh + ((l >>> 0) < (cl >>> 0) ? 1 : 0)) | 0;
      cl = l;
      l = ((dl << 16) | (dh >>> 16)) ^ cl;
      dh = ((dh << 16) | (dl >>> 16)) ^ ch;
      dl = l;
      // a += d; d = rotl(d, 21) ^ a
      l = (al + dl) | 0;
      ah = (ah + dh + ((l >>> 0) < (al >>> 0) ? 1 : 0)) | 0;
      al = l;
      l = ((dl << 21) | (dh >>> 11)) ^ al;
      dh = ((dh << 21) | (dl >>> 11)) ^ ah;
      dl = l;
      // c += b; b = rotl(b, 17) ^ c; c = rotl(c, 32)
      l = (cl + bl) | 0;
      ch = (ch + bh + ((l >>> 0) < (cl >>> 0) ? 1 : 0)) | 0;
      cl = l;
      l = ((bl << 17) | (bh >>> 15)) ^ cl;
      bh = ((bh << 17) | (bl >>> 15)) ^ ch;
      bl = l;
      l = cl;
      cl = ch;
      ch = l;
    }
    this.#v0l = al;
    this.#v0h = ah;
    this.#v1l = bl;
    this.#v1h = bh;
    this.#v2l = cl;
    this.#v2h = ch;
    this.#v3l = dl;
    this.#v3h = dh;
  }
}

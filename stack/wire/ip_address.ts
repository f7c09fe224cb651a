/**
 * One address type for both families. Immutable. Four int32 words in network order; IPv4 a.b.c.d is the
 * v4-mapped ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so tables and comparisons need not ask for the family.
 *
 * @module
 */

const V4_MAPPED_WORD = 0x0000ffff;

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

  equals(o: IpAddress): boolean {
    return this.w3 === o.w3 && this.w2 === o.w2 && this.w1 === o.w1 && this.w0 === o.w0;
  }
}

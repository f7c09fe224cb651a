/**
 * The identification field of IPv4 headers (RFC 6864): unique per source, destination and protocol
 * for as long as possible, without one counter that others could watch (RFC 7739). A hashed table
 * of counters, each starting at a random place.
 *
 * @module
 */

const TABLE_LEN = 2048;

export class IpIdent {
  readonly #counters = new Uint16Array(TABLE_LEN);
  readonly #secret: number;

  constructor(random: () => number) {
    this.#secret = random() | 1;
    for (let i = 0; i < TABLE_LEN; i++) this.#counters[i] = random();
  }

  /** The first of `count` consecutive identifications. Addresses are int32. */
  take(src: number, dst: number, protocol: number, count: number): number {
    let h = Math.imul(dst ^ this.#secret, 0x9e3779b1);
    h = Math.imul((h ^ (h >>> 15)) + src, 0x85ebca6b);
    h = Math.imul((h ^ (h >>> 13)) + protocol, 0xc2b2ae35);
    const i = (h ^ (h >>> 16)) & (TABLE_LEN - 1);
    const id = this.#counters[i];
    this.#counters[i] = id + count;
    return id;
  }
}

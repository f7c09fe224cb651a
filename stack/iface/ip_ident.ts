/**
 * The identification field of IPv4 headers (RFC 6864): 0 for packets that nobody may fragment (4.1:
 * any value does), for the others unique per source, destination and protocol for as long as
 * possible, without one counter that others could watch (RFC 7739). As Linux's
 * `__ip_select_ident`: a table of counters found by a keyed hash, and each use adds a random part
 * of the time since the last one, so that the numbers do not count the packets to others.
 *
 * @module
 */
import { SipHash } from "../base/siphash.ts";

const TABLE_LEN = 2048;
const US_PER_TICK = 1000;

export class IpIdent {
  readonly #counters = new Uint16Array(TABLE_LEN);
  readonly #usedAtMs = new Float64Array(TABLE_LEN);
  readonly #hash: SipHash;
  readonly #message = new Int32Array(3);
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    this.#hash = SipHash.withRandomKey(random);
    for (let i = 0; i < TABLE_LEN; i++) this.#counters[i] = random();
  }

  /** The first of `count` consecutive identifications. Addresses are int32. */
  take(src: number, dst: number, protocol: number, count: number, nowUs: number): number {
    const message = this.#message;
    message[0] = src;
    message[1] = dst;
    message[2] = protocol;
    const i = this.#hash.hash(message, 3) & (TABLE_LEN - 1);
    const nowMs = Math.floor(nowUs / US_PER_TICK);
    const idleMs = nowMs - this.#usedAtMs[i];
    const noise = idleMs > 0 ? (this.#random() >>> 0) % idleMs : 0;
    this.#usedAtMs[i] = nowMs;
    const id = (this.#counters[i] + noise) & 0xffff;
    this.#counters[i] = id + count;
    return id;
  }
}

/**
 * What a learning switch knows (IEEE 802.1D 7.8, 7.9): behind which port an address was last seen.
 * Bounded, and forgetful: an address that is silent for the ageing time is flooded again.
 *
 * Ports are numbers that the caller gives, times microseconds.
 *
 * @module
 */

/** Filtering database ageing time, default of 802.1D table 7-5. */
export const AGEING_US = 300e6;
/** Addresses in all. A station that makes more up than this only pushes out the oldest. */
export const ADDRESS_MAX = 4096;
/** No port: the address is unknown, flood. */
export const FLOOD = -1;

interface Entry {
  port: number;
  seenUs: number;
}

/** 48 bits of an address at `off` as one number, which a double holds exactly. */
export function macKey(dv: DataView, off: number): number {
  return dv.getUint16(off) * 2 ** 32 + dv.getUint32(off + 2);
}

export function isGroupAddress(dv: DataView, off: number): boolean {
  return (dv.getUint8(off) & 1) !== 0;
}

export class MacTable {
  /** In the order of learning: the first is the oldest. */
  readonly #entries = new Map<number, Entry>();
  readonly #capacity: number;

  constructor(capacity: number = ADDRESS_MAX) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A frame from `key` came in at `port`. Returns whether the address is new there. */
  learn(key: number, port: number, nowUs: number): boolean {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.port === port) {
      entry.seenUs = nowUs;
      return false;
    }
    // Moved, or new: it goes to the end of the order
    this.#entries.delete(key);
    if (this.#entries.size >= this.#capacity) this.#makeRoom();
    this.#entries.set(key, { port, seenUs: nowUs });
    return true;
  }

  /** The port behind which `key` is, or FLOOD. */
  lookUp(key: number, nowUs: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined) return FLOOD;
    if (nowUs - entry.seenUs <= AGEING_US) return entry.port;
    this.#entries.delete(key);
    return FLOOD;
  }

  /** The port has gone. */
  forgetPort(port: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.port === port) this.#entries.delete(key);
    }
  }

  #makeRoom(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

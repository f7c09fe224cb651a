/**
 * Connections by their addresses and ports: an open-addressed table of int32, linear probing,
 * deletion by shifting back (no tombstones, so lookups do not slow down with age), load at most
 * 3/4.
 *
 * The hash is keyed by a secret seed, so that nobody outside can choose colliding connections.
 *
 *   slot = [value + 1 (0: empty), hash, ports, remote3, local3, remote0..2, local0..2, zone]
 *
 * `zone` is the link of a remote address that is one link's only, else 0: the same address on two
 * links is two hosts (RFC 4007 6). It is compared, not hashed: there are few links.
 *
 * @module
 */

const SLOT_WORDS = 12;
const VALUE = 0;
const HASH = 1;
const PORTS = 2;
const REMOTE3 = 3;
const LOCAL3 = 4;
const REMOTE0 = 5;
const LOCAL0 = 8;
const ZONE = 11;

/** The ports of a connection as one int32. */
export function portsWord(localPort: number, remotePort: number): number {
  return (localPort << 16) | remotePort;
}

function mix(h: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Every bit of the result depends on every bit of `h`. */
function finalize(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * A keyed hash of a remote end (the last word of its address) and the ports, 0..2^32-1, by which
 * sockets with SO_REUSEPORT share the flows.
 */
export function shareHash(seed: number, remote3: number, ports: number): number {
  return finalize(mix(mix(seed, remote3), ports)) >>> 0;
}

/** Values are integers >= 0 (an index of the caller's); -1 means "none". Words are int32. */
export class FlowTable {
  #slots: Int32Array;
  #mask: number;
  #count = 0;
  readonly #seed: number;

  /** `seed`: random int32. `capacity`: entries to make room for; the table grows as needed. */
  constructor(seed: number, capacity = 48) {
    let slotCount = 16;
    while (slotCount * 3 < capacity * 4) slotCount *= 2;
    this.#seed = seed | 0;
    this.#slots = new Int32Array(slotCount * SLOT_WORDS);
    this.#mask = slotCount - 1;
  }

  get count(): number {
    return this.#count;
  }

  /** The value of a key, or -1. */
  get(
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    ports: number,
    zone = 0,
  ): number {
    const hash = this.#hash(l0, l1, l2, l3, r0, r1, r2, r3, ports);
    const at = this.#find(hash, l0, l1, l2, l3, r0, r1, r2, r3, ports, zone);
    return this.#slots[at] - 1;
  }

  /** Enters or replaces a value; returns the one before, or -1. */
  set(
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    ports: number,
    value: number,
    zone = 0,
  ): number {
    if ((this.#count + 1) * 4 > (this.#mask + 1) * 3) this.#grow();
    const hash = this.#hash(l0, l1, l2, l3, r0, r1, r2, r3, ports);
    const at = this.#find(hash, l0, l1, l2, l3, r0, r1, r2, r3, ports, zone);
    const slots = this.#slots;
    const before = slots[at + VALUE] - 1;
    slots[at + VALUE] = value + 1;
    if (before >= 0) return before;
    slots[at + HASH] = hash;
    slots[at + PORTS] = ports;
    slots[at + REMOTE3] = r3;
    slots[at + LOCAL3] = l3;
    slots[at + REMOTE0] = r0;
    slots[at + REMOTE0 + 1] = r1;
    slots[at + REMOTE0 + 2] = r2;
    slots[at + LOCAL0] = l0;
    slots[at + LOCAL0 + 1] = l1;
    slots[at + LOCAL0 + 2] = l2;
    slots[at + ZONE] = zone;
    this.#count++;
    return -1;
  }

  /** Removes a key; returns its value, or -1. */
  delete(
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    ports: number,
    zone = 0,
  ): number {
    const hash = this.#hash(l0, l1, l2, l3, r0, r1, r2, r3, ports);
    const at = this.#find(hash, l0, l1, l2, l3, r0, r1, r2, r3, ports, zone);
    const value = this.#slots[at] - 1;
    if (value >= 0) {
      this.#count--;
      this.#closeGap(at / SLOT_WORDS);
    }
    return value;
  }

  #hash(
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    ports: number,
  ): number {
    let h = mix(mix(mix(this.#seed, r3), ports), l3);
    // Not v4-mapped: the upper words tell connections apart too.
    if ((r0 | r1 | l0 | l1) !== 0) {
      h = mix(mix(mix(mix(mix(mix(h, r0), r1), r2), l0), l1), l2);
    }
    return finalize(h);
  }

  /** Word index of the key's slot, or of the empty slot where it belongs. */
  #find(
    hash: number,
    l0: number,
    l1: number,
    l2: number,
    l3: number,
    r0: number,
    r1: number,
    r2: number,
    r3: number,
    ports: number,
    zone: number,
  ): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let i = hash & mask;
    for (;;) {
      const at = i * SLOT_WORDS;
      if (slots[at] === 0) return at;
      if (
        slots[at + HASH] === hash && slots[at + PORTS] === ports &&
        slots[at + REMOTE3] === r3 && slots[at + LOCAL3] === l3 &&
        slots[at + REMOTE0] === r0 && slots[at + REMOTE0 + 1] === r1 &&
        slots[at + REMOTE0 + 2] === r2 && slots[at + LOCAL0] === l0 &&
        slots[at + LOCAL0 + 1] === l1 && slots[at + LOCAL0 + 2] === l2 &&
        slots[at + ZONE] === zone
      ) return at;
      i = (i + 1) & mask;
    }
  }

  /** Empties slot `gap`, moving back what was pushed beyond it. */
  #closeGap(gap: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let i = gap;
    for (;;) {
      i = (i + 1) & mask;
      const at = i * SLOT_WORDS;
      if (slots[at] === 0) break;
      const home = slots[at + HASH] & mask;
      // It may move if its home is not in (gap, i], cyclically.
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      slots.copyWithin(gap * SLOT_WORDS, at, at + SLOT_WORDS);
      gap = i;
    }
    slots[gap * SLOT_WORDS] = 0;
  }

  #grow(): void {
    const old = this.#slots;
    const mask = this.#mask * 2 + 1;
    const slots = new Int32Array((mask + 1) * SLOT_WORDS);
    for (let from = 0; from < old.length; from += SLOT_WORDS) {
      if (old[from] === 0) continue;
      let i = old[from + HASH] & mask;
      while (slots[i * SLOT_WORDS] !== 0) i = (i + 1) & mask;
      for (let w = 0; w < SLOT_WORDS; w++) slots[i * SLOT_WORDS + w] = old[from + w];
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/**
 * Seeded random numbers for tests: the same seed gives the same run on every machine.
 * The generator is sfc32 (public domain, C. Doty-Humphrey), warmed up from one 32-bit seed.
 *
 * @module
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(readonly seed: number) {
    this.#a = seed | 0;
    this.#b = Math.imul(seed, 0x9e3779b1) | 0;
    this.#c = 0x2545f491;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Uniform 32 bits, as int32: what the stack takes as its `random`. */
  next(): number {
    const out = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + out | 0;
    return out;
  }

  /** Uniform in [0, 1). */
  float(): number {
    return (this.next() >>> 0) / 0x1_0000_0000;
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.float() * n);
  }

  /** Uniform integer in [lo, hi]. */
  between(lo: number, hi: number): number {
    return lo + this.below(hi - lo + 1);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** Log-uniform integer in [lo, hi]: small and large values equally likely by magnitude. */
  magnitude(lo: number, hi: number): number {
    return Math.min(hi, Math.round(lo * Math.pow(hi / lo, this.float())));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** An independent generator, so that one consumer's draws do not shift another's. */
  fork(): Prng {
    return new Prng(this.next());
  }
}

/**
 * What is known for a time, of others who may know more than we want to: at most so much of it.
 *
 * @module
 */

interface Entry<T> {
  readonly value: T;
  expiresAtUs: number;
}

export class ExpiringList<T> {
  #entries: Entry<T>[] = [];

  constructor(readonly max: number, readonly isSame: (a: T, b: T) => boolean) {}

  get values(): T[] {
    return this.#entries.map(({ value }) => value);
  }

  /** `value` is known until then; a time that is over: no more. */
  set(value: T, expiresAtUs: number, nowUs: number): void {
    const known = this.#entries.find((entry) => this.isSame(entry.value, value));
    if (known !== undefined) known.expiresAtUs = expiresAtUs;
    else if (this.#entries.length < this.max) this.#entries.push({ value, expiresAtUs });
    this.expire(nowUs);
  }

  clear(): void {
    this.#entries = [];
  }

  expire(nowUs: number): void {
    this.#entries = this.#entries.filter(({ expiresAtUs }) => expiresAtUs > nowUs);
  }

  /** When the next of it ends; Infinity: never. */
  get expiresAtUs(): number {
    return this.#entries.reduce((atUs, entry) => Math.min(atUs, entry.expiresAtUs), Infinity);
  }
}

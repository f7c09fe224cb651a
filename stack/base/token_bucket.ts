/**
 * A rate limit: `burst` at once, then `ratePerSecond` on the average.
 *
 * @module
 */
export class TokenBucket {
  #tokens: number;
  #filledAtUs = 0;

  constructor(readonly ratePerSecond: number, readonly burst: number) {
    this.#tokens = burst;
  }

  /**
   * True when there is a token; `cost` of them are taken then, or as many as there are. `nowUs`
   * does not go backwards.
   */
  take(nowUs: number, cost = 1): boolean {
    if (nowUs > this.#filledAtUs) {
      const gained = (nowUs - this.#filledAtUs) * this.ratePerSecond / 1e6;
      this.#tokens = Math.min(this.burst, this.#tokens + gained);
      this.#filledAtUs = nowUs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens = Math.max(0, this.#tokens - cost);
    return true;
  }
}

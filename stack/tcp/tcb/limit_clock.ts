/**
 * What keeps a sender from being faster, and for how long: the times of TCP_INFO (Linux
 * tcp_chrono_start). Times are microseconds.
 *
 * @module
 */

/** What the sender is waiting for. */
export enum Limit {
  /** Nothing: there is nothing to send, and nothing in flight. */
  IDLE = 0,
  /** The network: data is in flight, or waits for the congestion window. */
  NETWORK = 1,
  /** The peer's window. */
  WINDOW = 2,
  /** The program, which would have written more if the send buffer were larger. */
  BUFFER = 3,
}

export class LimitClock {
  limit = Limit.IDLE;
  #sinceUs = 0;
  // Fields, not an array: there is one clock for each connection.
  #networkUs = 0;
  #windowUs = 0;
  #bufferUs = 0;

  /** From now on it is `limit`. */
  set(limit: Limit, nowUs: number): void {
    if (limit === this.limit) return;
    const us = nowUs - this.#sinceUs;
    if (this.limit === Limit.NETWORK) this.#networkUs += us;
    else if (this.limit === Limit.WINDOW) this.#windowUs += us;
    else if (this.limit === Limit.BUFFER) this.#bufferUs += us;
    this.limit = limit;
    this.#sinceUs = nowUs;
  }

  /** How long the peer's window has kept it back, all in all. */
  windowUs(nowUs: number): number {
    return this.#windowUs + (this.limit === Limit.WINDOW ? nowUs - this.#sinceUs : 0);
  }

  /** How long its own send buffer has. */
  bufferUs(nowUs: number): number {
    return this.#bufferUs + (this.limit === Limit.BUFFER ? nowUs - this.#sinceUs : 0);
  }

  /** How long there was anything to do. */
  busyUs(nowUs: number): number {
    const now = this.limit === Limit.IDLE ? 0 : nowUs - this.#sinceUs;
    return this.#networkUs + this.#windowUs + this.#bufferUs + now;
  }
}

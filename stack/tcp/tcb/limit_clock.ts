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
  readonly #us: [number, number, number, number] = [0, 0, 0, 0];

  /** From now on it is `limit`. */
  set(limit: Limit, nowUs: number): void {
    if (limit === this.limit) return;
    this.#us[this.limit] = this.timeUs(this.limit, nowUs);
    this.limit = limit;
    this.#sinceUs = nowUs;
  }

  /** How long it has been `limit`, all in all. */
  timeUs(limit: Limit, nowUs: number): number {
    return this.#us[limit] + (limit === this.limit ? nowUs - this.#sinceUs : 0);
  }

  /** How long there was anything to do. */
  busyUs(nowUs: number): number {
    return this.timeUs(Limit.NETWORK, nowUs) + this.timeUs(Limit.WINDOW, nowUs) +
      this.timeUs(Limit.BUFFER, nowUs);
  }
}

/**
 * Round-trip time and the retransmission timeout: RFC 6298, in microseconds, with Linux's minimum
 * of 200 ms put on the variance term (so that RTO >= SRTT + minimum) instead of on the sum.
 *
 * @module
 */

/** The window of the minimum filter: 5 minutes, as tcp_min_rtt_wlen. */
const MIN_RTT_WINDOW_US = 300_000_000;

export class RttEstimator {
  /** -1 until the first sample. */
  srttUs = -1;
  rttvarUs = 0;
  rtoUs: number;
  /** Smallest RTT seen within the last minutes; -1: none. */
  minRttUs = -1;
  #minRttAtUs = 0;

  constructor(rtoInitUs: number, public rtoMinUs: number, public rtoMaxUs: number) {
    this.rtoUs = rtoInitUs;
  }

  /**
   * Takes a sample R' (RFC 6298 (2.2), (2.3)). `latestUs`: the same without what the receiver
   * waited for before it answered, which is for the minimum.
   */
  sample(rttUs: number, nowUs: number, latestUs = rttUs): void {
    const r = Math.max(1, rttUs);
    if (this.srttUs < 0) {
      this.srttUs = r;
      this.rttvarUs = r / 2;
    } else {
      this.rttvarUs += (Math.abs(this.srttUs - r) - this.rttvarUs) / 4;
      this.srttUs += (r - this.srttUs) / 8;
    }
    this.rtoUs = this.#bounded();
    const least = Math.max(1, latestUs);
    const isExpired = nowUs - this.#minRttAtUs > MIN_RTT_WINDOW_US;
    if (this.minRttUs < 0 || least <= this.minRttUs || isExpired) {
      this.minRttUs = least;
      this.#minRttAtUs = nowUs;
    }
  }

  /** RFC 6298 (5.5): back off the timer. */
  backOff(): void {
    this.rtoUs = Math.min(this.rtoUs * 2, this.rtoMaxUs);
  }

  /** The timeout that the estimate gives, without back-off; `initUs` when there is no estimate. */
  baseRtoUs(initUs: number): number {
    return this.srttUs < 0 ? initUs : this.#bounded();
  }

  #bounded(): number {
    const rtoUs = this.srttUs + Math.max(this.rtoMinUs, 4 * this.rttvarUs);
    return Math.min(rtoUs, this.rtoMaxUs);
  }
}

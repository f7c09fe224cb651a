/**
 * What a host knows of the querier on a link: its version, and what it has told of its timing (RFC
 * 9776 7.2.1, 8; RFC 2236 4). As Linux's, which counts the time of an old version from the
 * intervals of the latest one.
 *
 * @module
 */
import type { IgmpHeader } from "../wire/igmp.ts";
import type { IgmpConfig } from "./config.ts";

const DEFAULT_INTERVAL_US = 125e6;
const RESPONSE_INTERVAL_US = 10e6;
const TENTH_US = 1e5;
/** Between two reports of one change (RFC 9776 8.11, RFC 2236 8.10). */
const V3_REPORT_INTERVAL_US = 1e6;
const V2_REPORT_INTERVAL_US = 10e6;

export class Querier {
  robustness: number;
  #intervalUs = DEFAULT_INTERVAL_US;
  /** Until when one of that version counts as present. */
  #v1UntilUs = 0;
  #v2UntilUs = 0;

  constructor(readonly config: IgmpConfig) {
    this.robustness = config.robustness;
  }

  /** The version that a host is to speak. */
  version(nowUs: number): number {
    const { forceVersion } = this.config;
    if (forceVersion === 1 || nowUs < this.#v1UntilUs) return 1;
    return forceVersion === 2 || nowUs < this.#v2UntilUs ? 2 : 3;
  }

  /** Takes in what a query says; whether the version spoken is another from now on. */
  hear(query: IgmpHeader, nowUs: number): boolean {
    const before = this.version(nowUs);
    const presentUs = nowUs + this.robustness * this.#intervalUs + RESPONSE_INTERVAL_US;
    if (query.version === 1) this.#v1UntilUs = presentUs;
    else if (query.version === 2) this.#v2UntilUs = presentUs;
    else if (before === 3) {
      this.robustness = query.robustness || this.config.robustness;
      this.#intervalUs = query.intervalSec * 1e6 || DEFAULT_INTERVAL_US;
    }
    return this.version(nowUs) !== before;
  }

  /** The most that an answer to this query may wait; never 0, so that a flood is answered once. */
  maxDelayUs(query: IgmpHeader, nowUs: number): number {
    if (query.version === 1 || this.version(nowUs) === 1) return RESPONSE_INTERVAL_US;
    return Math.max(query.maxRespTenths, 1) * TENTH_US;
  }

  /** Between the reports of one change, at most. */
  reportIntervalUs(nowUs: number): number {
    return this.version(nowUs) === 3 ? V3_REPORT_INTERVAL_US : V2_REPORT_INTERVAL_US;
  }
}

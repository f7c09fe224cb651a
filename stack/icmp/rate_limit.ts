/**
 * Limits on the ICMP errors we send (RFC 1812 4.3.2.8, RFC 1122 3.2.2): over all, and for each
 * destination, as Linux has them. Errors to ourselves are not limited: the caller does not ask.
 *
 * What an error costs of the common limit is random, one on the average: who provokes errors to
 * others and then counts those to himself would else learn which of our ports are open
 * (CVE-2020-25705, "SAD DNS").
 *
 * @module
 */
import type { IcmpCounters } from "../base/counters.ts";
import { HostBuckets } from "../base/host_buckets.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import type { IcmpConfig } from "./config.ts";

/** Tokens that an error costs: 0, 1 or 2. */
const COSTS = 3;

export class IcmpRateLimit {
  readonly #all: TokenBucket;
  /** By the destination's int32 address. */
  readonly #hosts: HostBuckets;

  /** `random`: uniform int32. */
  constructor(
    readonly config: IcmpConfig,
    readonly counters: IcmpCounters,
    readonly random: () => number,
  ) {
    this.#all = new TokenBucket(config.errorsPerSecond, config.errorBurst);
    this.#hosts = new HostBuckets(config.hostErrorsPerSecond, config.hostErrorBurst);
  }

  /** Whether one more error may be sent to `dst` (int32 address) now. */
  allow(dst: number, nowUs: number): boolean {
    if (!this.#hosts.take(dst, nowUs)) {
      this.counters.outRateLimitHost++;
      return false;
    }
    if (!this.#all.take(nowUs, (this.random() >>> 0) % COSTS)) {
      this.counters.outRateLimitGlobal++;
      return false;
    }
    return true;
  }
}

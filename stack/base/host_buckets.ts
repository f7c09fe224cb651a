/**
 * A rate limit for each of many hosts; a bounded number of them is remembered.
 *
 * @module
 */
import { TokenBucket } from "./token_bucket.ts";

/** Who limits by host remembers so many; beyond, the one that was met first is forgotten. */
export const HOSTS_MAX = 1024;

export class HostBuckets {
  /** By an int32 that stands for the host, in order of first use. */
  readonly #buckets = new Map<number, TokenBucket>();

  constructor(readonly ratePerSecond: number, readonly burst: number) {}

  /** Whether `host` has a token left; it has one less then. */
  take(host: number, nowUs: number): boolean {
    return (this.#buckets.get(host) ?? this.#add(host)).take(nowUs);
  }

  #add(host: number): TokenBucket {
    if (this.#buckets.size >= HOSTS_MAX) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    const bucket = new TokenBucket(this.ratePerSecond, this.burst);
    this.#buckets.set(host, bucket);
    return bucket;
  }
}

/**
 * What ICMP has told us about path MTUs (RFC 1191): one number a destination, forgotten after ten
 * minutes so that a longer path MTU is found again (RFC 1191 6.3).
 *
 * Every entry lives equally long, so the Map's order of insertion is the order of expiry.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";

/** More destinations than this push out the oldest. */
const MAX_ENTRIES = 4096;

interface PathMtu {
  readonly mtu: number;
  readonly expiresAtUs: number;
}

export class PathMtuStore {
  readonly #byDst = new Map<string, PathMtu>();

  constructor(readonly minMtu: number, readonly expiryUs: number) {}

  /** The known path MTU of `dst`, or 0. */
  get(dst: IpAddress): number {
    if (this.#byDst.size === 0) return 0;
    return this.#byDst.get(dst.toString())?.mtu ?? 0;
  }

  /**
   * Notes an MTU below `currentMtu`, which is what we use towards `dst`. Returns the MTU to use
   * now: never below `minMtu`, unless the interface's own is.
   */
  lower(dst: IpAddress, mtu: number, currentMtu: number, nowUs: number): number {
    const bounded = Math.min(currentMtu, Math.max(mtu, this.minMtu));
    const key = dst.toString();
    this.#byDst.delete(key);
    this.#byDst.set(key, { mtu: bounded, expiresAtUs: nowUs + this.expiryUs });
    if (this.#byDst.size > MAX_ENTRIES) {
      for (const oldest of this.#byDst.keys()) {
        this.#byDst.delete(oldest);
        break;
      }
    }
    return bounded;
  }

  pollAtUs(): number {
    for (const entry of this.#byDst.values()) return entry.expiresAtUs;
    return Infinity;
  }

  /** Forgets what has expired; true when anything was. */
  poll(nowUs: number): boolean {
    let changed = false;
    for (const [key, entry] of this.#byDst) {
      if (entry.expiresAtUs > nowUs) break;
      this.#byDst.delete(key);
      changed = true;
    }
    return changed;
  }
}

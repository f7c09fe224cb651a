/**
 * What routers have told us of better first hops (RFC 1122 3.2.2.2, 3.3.1.2), for single hosts: a
 * destination, the gateway that was in use, and the one to use instead. Forgotten after five
 * minutes (Linux's route/gc_timeout), when the new gateway does not answer, and of no use once the
 * routing table says another gateway than the one that it was said of.
 *
 * Every entry lives equally long, so the Map's order of insertion is the order of expiry.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";

/** More destinations than this push out the oldest. */
const ENTRIES_MAX = 4096;

interface Redirect {
  /** The routing table's. */
  readonly instead: IpAddress;
  readonly gateway: IpAddress;
  readonly ifIndex: number;
  readonly expiresAtUs: number;
}

export class Redirects {
  /** By the destination: its int32 address, of IPv6 its text. */
  readonly #byDst = new Map<number | string, Redirect>();

  constructor(readonly expiryUs: number) {}

  get count(): number {
    return this.#byDst.size;
  }

  /** The gateway to `dst` where the table says `gateway`, by that interface: mostly `gateway`. */
  replace(dst: IpAddress, gateway: IpAddress, ifIndex: number): IpAddress {
    if (this.#byDst.size === 0) return gateway;
    const found = this.#byDst.get(keyOf(dst));
    const isMeant = found?.ifIndex === ifIndex && found.instead.equals(gateway);
    return isMeant ? found.gateway : gateway;
  }

  add(
    dst: IpAddress,
    instead: IpAddress,
    gateway: IpAddress,
    ifIndex: number,
    nowUs: number,
  ): void {
    const key = keyOf(dst);
    this.#byDst.delete(key);
    this.#byDst.set(key, { instead, gateway, ifIndex, expiresAtUs: nowUs + this.expiryUs });
    if (this.#byDst.size <= ENTRIES_MAX) return;
    for (const oldest of this.#byDst.keys()) {
      this.#byDst.delete(oldest);
      return;
    }
  }

  /** `gateway` does not answer: what was to go by it goes as before. True when anything was. */
  forget(gateway: IpAddress, ifIndex: number): boolean {
    const before = this.#byDst.size;
    for (const [dst, entry] of this.#byDst) {
      if (entry.ifIndex === ifIndex && entry.gateway.equals(gateway)) this.#byDst.delete(dst);
    }
    return this.#byDst.size !== before;
  }

  pollAtUs(): number {
    for (const { expiresAtUs } of this.#byDst.values()) return expiresAtUs;
    return Infinity;
  }

  /** Forgets what has expired; true when anything was. */
  poll(nowUs: number): boolean {
    const before = this.#byDst.size;
    for (const [dst, { expiresAtUs }] of this.#byDst) {
      if (expiresAtUs > nowUs) break;
      this.#byDst.delete(dst);
    }
    return this.#byDst.size !== before;
  }
}

function keyOf(dst: IpAddress): number | string {
  return dst.family === 4 ? dst.w3 : dst.toString();
}

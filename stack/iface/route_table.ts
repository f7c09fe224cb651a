/**
 * The routing table: which networks are reached by which interface and gateway. What a socket holds
 * of a look-up is a CachedRoute (cached_route.ts), found and kept by the Router (router.ts).
 *
 * A lookup goes by the longest prefix, then the lowest metric, then the order of insertion. Every
 * change of routes, addresses or path MTUs raises `generation`: cached routes of an older
 * generation are not `valid` any more and their holders ask again (RFC 1122 3.3.1.2 is about the
 * same cache).
 *
 * @module
 */
import { EEXIST, ESRCH } from "../base/errno.ts";
import type { IpAddress } from "../base/ip_address.ts";

export interface RouteEntry {
  /** Network address, host bits zero. */
  readonly dst: IpAddress;
  readonly prefixLen: number;
  /** null: on-link. */
  readonly gateway: IpAddress | null;
  readonly ifIndex: number;
  readonly metric: number;
}

export class RouteTable {
  /** Raised by every change that can move traffic. */
  generation = 1;
  readonly #entries: RouteEntry[] = [];

  get entries(): readonly RouteEntry[] {
    return this.#entries;
  }

  /** Cached routes turn invalid. */
  invalidate(): void {
    this.generation++;
  }

  /** Returns 0 or -EEXIST (same destination, metric, gateway and interface). */
  add(entry: RouteEntry): number {
    if (this.#indexOf(entry) >= 0) return -EEXIST;
    let at = 0;
    while (at < this.#entries.length && !comesBefore(entry, this.#entries[at])) at++;
    this.#entries.splice(at, 0, entry);
    this.invalidate();
    return 0;
  }

  /** Returns 0 or -ESRCH. */
  remove(entry: RouteEntry): number {
    const at = this.#indexOf(entry);
    if (at < 0) return -ESRCH;
    this.#entries.splice(at, 1);
    this.invalidate();
    return 0;
  }

  /**
   * The best entry for `dst`, out of interface `ifIndex` (0: any); null when there is none. One
   * whose gateway does not answer (`isSilent`) is only taken when there is no other (RFC 4861
   * 6.3.6, RFC 4191 3.2).
   */
  lookup(
    dst: IpAddress,
    ifIndex: number,
    isSilent: ((gateway: IpAddress, ifIndex: number) => boolean) | null = null,
  ): RouteEntry | null {
    let silent: RouteEntry | null = null;
    for (const entry of this.#entries) {
      if (ifIndex !== 0 && entry.ifIndex !== ifIndex) continue;
      if (!entry.dst.sharesPrefix(dst, entry.prefixLen)) continue;
      const { gateway } = entry;
      if (gateway === null || isSilent === null || !isSilent(gateway, entry.ifIndex)) return entry;
      silent ??= entry;
    }
    return silent;
  }

  #indexOf(wanted: RouteEntry): number {
    return this.#entries.findIndex((e) =>
      e.dst.equals(wanted.dst) && e.prefixLen === wanted.prefixLen &&
      e.metric === wanted.metric && e.ifIndex === wanted.ifIndex &&
      (e.gateway === null) === (wanted.gateway === null) &&
      (e.gateway === null || wanted.gateway === null || e.gateway.equals(wanted.gateway))
    );
  }
}

function comesBefore(a: RouteEntry, b: RouteEntry): boolean {
  if (a.prefixLen !== b.prefixLen) return a.prefixLen > b.prefixLen;
  return a.metric < b.metric;
}

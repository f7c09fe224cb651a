/**
 * The interfaces of a stack and the addresses that are ours.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import type { Interface } from "./interface.ts";

export class InterfaceTable {
  readonly all: Interface[] = [];
  /** Our IPv4 addresses, and who has them. */
  readonly #ownerByWord = new Map<number, Interface>();
  /** Broadcast addresses of our subnets, mostly one: faster to walk than a set. */
  #broadcasts: readonly number[] = [];
  /** Our IPv6 addresses: a few. */
  #owned6: readonly { readonly addr: IpAddress; readonly iface: Interface }[] = [];

  /**
   * As a router every network's first address is ours as well, with the other routers there
   * (RFC 4291 2.6.1).
   */
  isRouter6 = false;
  #anycast6: readonly { readonly addr: IpAddress; readonly iface: Interface }[] = [];

  byIndex(index: number): Interface | null {
    return this.all[index - 1] ?? null;
  }

  /** null: there is none, or it is down. */
  upByIndex(index: number): Interface | null {
    const iface = this.byIndex(index);
    return iface !== null && iface.isUp ? iface : null;
  }

  byName(name: string): Interface | null {
    return this.all.find((iface) => iface.name === name) ?? null;
  }

  /** To be called when addresses were added or removed. */
  refresh(): void {
    this.#ownerByWord.clear();
    for (const iface of this.all) {
      for (const { addr } of iface.addresses) {
        if (addr.family === 4) this.#ownerByWord.set(addr.w3, iface);
      }
    }
    this.#owned6 = this.all.flatMap((iface) =>
      iface.addresses.filter(({ addr }) => addr.family === 6).map(({ addr }) => ({ addr, iface }))
    );
    this.#anycast6 = this.isRouter6 ? this.all.flatMap(anycastOf) : [];
    const addresses = this.all.flatMap((iface) => iface.addresses);
    this.#broadcasts = addresses.flatMap(({ broadcast }) =>
      broadcast === null ? [] : [broadcast.w3]
    );
  }

  /**
   * The interface that has this int32 IPv4 address, loopback's whole network included; else null.
   */
  ownerOfV4(word: number): Interface | null {
    if (word >>> 24 === 127) return this.all[0];
    return this.#ownerByWord.get(word) ?? null;
  }

  /** Whether this int32 IPv4 address means everybody on one of our subnets. */
  isBroadcastV4(word: number): boolean {
    const broadcasts = this.#broadcasts;
    for (let i = 0; i < broadcasts.length; i++) if (broadcasts[i] === word) return true;
    return false;
  }

  /** The interface that has the IPv6 address of these words; else null. */
  ownerOfV6(w0: number, w1: number, w2: number, w3: number): Interface | null {
    const owned = this.#owned6;
    for (let i = 0; i < owned.length; i++) {
      const { addr, iface } = owned[i];
      if (addr.w3 === w3 && addr.w2 === w2 && addr.w1 === w1 && addr.w0 === w0) return iface;
    }
    return null;
  }

  /**
   * Whether the IPv6 address of these words is an anycast address of ours that a packet on `iface`
   * may be for.
   */
  isAnycast6(iface: Interface, w0: number, w1: number, w2: number, w3: number): boolean {
    const anycast = this.#anycast6;
    for (let i = 0; i < anycast.length; i++) {
      const { addr, iface: owner } = anycast[i];
      if (addr.w3 !== w3 || addr.w2 !== w2 || addr.w1 !== w1 || addr.w0 !== w0) continue;
      if (owner === iface || !addr.isLinkLocal) return true;
    }
    return false;
  }

  isAnycast(iface: Interface, { w0, w1, w2, w3 }: IpAddress): boolean {
    return this.isAnycast6(iface, w0, w1, w2, w3);
  }

  ownerOf(addr: IpAddress): Interface | null {
    if (addr.family === 4) return this.ownerOfV4(addr.w3);
    return this.ownerOfV6(addr.w0, addr.w1, addr.w2, addr.w3);
  }
}

/** Two routers at the ends of a line have no network between them (RFC 6164). */
const LINE_PREFIX_LEN = 127;

/** The subnet-router anycast address that goes with an address of a router's; null: none does. */
export function subnetRouterAnycast(addr: IpAddress, prefixLen: number): IpAddress | null {
  if (addr.family !== 6 || addr.isLoopback || prefixLen >= LINE_PREFIX_LEN) return null;
  return addr.maskedBy(prefixLen);
}

function anycastOf(iface: Interface): { addr: IpAddress; iface: Interface }[] {
  return iface.addresses.flatMap(({ addr, prefixLen }) => {
    const anycast = subnetRouterAnycast(addr, prefixLen);
    return anycast === null ? [] : [{ addr: anycast, iface }];
  });
}

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

  byIndex(index: number): Interface | null {
    return this.all[index - 1] ?? null;
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

  ownerOf(addr: IpAddress): Interface | null {
    if (addr.family === 4) return this.ownerOfV4(addr.w3);
    return this.ownerOfV6(addr.w0, addr.w1, addr.w2, addr.w3);
  }
}

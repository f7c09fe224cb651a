/**
 * What a socket needs of the stack that it belongs to.
 *
 * @module
 */
import type { AddressNumbers } from "../base/address_numbers.ts";
import type { Counters } from "../base/counters.ts";
import type { SourceFilter } from "../base/group_membership.ts";
import type { Memory } from "../base/memory.ts";
import type { Network } from "../base/network.ts";
import type { SocketConfig } from "./config.ts";
import type { ReadyList } from "./ready_list.ts";
import type { InterfaceNames } from "./option_host.ts";

/** Interfaces, as far as sockets care. */
export interface SocketInterfaces extends InterfaceNames {
  /** A socket's filter for a group (its number) is another; null: it is no member. */
  changeFilter(
    ifIndex: number,
    group: number,
    before: SourceFilter | null,
    after: SourceFilter | null,
  ): void;
}

/** How far CLOCK_REALTIME is ahead of the stack's clock; may be corrected at any time. */
export interface RealtimeClock {
  offsetUs: number;
}

export interface SocketEnv {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly config: SocketConfig;
  readonly defaultTtl: number;
  readonly interfaces: SocketInterfaces;
  /** Of groups and sources of IPv6. */
  readonly numbers: AddressNumbers;
  readonly ready: ReadyList;
  readonly clock: RealtimeClock;
}

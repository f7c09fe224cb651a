/**
 * What a socket needs of the stack that it belongs to.
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import type { Network } from "../base/network.ts";
import type { SocketConfig } from "./config.ts";
import type { ReadyList } from "./ready_list.ts";
import type { InterfaceNames } from "./option_host.ts";

/** Interfaces, as far as sockets care. */
export interface SocketInterfaces extends InterfaceNames {
  /** Groups are int32 addresses; members are counted. */
  joinGroup(ifIndex: number, group: number): void;
  leaveGroup(ifIndex: number, group: number): void;
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
  readonly ready: ReadyList;
  readonly clock: RealtimeClock;
}

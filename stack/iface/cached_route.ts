/**
 * A route as a socket holds it: where the packets of one destination go, until something changes
 * (route_table.ts, `generation`).
 *
 * @module
 */
import type { TxFrames } from "../base/frames.ts";
import type { IpAddress } from "../base/ip_address.ts";
import type { Route } from "../base/network.ts";
import type { Interface } from "./interface.ts";
import type { Neighbour } from "./neighbour.ts";
import type { RouteTable } from "./route_table.ts";

/** Destinations whose routes a forwarder has at hand; a power of two. */
export const RECENT_ROUTES = 64;
/** How a packet on a route leaves. */
export const VIA_NEIGHBOUR = 0; // to the MAC that ARP or neighbour discovery finds
export const VIA_GROUP = 1; // to a broadcast or multicast MAC
export const VIA_LOOPBACK = 2;

export class CachedRoute implements Route {
  mtu: number;
  readonly tx: TxFrames;
  readonly ifIndex: number;
  readonly csumOffload = true;
  readonly isLoopback: boolean;
  /** The next hop's entry; null but for VIA_NEIGHBOUR. Replaced when it was evicted. */
  neighbour: Neighbour | null = null;
  /** Destination MAC for VIA_GROUP. */
  groupHi = 0;
  groupLo = 0;
  isBroadcast = false;
  isMulticast = false;
  readonly viaGateway: boolean;
  /** Broadcasts and multicasts: a copy comes back to our own sockets. */
  loopsBack = false;
  readonly isV6: boolean;
  /** IPv6: what its packets' flow labels are made of. */
  flowSeed = 0;
  readonly #generation: number;

  constructor(
    readonly table: RouteTable,
    readonly iface: Interface,
    readonly src: IpAddress,
    readonly dst: IpAddress,
    readonly nextHop: IpAddress,
    readonly via: number,
    readonly gsoMaxBytes: number,
    readonly usoMaxBytes: number,
  ) {
    this.#generation = table.generation;
    this.mtu = iface.mtu;
    this.tx = iface.tx;
    this.ifIndex = iface.index;
    this.viaGateway = nextHop !== dst;
    this.isLoopback = via === VIA_LOOPBACK;
    this.isV6 = dst.family === 6;
  }

  get valid(): boolean {
    return this.#generation === this.table.generation;
  }
}

/**
 * Interfaces, routes and neighbours of a stack, for somebody who looks at it from outside (ip,
 * /proc/net/arp), and the look-up of a route (ip route get). Made anew for each look.
 *
 * @module
 */
import type { IpAddress } from "./base/ip_address.ts";
import type { NetworkLayer } from "./iface/mod.ts";

/** NUD_* of linux/neighbour.h, by the states of iface/neighbour.ts. */
export const NUD_STATES: readonly number[] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x80, 0x40];
export const NUD_INCOMPLETE = 0x01;
export const NUD_STALE = 0x04;
export const NUD_FAILED = 0x20;
export const NUD_PERMANENT = 0x80;
/** States in which the MAC address is known: all but NONE, INCOMPLETE and FAILED. */
export const NUD_VALID = 0xde;

export interface NeighbourView {
  readonly ifIndex: number;
  readonly addr: IpAddress;
  /** NUD_* */
  readonly state: number;
  /** Six bytes; null: not known. */
  readonly mac: Uint8Array | null;
  /** How long ago, microseconds. */
  readonly confirmedUs: number;
  readonly usedUs: number;
  readonly updatedUs: number;
  readonly probes: number;
}

export function viewNeighbours(layer: NetworkLayer, nowUs: number): NeighbourView[] {
  const { neighbours, neighbours6 } = layer;
  return [...viewTable(neighbours, nowUs), ...viewTable(neighbours6, nowUs)];
}

function viewTable(table: NetworkLayer["neighbours"], nowUs: number): NeighbourView[] {
  const views: NeighbourView[] = [];
  table.forEach((n) => {
    views.push({
      ifIndex: n.iface.index,
      addr: n.addr,
      state: NUD_STATES[n.state],
      mac: table.hasMac(n) ? macBytes(n.macHi, n.macLo) : null,
      confirmedUs: nowUs - n.confirmedUs,
      usedUs: nowUs - n.usedUs,
      updatedUs: nowUs - n.updatedUs,
      probes: n.probes,
    });
  });
  return views;
}

/** Two bytes of `hi`, four of `lo`. */
function macBytes(hi: number, lo: number): Uint8Array {
  return Uint8Array.of(hi >>> 8, hi, lo >>> 24, lo >>> 16, lo >>> 8, lo);
}

/** Another number whenever interfaces, addresses, routes or neighbours may be others. */
export function networkStamp(
  { interfaces, neighbours, neighbours6, router }: NetworkLayer,
): number {
  let stamp = router.table.generation;
  const mix = (word: number) => stamp = (Math.imul(stamp, 31) + word) | 0;
  for (const { isUp, mtu } of interfaces.all) mix(isUp ? mtu : ~mtu);
  for (const table of [neighbours, neighbours6]) {
    table.forEach((n) => mix(n.state ^ n.macHi ^ n.macLo ^ n.addr.w3 ^ (n.iface.index << 8)));
  }
  return stamp;
}

export interface RouteView {
  readonly ifIndex: number;
  readonly src: IpAddress;
  /** null: on-link. */
  readonly gateway: IpAddress | null;
  readonly mtu: number;
  /** To an address of our own. */
  readonly isLocal: boolean;
  readonly isBroadcast: boolean;
  readonly isMulticast: boolean;
}

/** The way to `dst`, or -errno; `src` null: any, `ifIndex` 0: any. */
export function viewRoute(
  { router }: NetworkLayer,
  dst: IpAddress,
  src: IpAddress | null,
  ifIndex: number,
): RouteView | number {
  const route = router.route(dst, src, ifIndex, true);
  if (typeof route === "number") return route;
  const { isLoopback, isBroadcast, isMulticast, mtu } = route;
  return {
    ifIndex: route.iface.index,
    src: route.src,
    gateway: isLoopback || route.nextHop.equals(dst) ? null : route.nextHop,
    mtu,
    isLocal: isLoopback && !isMulticast && !isBroadcast,
    isBroadcast,
    isMulticast,
  };
}

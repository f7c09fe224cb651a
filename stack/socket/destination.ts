/**
 * Where a datagram goes: the route for a destination, under the socket's options, remembered for
 * the next datagram to the same place.
 *
 * @module
 */
import { EACCES, ENETUNREACH } from "../base/errno.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { Route } from "../base/network.ts";
import {
  PMTUDISC_DO,
  PMTUDISC_INTERFACE,
  PMTUDISC_PROBE,
  PMTUDISC_WANT,
} from "../base/socket_constants.ts";
import type { SocketEnv } from "./socket_env.ts";
import type { SocketOptions } from "../base/socket_options.ts";

export class Destination {
  #word = 0;
  #route: Route | null = null;

  constructor(readonly env: SocketEnv, readonly options: SocketOptions) {}

  /** Options or addresses have changed. */
  forget(): void {
    this.#route = null;
  }

  /** The route to the int32 address `word`; `own`: what the socket sends from. */
  routeToV4(word: number, own: IpAddress): Route | number {
    const known = this.#route;
    if (known !== null && this.#word === word && known.valid) return known;
    const route = this.routeTo(IpAddress.v4(word), own, 0);
    if (typeof route !== "number") {
      this.#word = word;
      this.#route = route;
    }
    return route;
  }

  /** `ifIndex`: from IP_PKTINFO; 0: by the options. -EACCES: a broadcast without SO_BROADCAST. */
  routeTo(dst: IpAddress, own: IpAddress, ifIndex: number): Route | number {
    const options = this.options;
    let out = options.ifIndex || ifIndex;
    let src: IpAddress | null = own.isUnspecified || own.family !== 4 ? null : own;
    if (src !== null && (src.isMulticast || src.isBroadcast)) src = null;
    if (dst.isMulticast) {
      out ||= options.multicastIfIndex;
      if (src === null && options.multicastAddr !== 0) src = IpAddress.v4(options.multicastAddr);
    } else {
      out ||= options.unicastIfIndex;
    }
    const route = this.env.network.route(dst, src, out, options.multicastLoop);
    if (typeof route === "number") return route;
    if (options.dontRoute && route.viaGateway) return -ENETUNREACH;
    return route.isBroadcast && !options.broadcast ? -EACCES : route;
  }

  /** Time to live of a datagram on `route`. */
  ttlOn(route: Route): number {
    if (route.isMulticast) return this.options.multicastTtl;
    const { ttl } = this.options;
    return ttl < 0 ? this.env.defaultTtl : ttl;
  }

  /** Whether a packet of `packetLen` bytes must not be fragmented: IP_MTU_DISCOVER, ip(7). */
  dontFragment(route: Route, packetLen: number): boolean {
    const mode = this.options.mtuDiscover;
    if (mode === PMTUDISC_WANT) return packetLen <= route.mtu;
    return mode === PMTUDISC_DO || mode === PMTUDISC_PROBE;
  }

  /** Whether a packet longer than the path MTU is refused instead of fragmented. */
  get refusesTooBig(): boolean {
    const mode = this.options.mtuDiscover;
    return mode === PMTUDISC_DO || mode === PMTUDISC_PROBE || mode === PMTUDISC_INTERFACE;
  }
}

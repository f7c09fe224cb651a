/**
 * Whom a datagram socket is connected to, and the way there, which is asked for again when routes,
 * addresses or options have changed.
 *
 * @module
 */
import { EDESTADDRREQ } from "../base/errno.ts";
import type { IpAddress } from "../base/ip_address.ts";
import type { Route } from "../base/network.ts";
import type { Destination } from "./destination.ts";

export class Peer {
  /** null: not connected. */
  addr: IpAddress | null = null;
  port = 0;
  /** What we send from to it, which stays over a second connect(); null when not connected. */
  source: IpAddress | null = null;
  #route: Route | null = null;

  constructor(readonly destination: Destination) {}

  set(route: Route, port: number): void {
    this.addr = route.dst;
    this.port = port;
    this.source = route.src;
    this.#route = route;
  }

  clear(): void {
    this.addr = null;
    this.port = 0;
    this.source = null;
    this.#route = null;
  }

  /** Options have changed. */
  forgetRoute(): void {
    this.#route = null;
  }

  /** The way to it, or -errno. */
  route(): Route | number {
    const known = this.#route;
    if (known !== null && known.valid) return known;
    if (this.addr === null || this.source === null) return -EDESTADDRREQ;
    const route = this.destination.routeTo(this.addr, this.source, 0);
    if (typeof route !== "number") this.#route = route;
    return route;
  }
}

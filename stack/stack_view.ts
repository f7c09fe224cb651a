/**
 * A stack as it is seen from outside: what the tools ask that show a network (ip, ss, netstat). All
 * of it is read when it is asked for, and nothing is changed.
 *
 * @module
 */
import type { IpAddress } from "./base/ip_address.ts";
import type { NetworkLayer } from "./iface/mod.ts";
import {
  type NeighbourView,
  networkStamp,
  type RouteView,
  viewNeighbours,
  viewRoute,
} from "./network_view.ts";
import {
  type SocketLayers,
  type SocketView,
  viewPingSockets,
  viewRawSockets,
  viewTcpSockets,
  viewUdpSockets,
} from "./socket_view.ts";

export class StackView {
  constructor(
    private readonly layer: NetworkLayer,
    private readonly sockets: SocketLayers,
  ) {}

  neighbours(nowUs: number): NeighbourView[] {
    return viewNeighbours(this.layer, nowUs);
  }

  /** Another number whenever links, addresses, routes or neighbours may have changed. */
  networkStamp(): number {
    return networkStamp(this.layer);
  }

  /** The way to `dst`, or -errno; `src` null: any, `ifIndex` 0: any. */
  route(dst: IpAddress, src: IpAddress | null, ifIndex: number): RouteView | number {
    return viewRoute(this.layer, dst, src, ifIndex);
  }

  tcp(nowUs: number): SocketView[] {
    return viewTcpSockets(this.sockets, nowUs);
  }

  udp(): SocketView[] {
    return viewUdpSockets(this.sockets);
  }

  raw(): SocketView[] {
    return viewRawSockets(this.sockets);
  }

  ping(): SocketView[] {
    return viewPingSockets(this.sockets);
  }
}

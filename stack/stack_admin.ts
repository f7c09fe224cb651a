/**
 * What an administrator does to a running stack besides addresses and routes (`ip link set`, `ip
 * neigh`, `ss -K`). Who may is the caller's business.
 *
 * @module
 */
import { EADDRNOTAVAIL, ECONNABORTED, ENOBUFS, ENODEV, ENOENT, EOPNOTSUPP } from "./base/errno.ts";
import type { IpAddress } from "./base/ip_address.ts";
import { type NetworkLayer, setInterfaceUp } from "./iface/mod.ts";
import { NUD_FAILED, NUD_STATES, NUD_VALID } from "./network_view.ts";
import { BaseDatagramSocket } from "./socket/mod.ts";
import type { SocketView } from "./socket_view.ts";
import { destroyFlow, State, type TcpLayer } from "./tcp/mod.ts";
import { macHi, macLo } from "./wire/ethernet.ts";

/** How a neighbour is to be put into the table. */
export interface NeighbourSpec {
  readonly ifIndex: number;
  readonly addr: IpAddress;
  /** Six bytes; null: none, or the one that it has. */
  readonly mac: Uint8Array | null;
  /** NUD_* */
  readonly state: number;
}

export class StackAdmin {
  constructor(private readonly layer: NetworkLayer, private readonly tcp: TcpLayer) {}

  /** Takes an interface down, or up (iface/link_state.ts). 0 or -ENODEV. */
  setInterfaceUp(ifIndex: number, isUp: boolean, nowUs: number): number {
    return setInterfaceUp(this.layer, ifIndex, isUp, nowUs);
  }

  /** How long an address is preferred and valid, seconds. 0, -ENODEV, or -EADDRNOTAVAIL. */
  setLifetimes(
    ifIndex: number,
    addr: IpAddress,
    preferred: number,
    valid: number,
    nowUs: number,
  ): number {
    const iface = this.layer.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    const address = iface.findAddress(addr);
    if (address === null) return -EADDRNOTAVAIL;
    this.layer.lifetimes.set(address, preferred, valid, nowUs);
    return 0;
  }

  /** Adds a neighbour, or changes it. 0, -ENODEV, or -ENOBUFS: the table is full. */
  setNeighbour({ ifIndex, addr, mac, state }: NeighbourSpec, nowUs: number): number {
    const iface = this.layer.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    const table = this.#neighbours(addr);
    const n = table.findOrAdd(iface, addr, nowUs);
    if (n === null) return -ENOBUFS;
    if (NUD_STATES[n.state] === state && mac === null) return 0;
    const hi = mac === null ? n.macHi : macHi(mac);
    const lo = mac === null ? n.macLo : macLo(mac);
    const isKnown = (state & NUD_VALID) !== 0;
    if (isKnown) table.set(n, hi, lo, NUD_STATES.indexOf(state), nowUs);
    else table.set(n, 0, 0, NUD_STATES.indexOf(NUD_FAILED), nowUs);
    return 0;
  }

  /** Whose MAC address `addr` has is to be asked anew. 0, -ENODEV, or -ENOENT. */
  forgetNeighbour(ifIndex: number, addr: IpAddress, nowUs: number): number {
    const iface = this.layer.interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    const table = this.#neighbours(addr);
    const found = table.find(iface, addr);
    if (found === null) return -ENOENT;
    table.forget(found, nowUs);
    return 0;
  }

  #neighbours(addr: IpAddress): NetworkLayer["neighbours"] {
    return addr.family === 4 ? this.layer.neighbours : this.layer.neighbours6;
  }

  /**
   * Ends a socket: its program is told ECONNABORTED. 0, -ENOENT when it has ended meanwhile,
   * -EOPNOTSUPP for a listener.
   */
  destroy(view: SocketView, nowUs: number): number {
    const { socket } = view;
    if (socket instanceof BaseDatagramSocket) return socket.abort(ECONNABORTED, nowUs);
    if (view.state === State.LISTEN) return -EOPNOTSUPP;
    const { local, localPort, remote, remotePort, ifIndex } = view;
    const { demux } = this.tcp;
    const flow = demux.find(local, localPort, remote, remotePort, 0) ??
      demux.find(local, localPort, remote, remotePort, ifIndex);
    if (flow === null) return -ENOENT;
    destroyFlow(flow, nowUs);
    return 0;
  }
}

/**
 * All that a stack has of DHCP: the clients of both families, by interface.
 *
 * @module
 */
import { EAFNOSUPPORT, ENODEV } from "../base/errno.ts";
import type { Interface } from "../iface/mod.ts";
import type { DhcpClient } from "./client.ts";
import type { Dhcp6Client } from "./client6.ts";
import { Dhcp6Layer, type Dhcp6Start } from "./dhcp6_layer.ts";
import { DhcpLayer, type DhcpLayerDeps, type DhcpStart } from "./dhcp_layer.ts";

export class DhcpClients {
  readonly #v4: DhcpLayer;
  readonly #v6: Dhcp6Layer;

  constructor(readonly deps: DhcpLayerDeps) {
    this.#v4 = new DhcpLayer(deps);
    this.#v6 = new Dhcp6Layer(deps);
  }

  /**
   * Begins to ask a DHCP server for the address of an interface; goes on with `poll`. The client,
   * -ENODEV, or -EADDRINUSE when port 68 is taken.
   */
  start(ifIndex: number, how: DhcpStart, nowUs: number): DhcpClient | number {
    const iface = this.deps.layer.interfaces.byIndex(ifIndex);
    return iface === null ? -ENODEV : this.#v4.start(iface, how, nowUs);
  }

  /**
   * Begins to ask a DHCPv6 server, or waits for a router to say that there is one. The client,
   * -ENODEV, -EAFNOSUPPORT without IPv6, or -EADDRINUSE when port 546 is taken.
   */
  start6(ifIndex: number, how: Dhcp6Start, nowUs: number): Dhcp6Client | number {
    const { interfaces, deps: { ip } } = this.deps.layer;
    const iface = interfaces.byIndex(ifIndex);
    if (iface === null) return -ENODEV;
    return ip.disableIpv6 ? -EAFNOSUPPORT : this.#v6.start(iface, how, nowUs);
  }

  /** A router has said where addresses, or other things, are to be had (RFC 4861 4.2). */
  advise(iface: Interface, isManaged: boolean, hasOther: boolean, nowUs: number): void {
    this.#v6.advise(iface, isManaged, hasOther, nowUs);
  }

  /** Gives the addresses that were granted back, with the next flush: before the stack ends. */
  releaseAll(nowUs: number): void {
    this.#v4.releaseAll(nowUs);
    this.#v6.releaseAll(nowUs);
  }

  /** No server is still to say that it knows of what was given back. */
  isQuiet(): boolean {
    return this.#v6.isQuiet();
  }

  pollAtUs(): number {
    return Math.min(this.#v4.pollAtUs(), this.#v6.pollAtUs());
  }

  poll(nowUs: number): void {
    this.#v4.poll(nowUs);
    this.#v6.poll(nowUs);
  }
}

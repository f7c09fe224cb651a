/**
 * The IPv6 half of a stack that has no twin in IPv4's place: the way up, ICMPv6 and listener
 * discovery, put together. Neighbour discovery and the way down are the network layer's.
 *
 * @module
 */
import type { IpAddress } from "./base/ip_address.ts";
import type { IcmpError, Transport } from "./base/network.ts";
import type { StackConfig } from "./config.ts";
import { Icmpv6Layer, type Icmpv6LayerDeps } from "./icmp/mod.ts";
import { MldLayer } from "./igmp/mod.ts";
import {
  Forwarder6,
  type Interface,
  Ipv6Input,
  type NetworkLayer,
  type Reassembly,
  RedirectSender6,
} from "./iface/mod.ts";
import type { RawLayer } from "./raw/mod.ts";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "./wire/ipv4.ts";
import { PROTOCOL_ICMPV6 } from "./wire/ipv6.ts";

type Common = Pick<Icmpv6LayerDeps, "memory" | "counters" | "random" | "network" | "log">;

export interface Ipv6PartDeps {
  readonly common: Common;
  readonly config: StackConfig;
  readonly layer: NetworkLayer;
  readonly tcp: Transport;
  readonly udp: Transport;
  readonly raw: RawLayer;
  readonly ping: Icmpv6LayerDeps["ping"];
}

export class Ipv6Part {
  readonly icmp: Icmpv6Layer;
  readonly mld: MldLayer;
  readonly #transports: (Transport | null)[] = new Array(256).fill(null);

  constructor(readonly deps: Ipv6PartDeps) {
    const { common, config, layer, tcp, udp, raw, ping } = deps;
    this.mld = new MldLayer({
      ...common,
      alarm: layer.alarm,
      config: { ...config.igmp, forceVersion: 0 },
    });
    this.icmp = new Icmpv6Layer({
      ...common,
      config: config.icmp,
      transports: this.#transports,
      onRawError: (error: IcmpError, nowUs: number) => raw.icmpError(error, nowUs),
      ping,
      neighbours: layer.ndp,
      listeners: this.mld,
    });
    this.#transports[PROTOCOL_TCP] = tcp;
    this.#transports[PROTOCOL_UDP] = udp;
    this.#transports[PROTOCOL_ICMPV6] = this.icmp;
  }

  /** The way up; fragments are put together by what IPv4 has for it. */
  input(reassembly: Reassembly, areFramesStable: boolean): Ipv6Input {
    const { common: { memory, counters, log }, layer, raw } = this.deps;
    return new Ipv6Input({
      memory,
      counters,
      interfaces: layer.interfaces,
      errors: this.icmp.errors,
      transports: this.#transports,
      raw,
      reassembly,
      forwarder: this.#forwarder(areFramesStable),
      numbers: this.mld.numbers,
      log,
    });
  }

  /** null: a host. */
  #forwarder(areFramesStable: boolean): Forwarder6 | null {
    const { common: { memory, counters }, config, layer } = this.deps;
    if (!config.ip.forward6) return null;
    const { output, router: { table }, neighbours6: neighbours, ndp: { sender } } = layer;
    const redirects = new RedirectSender6({ memory, table, neighbours, sender });
    const { errors } = this.icmp;
    return new Forwarder6({ memory, counters, output, errors, redirects, areFramesStable });
  }

  /** An interface is in a group on its own account, or not any more. */
  onGroup(iface: Interface, group: IpAddress, isJoined: boolean): void {
    if (!iface.isLoopback) this.mld.changeOwn(iface.index, group, isJoined);
  }
}

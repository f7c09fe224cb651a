/**
 * Raw sockets: raw(7).
 *
 * @module
 */
import { DROP_RAW_QUEUE_FULL } from "../base/drop_reason.ts";
import { EMSGSIZE } from "../base/errno.ts";
import { hearsGroup } from "../base/group_membership.ts";
import type { IpAddress } from "../base/ip_address.ts";
import { IPV4_HEADER_LEN, IPV4_MAX_LEN } from "../wire/ipv4.ts";
import type { Route } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { RawEndpoint, type RawLayer } from "../raw/mod.ts";
import { ICMP_CHECKSUM_OFFSET } from "../wire/icmp.ts";
import {
  AF_INET6,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_RAW,
  SOCK_RAW,
} from "../base/socket_constants.ts";
import { SendingSocket } from "./sending_socket.ts";
import type { SocketEnv } from "./socket_env.ts";

const ICMP6_FILTER_WORDS = 8;

export class RawSocket extends SendingSocket {
  protected readonly headerLen = 0;
  protected readonly maxPayload = IPV4_MAX_LEN;
  readonly #layer: RawLayer;
  readonly #endpoint: RawEndpoint;

  constructor(env: SocketEnv, layer: RawLayer, protocol: number, domain: number) {
    super(env, domain, SOCK_RAW, protocol, [], DROP_RAW_QUEUE_FULL);
    const isV6 = domain === AF_INET6;
    this.#layer = layer;
    this.#endpoint = new RawEndpoint(protocol, this, isV6 ? 6 : 4);
    this.#endpoint.local = this.boundAddr;
    if (isV6 && protocol === IPPROTO_ICMPV6) {
      this.checksumOffset = ICMP_CHECKSUM_OFFSET;
      this.icmp6Filter = new Int32Array(ICMP6_FILTER_WORDS);
      this.#endpoint.checksumOffset = this.checksumOffset;
    }
    this.shape.mayRaw = true; // nobody else has such a socket
    this.options.v6Only = isV6;
    this.options.headerIncluded = protocol === IPPROTO_RAW;
    this.#endpoint.hasHeader = this.options.headerIncluded;
    this.minPayload = this.options.headerIncluded ? IPV4_HEADER_LEN : 0;
    this.options.reuseAddr = true; // as Linux shows it
    if (protocol === IPPROTO_ICMP && !isV6) this.icmpFilter = 0;
    layer.add(this.#endpoint);
  }

  override receive(pkt: Packet, off: number, len: number, port: number): void {
    const { options, memberships } = this;
    const hearsAll = pkt.family === 6 ? options.multicastAll6 : options.multicastAll;
    const isHeard = !pkt.isMulticast ||
      hearsGroup(memberships.list, hearsAll, pkt.group, pkt.ifIndex, pkt.source);
    if (isHeard) super.receive(pkt, off, len, port);
  }

  /** A raw socket may be bound again while it is not connected. */
  override get isBound(): boolean {
    return this.peer.addr !== null;
  }

  protected get localPort(): number {
    return this.protocol;
  }

  protected bindEndpoint(addr: IpAddress, _port: number): number {
    this.#endpoint.local = addr;
    return 0;
  }

  protected unbindEndpoint(): void {
    this.#layer.remove(this.#endpoint);
  }

  protected connectEndpoint(local: IpAddress, remote: IpAddress | null, _port: number): void {
    this.#endpoint.local = local;
    this.#endpoint.remote = remote;
  }

  protected releasePort(): void {
    // There is none.
  }

  protected checkPort(_port: number): number {
    return 0;
  }

  protected transmit(
    route: Route,
    _port: number,
    off: number,
    len: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number {
    if (!this.options.headerIncluded && len > IPV4_MAX_LEN - IPV4_HEADER_LEN) return -EMSGSIZE;
    const endpoint = this.#endpoint;
    return this.#layer.output(endpoint, route, off, len, ttl, tos, dontFragment, nowUs);
  }

  override applyOptions(): void {
    super.applyOptions();
    this.#endpoint.ifIndex = this.options.ifIndex;
    this.#endpoint.hasHeader = this.options.headerIncluded;
    this.#endpoint.hearsAlerts = this.options.routerAlert;
    this.#endpoint.icmpFilter = this.icmpFilter ?? 0;
    this.#endpoint.icmp6Filter = this.icmp6Filter;
    this.#endpoint.checksumOffset = this.checksumOffset;
  }
}

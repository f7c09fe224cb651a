/**
 * Ping sockets: icmp(7), SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6. The port is the echo
 * identifier.
 *
 * @module
 */
import { PingEndpoint, type PingLayer } from "../icmp/mod.ts";
import { DROP_RAW_QUEUE_FULL } from "../base/drop_reason.ts";
import type { IpAddress } from "../base/ip_address.ts";
import { ICMP_HEADER_LEN } from "../wire/icmp.ts";
import { IPV4_HEADER_LEN, IPV4_MAX_LEN } from "../wire/ipv4.ts";
import type { Route } from "../base/network.ts";
import { AF_INET, IPPROTO_ICMP, IPPROTO_ICMPV6, SOCK_DGRAM } from "../base/socket_constants.ts";
import { SendingSocket } from "./sending_socket.ts";
import type { SocketEnv } from "./socket_env.ts";

export class PingSocket extends SendingSocket {
  /** The ICMP header is part of what the program gives. */
  protected readonly headerLen = 0;
  protected readonly maxPayload = IPV4_MAX_LEN - IPV4_HEADER_LEN;
  protected override minPayload = ICMP_HEADER_LEN;
  readonly #layer: PingLayer;
  readonly #endpoint: PingEndpoint;

  constructor(env: SocketEnv, layer: PingLayer, domain: number) {
    const isV4 = domain === AF_INET;
    const protocol = isV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    super(env, domain, SOCK_DGRAM, protocol, [], DROP_RAW_QUEUE_FULL);
    this.#layer = layer;
    this.#endpoint = new PingEndpoint(this, isV4 ? 4 : 6);
    this.options.v6Only = !isV4; // it does not speak IPv4 by mapped addresses
    this.#endpoint.local = this.boundAddr;
  }

  protected get localPort(): number {
    return this.#endpoint.ident;
  }

  protected bindEndpoint(addr: IpAddress, port: number): number {
    const result = this.#layer.bind(this.#endpoint, port);
    if (result === 0) this.#endpoint.local = addr;
    return result;
  }

  protected unbindEndpoint(): void {
    this.#layer.unbind(this.#endpoint);
  }

  protected releasePort(): void {
    this.unbindEndpoint();
  }

  protected connectEndpoint(local: IpAddress, remote: IpAddress | null, _port: number): void {
    this.#endpoint.local = local;
    this.#endpoint.remote = remote;
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
    const endpoint = this.#endpoint;
    return this.#layer.output(endpoint, route, off, len, ttl, tos, dontFragment, nowUs);
  }

  override applyOptions(): void {
    super.applyOptions();
    this.#endpoint.ifIndex = this.options.ifIndex;
    this.#endpoint.reuseAddr = this.options.reuseAddr;
  }
}

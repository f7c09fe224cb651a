/**
 * UDP sockets: udp(7).
 *
 * @module
 */
import { DROP_UDP_QUEUE_FULL } from "../base/drop_reason.ts";
import { EINVAL, EMSGSIZE } from "../base/errno.ts";
import type { GroupMembership } from "../base/group_membership.ts";
import type { IpAddress } from "../base/ip_address.ts";
import type { Route } from "../base/network.ts";
import { ipHeaderLen } from "../wire/ipv6.ts";
import { UDP_HEADER_LEN } from "../wire/udp.ts";
import { UDP_MAX_PAYLOAD_LEN, UdpEndpoint, type UdpLayer } from "../udp/mod.ts";
import { IPPROTO_UDP, SOCK_DGRAM } from "../base/socket_constants.ts";
import { SendingSocket } from "./sending_socket.ts";
import type { SocketEnv } from "./socket_env.ts";

/** Datagrams that may be given in one piece: Linux's UDP_MAX_SEGMENTS. */
const SEGMENTS_MAX = 128;

export class UdpSocket extends SendingSocket {
  protected readonly headerLen = UDP_HEADER_LEN;
  protected readonly maxPayload = UDP_MAX_PAYLOAD_LEN;
  readonly #layer: UdpLayer;
  readonly #endpoint: UdpEndpoint;

  constructor(env: SocketEnv, layer: UdpLayer, domain: number) {
    const memberships: GroupMembership[] = [];
    super(env, domain, SOCK_DGRAM, IPPROTO_UDP, memberships, DROP_UDP_QUEUE_FULL);
    this.#layer = layer;
    this.#endpoint = new UdpEndpoint(domain, this, memberships);
    this.#endpoint.local = this.boundAddr;
    this.#endpoint.hearsAllGroups = this.options.multicastAll;
  }

  protected get localPort(): number {
    return this.#endpoint.localPort;
  }

  protected bindEndpoint(addr: IpAddress, port: number): number {
    return this.#layer.bind(this.#endpoint, addr, port);
  }

  protected unbindEndpoint(): void {
    this.#layer.unbind(this.#endpoint);
  }

  protected releasePort(): void {
    this.unbindEndpoint();
  }

  protected connectEndpoint(
    local: IpAddress,
    remote: IpAddress | null,
    port: number,
    zone: number,
  ): void {
    this.#layer.connect(this.#endpoint, local, remote, port, zone);
  }

  protected checkPort(port: number): number {
    return port === 0 ? -EINVAL : 0;
  }

  /** UDP_SEGMENT: what the program gives in one piece are several datagrams. */
  protected transmit(
    route: Route,
    port: number,
    off: number,
    len: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number {
    const layer = this.#layer;
    const endpoint = this.#endpoint;
    const size = this.segment;
    if (size === 0 || len <= size) {
      return layer.output(endpoint, route, port, off, len, ttl, tos, dontFragment, nowUs);
    }
    if (len > size * SEGMENTS_MAX) return -EINVAL;
    const longest = size + UDP_HEADER_LEN + ipHeaderLen(route.dst.family);
    const fits = this.destination.dontFragment(route, longest);
    if (longest > route.mtu) return -EMSGSIZE;
    for (let pos = 0; pos < len; pos += size) {
      const part = Math.min(size, len - pos);
      const result = layer.output(endpoint, route, port, off + pos, part, ttl, tos, fits, nowUs);
      if (result < 0) return result;
    }
    return 0;
  }

  override applyOptions(): void {
    super.applyOptions();
    const endpoint = this.#endpoint;
    const { options } = this;
    endpoint.ifIndex = options.ifIndex;
    endpoint.reuseAddr = options.reuseAddr;
    endpoint.reusePort = options.reusePort;
    endpoint.isV6Only = options.v6Only;
    endpoint.hearsAllGroups = options.multicastAll;
    endpoint.hearsAllGroups6 = options.multicastAll6;
    endpoint.noChecksum = options.noCheck;
    endpoint.portRange = options.localPortRange;
    endpoint.takesJoined = options.udpGro;
  }
}

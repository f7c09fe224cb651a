/**
 * One UDP endpoint: what a socket has bound and connected, as the demultiplexer sees it. Plain
 * fields; addresses and ports change only through `UdpLayer`.
 *
 * @module
 */
import type { DatagramSink } from "../base/datagram_sink.ts";
import type { GroupMembership } from "../base/group_membership.ts";
import { ANY_V4, type IpAddress } from "../base/ip_address.ts";
import { AF_INET6 } from "../base/socket_constants.ts";

export class UdpEndpoint {
  local: IpAddress = ANY_V4;
  /** 0: not bound. */
  localPort = 0;
  /** null: not connected. */
  remote: IpAddress | null = null;
  remotePort = 0;
  /** The link of a remote address that is one link's only; else 0. */
  zone = 0;
  /** SO_BINDTODEVICE; 0: any interface. */
  ifIndex = 0;
  reuseAddr = false;
  reusePort = false;
  /** IPV6_V6ONLY of an AF_INET6 socket. */
  isV6Only = false;
  /** IP_MULTICAST_ALL: also groups that other sockets have joined. */
  hearsAllGroups = true;
  /** IPV6_MULTICAST_ALL. */
  hearsAllGroups6 = true;
  /** SO_NO_CHECK: send without checksum. */
  noChecksum = false;
  /** IP_LOCAL_PORT_RANGE; 0: the system's. */
  portRange = 0;
  /** UDP_GRO: what came in one frame is given in one piece. */
  takesJoined = false;
  /** Place in the layer's table of connected endpoints, -1: none. */
  flowIndex = -1;
  /** Another endpoint with the same addresses and ports, connected before. */
  nextInFlow: UdpEndpoint | null = null;

  /**
   * `groups`: what the socket has joined; the owner changes it.
   */
  constructor(
    readonly domain: number,
    readonly sink: DatagramSink,
    readonly groups: readonly GroupMembership[] = [],
  ) {}

  /** Whether IPv6 datagrams can come to it. */
  get hearsV6(): boolean {
    return this.domain === AF_INET6 && this.local.family === 6;
  }

  /** Whether IPv4 datagrams can come to it. */
  get hearsV4(): boolean {
    return this.domain !== AF_INET6 || this.local.family === 4 ||
      (!this.isV6Only && this.local.isUnspecified);
  }
}

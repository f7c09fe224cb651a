/**
 * What a transport asks of the network layer, and what the network layer tells a transport.
 * Implemented in iface/; declared here because transports know no layer but base, wire, storage.
 *
 * @module
 */
import type { IpAddress } from "./ip_address.ts";
import type { Packet } from "./packet.ts";
import type { PacketShape } from "./packet_shape.ts";
import type { TxFrames } from "./frames.ts";

/** A resolved way to a destination, held by a socket and refreshed when `valid` turns false. */
export interface Route {
  /** False once routes, addresses or the interface changed: ask `Network.route` again. */
  readonly valid: boolean;
  readonly ifIndex: number;
  /** The source address the route prefers. */
  readonly src: IpAddress;
  readonly dst: IpAddress;
  /** Path MTU in bytes, at most the interface's; changes with ICMP. */
  readonly mtu: number;
  /** The device finishes L4 checksums (CSUM_PARTIAL allowed). */
  readonly csumOffload: boolean;
  /** Largest IP packet that may be handed over with gsoType set; 0: no segmentation offload. */
  readonly gsoMaxBytes: number;
  /** As gsoMaxBytes, for GSO_UDP_L4. */
  readonly usoMaxBytes: number;
  readonly isLoopback: boolean;
  readonly isBroadcast: boolean;
  readonly isMulticast: boolean;
  /** The next hop is a router (MSG_DONTROUTE refuses such a route). */
  readonly viaGateway?: boolean;
  /** The queue of the route's interface. */
  readonly tx: TxFrames;
}

export interface Network {
  /** What packets sent from now on have besides; null: nothing. Who sets it sends, and resets. */
  shape: PacketShape | null;
  /**
   * Finds the way to `dst`. `src` fixes the source address (null: choose), `ifIndex` the interface
   * (0: any). Returns -ENETUNREACH when there is none, -EADDRNOTAVAIL when `src` is not ours.
   */
  route(
    dst: IpAddress,
    src: IpAddress | null,
    ifIndex: number,
    multicastLoop?: boolean,
  ): Route | number;
  /** Makes room for one row in the route's queue (transmitting when it is full) and begins it. */
  begin(route: Route): number;
  /**
   * Sends the row under construction in `route.tx`, whose transport header and payload are
   * complete: prepends network and link headers, fragments when it is too long and not GSO (payload
   * then copied), queues it while the neighbour is being resolved. Returns 0 or -errno (-EMSGSIZE
   * with DF, -ENOBUFS, ...).
   * `tos`: of IPv6 the traffic class, maybe with a flow label (withFlowLabel).
   */
  send(
    route: Route,
    src: IpAddress,
    protocol: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number;
  /**
   * Traffic on this path is getting through (RFC 1122 2.3.2.1, RFC 4861 7.3.1): keeps the neighbour
   * fresh.
   */
  confirm(route: Route, nowUs: number): void;
  /**
   * As `send`, for a row whose header and payload already begin with a complete IP header
   * (IP_HDRINCL). Never fragments: -EMSGSIZE when it is longer than the interface's MTU.
   */
  sendWithIpHeader(route: Route, nowUs: number): number;
  /**
   * The next-hop MTU of an ICMP "fragmentation needed" that a transport has found to be about its
   * own traffic (RFC 1191, RFC 5927 7.2). Lowers `Route.mtu` of every route to `dst` for ten
   * minutes; routes turn invalid.
   */
  updatePmtu(dst: IpAddress, mtu: number, nowUs: number): void;
  /**
   * The router `from` has told, about a packet that a transport has found to be its own, that `dst`
   * is better reached by `gateway` (RFC 1122 3.2.2.2). Mostly ignored.
   */
  redirect(dst: IpAddress, gateway: IpAddress, from: IpAddress, nowUs: number): void;
  /** True when `addr` is an address of this host (loopback included). */
  isLocal(addr: IpAddress): boolean;
}

/** An ICMP error about a packet that we sent, after validation of the quoted header. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** The errno a socket gets (ECONNREFUSED, EHOSTUNREACH, ...), positive. */
  readonly errno: number;
  /** Linux's view: true = ends a connection attempt / reported even without IP_RECVERR. */
  readonly isHard: boolean;
  /** Next-hop MTU of "fragmentation needed", else 0. */
  readonly mtu: number;
  /** Where a parameter problem points to, else 0. */
  readonly pointer: number;
  /** Of a redirect: the better first hop; else null. Such a one has no errno. */
  readonly gateway: IpAddress | null;
  /** Who sent the error. */
  readonly from: IpAddress;
  /** The quoted packet: what we had sent. Addresses from our point of view. */
  readonly protocol: number;
  readonly local: IpAddress;
  readonly remote: IpAddress;
  /** The link that `remote` is of, if it is one link's only; else 0. */
  readonly zone: number;
  /** Quoted transport header (at least 8 bytes are there). */
  readonly quotedOff: number;
  readonly quotedLen: number;
}

/** A transport protocol, registered with iface by its number. */
export interface Transport {
  /**
   * `pkt.transportOff..pkt.endOff` is the segment. Returns false when nobody wanted it (port
   * unreachable).
   */
  input(pkt: Packet): boolean;
  icmpError(error: IcmpError, nowUs: number): void;
}

/** Answers with an ICMP error about `pkt` (RFC 1122 3.2.2 rules and rate limits apply). */
export interface IcmpSender {
  sendUnreachable(pkt: Packet, code: number): void;
}

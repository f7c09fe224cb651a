/**
 * Ping sockets (SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6): an endpoint is an echo identifier,
 * which takes the part of a port. Requests get identifier and checksum from us, replies are given
 * to the endpoint whose identifier they carry.
 *
 * @module
 */
import type { Memory } from "../base/memory.ts";
import { finish, pseudoSum, sum } from "../wire/checksum.ts";
import type { DatagramSink } from "../base/datagram_sink.ts";
import { EADDRINUSE, EINVAL } from "../base/errno.ts";
import {
  ICMP_CHECKSUM_OFFSET,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER_LEN,
  ICMP_REST_OFFSET,
} from "../wire/icmp.ts";
import { ANY_V4, type IpAddress } from "../base/ip_address.ts";
import { PROTOCOL_ICMP } from "../wire/ipv4.ts";
import type { IcmpError, Network, Route } from "../base/network.ts";
import { isDestination, type Packet } from "../base/packet.ts";
import { ICMPV6_ECHO_REQUEST } from "../wire/icmpv6.ts";
import { PROTOCOL_ICMPV6 } from "../wire/ipv6.ts";

export class PingEndpoint {
  /** Echo identifier; 0: not bound. */
  ident = 0;
  local: IpAddress = ANY_V4;
  remote: IpAddress | null = null;
  /** 0: any interface. */
  ifIndex = 0;
  reuseAddr = false;

  /** `family`: 4 or 6. */
  constructor(readonly sink: DatagramSink, readonly family: number = 4) {}
}

export class PingLayer {
  readonly #byIdent = new Map<number, PingEndpoint[]>();
  #lastIdent: number;

  constructor(readonly memory: Memory, readonly network: Network, random: () => number) {
    this.#lastIdent = random() & 0xffff;
  }

  /** Takes identifier `ident` (0: any free one). Returns 0, -EINVAL when bound, -EADDRINUSE. */
  bind(endpoint: PingEndpoint, ident: number): number {
    if (endpoint.ident !== 0) return -EINVAL;
    if (ident === 0) ident = this.#findFree();
    if (ident === 0) return -EADDRINUSE;
    const others = this.#byIdent.get(ident);
    if (others === undefined) this.#byIdent.set(ident, [endpoint]);
    else if (endpoint.reuseAddr && others.every((o) => o.reuseAddr)) others.push(endpoint);
    else return -EADDRINUSE;
    endpoint.ident = ident;
    return 0;
  }

  unbind(endpoint: PingEndpoint): void {
    const left = (this.#byIdent.get(endpoint.ident) ?? []).filter((e) => e !== endpoint);
    if (left.length === 0) this.#byIdent.delete(endpoint.ident);
    else this.#byIdent.set(endpoint.ident, left);
    endpoint.ident = 0;
  }

  /** Every bound endpoint. */
  forEach(visit: (endpoint: PingEndpoint) => void): void {
    for (const endpoints of this.#byIdent.values()) endpoints.forEach(visit);
  }

  /** An echo reply with `ident`: given to the endpoints that match. */
  deliver(pkt: Packet, ident: number): void {
    const endpoints = this.#byIdent.get(ident);
    if (endpoints === undefined) return;
    for (const endpoint of endpoints) {
      const { local, ifIndex, family } = endpoint;
      if (family !== pkt.family) continue;
      if (!local.isUnspecified && !isDestination(local, pkt)) continue;
      if (ifIndex !== 0 && ifIndex !== pkt.ifIndex) continue;
      endpoint.sink.receive(pkt, pkt.transportOff, pkt.endOff - pkt.transportOff, 0);
    }
  }

  icmpError(error: IcmpError, nowUs: number): void {
    const dv = this.memory.dv;
    const { family } = error.local;
    if (dv.getUint8(error.quotedOff) !== requestType(family)) return;
    const endpoints = this.#byIdent.get(dv.getUint16(error.quotedOff + ICMP_REST_OFFSET));
    if (endpoints === undefined) return;
    for (const { sink, family: own } of endpoints) {
      if (own === family) sink.icmpError(error, 0, error.quotedOff, nowUs);
    }
  }

  /**
   * Sends the echo request of `len` bytes at `off`, ICMP header first (what the program wrote),
   * with the endpoint's identifier and a checksum. Returns 0 or -errno.
   */
  output(
    endpoint: PingEndpoint,
    route: Route,
    off: number,
    len: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number {
    const { memory, network } = this;
    if (len < ICMP_HEADER_LEN) return -EINVAL;
    const { family } = endpoint;
    if (memory.u8[off] !== requestType(family) || memory.u8[off + 1] !== 0) return -EINVAL;
    const row = network.begin(route);
    const tx = route.tx;
    const hdr = tx.l4Off[row];
    memory.u8.copyWithin(hdr, off, off + ICMP_HEADER_LEN);
    memory.dv.setUint16(hdr + ICMP_REST_OFFSET, endpoint.ident);
    memory.dv.setUint16(hdr + ICMP_CHECKSUM_OFFSET, 0);
    const pseudo = family === 6 ? pseudoSum(route.src, route.dst, PROTOCOL_ICMPV6, len) : 0;
    const headerSum = sum(memory.dv, hdr, ICMP_HEADER_LEN, pseudo);
    const total = sum(memory.dv, off + ICMP_HEADER_LEN, len - ICMP_HEADER_LEN, headerSum);
    memory.dv.setUint16(hdr + ICMP_CHECKSUM_OFFSET, finish(total));
    tx.hdrLen[row] = ICMP_HEADER_LEN;
    tx.payOff[row] = off + ICMP_HEADER_LEN;
    tx.payLen[row] = len - ICMP_HEADER_LEN;
    const protocol = family === 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
    return network.send(route, route.src, protocol, ttl, tos, dontFragment, nowUs);
  }

  #findFree(): number {
    for (let tries = 0; tries < 65535; tries++) {
      this.#lastIdent = (this.#lastIdent + 1) & 0xffff;
      if (this.#lastIdent !== 0 && !this.#byIdent.has(this.#lastIdent)) return this.#lastIdent;
    }
    return 0;
  }
}

function requestType(family: number): number {
  return family === 6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST;
}

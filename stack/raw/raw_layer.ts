/**
 * Raw sockets: every packet of a protocol to every endpoint that wants it, before the protocol
 * itself sees it: in IPv4 with its header, in IPv6 from the protocol's own on (RFC 3542 3); and
 * packets of any protocol out, with our IP header or the program's (IP_HDRINCL, IPV6_HDRINCL).
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import { CSUM_NONE } from "../base/frames.ts";
import type { DatagramSink } from "../base/datagram_sink.ts";
import { EINVAL } from "../base/errno.ts";
import { ANY_V4, type IpAddress } from "../base/ip_address.ts";
import {
  IPV4_HEADER_LEN,
  IPV4_ID_OFFSET,
  IPV4_SRC_OFFSET,
  IPV4_TOTAL_LEN_OFFSET,
  PROTOCOL_ICMP,
  refreshIpv4Checksum,
} from "../wire/ipv4.ts";
import type { IcmpError, Network, Route } from "../base/network.ts";
import { isDestination, isSource, type Packet } from "../base/packet.ts";
import { finish, fold, pseudoSum, pseudoSumOfPacket, sum } from "../wire/checksum.ts";
import { IPV6_HEADER_LEN, PROTOCOL_ICMPV6 } from "../wire/ipv6.ts";

export class RawEndpoint {
  local: IpAddress = ANY_V4;
  remote: IpAddress | null = null;
  /** 0: any interface. */
  ifIndex = 0;
  /** IP_HDRINCL: what is sent begins with an IP header. */
  hasHeader = false;
  /** ICMP_FILTER: bit n set: messages of type n are not wanted. */
  icmpFilter = 0;
  /** IP_ROUTER_ALERT: packets for others that routers are to look at come here. */
  hearsAlerts = false;
  /** ICMP6_FILTER: bit n set: messages of type n are not wanted. Eight words. */
  icmp6Filter: Int32Array | null = null;
  /** IPV6_CHECKSUM: where the checksum is, which is made and verified here; -1: nowhere. */
  checksumOffset = -1;

  /** `family`: 4 or 6. */
  constructor(readonly protocol: number, readonly sink: DatagramSink, readonly family = 4) {}
}

export interface RawLayerDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly random: () => number;
}

export class RawLayer {
  readonly #memory: Memory;
  readonly #network: Network;
  readonly #counters: Counters;
  readonly #random: () => number;
  /** By protocol; undefined: no endpoint. */
  readonly #byProtocol: (RawEndpoint[] | undefined)[] = new Array(256).fill(undefined);

  constructor(deps: RawLayerDeps) {
    this.#memory = deps.memory;
    this.#network = deps.network;
    this.#counters = deps.counters;
    this.#random = deps.random;
  }

  add(endpoint: RawEndpoint): void {
    const list = this.#byProtocol[endpoint.protocol];
    if (list === undefined) this.#byProtocol[endpoint.protocol] = [endpoint];
    else list.push(endpoint);
  }

  forEach(visit: (endpoint: RawEndpoint) => void): void {
    for (const endpoints of this.#byProtocol) endpoints?.forEach(visit);
  }

  remove(endpoint: RawEndpoint): void {
    const left = this.#byProtocol[endpoint.protocol]?.filter((e) => e !== endpoint);
    this.#byProtocol[endpoint.protocol] = left?.length ? left : undefined;
  }

  /** Gives `pkt` to all endpoints that want it; returns whether there was one. */
  deliver(pkt: Packet): boolean {
    const endpoints = this.#byProtocol[pkt.protocol];
    if (endpoints === undefined) return false;
    let delivered = false;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i];
      if (endpoint.family !== pkt.family || !this.#wants(endpoint, pkt)) continue;
      delivered = true;
      this.#counters.raw.inDatagrams++;
      const off = pkt.family === 6 ? pkt.transportOff : pkt.networkOff;
      endpoint.sink.receive(pkt, off, pkt.endOff - off, 0);
    }
    return delivered;
  }

  /** A packet for somebody else that has the Router Alert option: true when it was wanted. */
  deliverAlert(pkt: Packet): boolean {
    let isTaken = false;
    for (const { hearsAlerts, ifIndex, sink } of this.#byProtocol[pkt.protocol] ?? []) {
      if (!hearsAlerts || (ifIndex !== 0 && ifIndex !== pkt.ifIndex)) continue;
      isTaken = true;
      this.#counters.raw.inDatagrams++;
      sink.receive(pkt, pkt.networkOff, pkt.endOff - pkt.networkOff, 0);
    }
    return isTaken;
  }

  icmpError(error: IcmpError, nowUs: number): void {
    const endpoints = this.#byProtocol[error.protocol];
    if (endpoints === undefined) return;
    for (const endpoint of endpoints) {
      const { local, remote, sink, family } = endpoint;
      if (family !== error.local.family) continue;
      if (!local.isUnspecified && !local.equals(error.local)) continue;
      if (remote !== null && !remote.equals(error.remote)) continue;
      sink.icmpError(error, 0, error.quotedOff, nowUs);
    }
  }

  /**
   * Sends `len` bytes at `off`, which stay untouched until the flush: a packet's payload, or with
   * `hasHeader` a whole packet. Returns 0 or -errno.
   */
  output(
    endpoint: RawEndpoint,
    route: Route,
    off: number,
    len: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number {
    if (endpoint.hasHeader) {
      if (endpoint.family === 6) return this.#outputWithHeaderV6(route, off, len, nowUs);
      return this.#outputWithHeader(route, off, len, nowUs);
    }
    const { checksumOffset } = endpoint;
    if (checksumOffset >= 0) {
      if (checksumOffset + 2 > len) return -EINVAL;
      this.#fillChecksum(route, endpoint.protocol, off, len, checksumOffset);
    }
    const row = this.#network.begin(route);
    const tx = route.tx;
    tx.payOff[row] = off;
    tx.payLen[row] = len;
    const { protocol } = endpoint;
    const result = this.#network.send(
      route,
      route.src,
      protocol,
      ttl,
      tos,
      dontFragment,
      nowUs,
    );
    if (result >= 0) this.#counters.raw.outDatagrams++;
    return result;
  }

  /**
   * Total length and checksum are always ours, identification and source where they are 0: raw(7).
   */
  #outputWithHeader(route: Route, off: number, len: number, nowUs: number): number {
    const { u8, dv } = this.#memory;
    if (len < IPV4_HEADER_LEN) return -EINVAL;
    const headerLen = (u8[off] & 15) << 2;
    if (headerLen < IPV4_HEADER_LEN || headerLen > len) return -EINVAL;
    const hdr = this.#take(route, off, len, headerLen);
    dv.setUint16(hdr + IPV4_TOTAL_LEN_OFFSET, len);
    if (dv.getUint16(hdr + IPV4_ID_OFFSET) === 0) dv.setUint16(hdr + IPV4_ID_OFFSET, this.#newId());
    if (dv.getInt32(hdr + IPV4_SRC_OFFSET) === 0) dv.setInt32(hdr + IPV4_SRC_OFFSET, route.src.w3);
    refreshIpv4Checksum(dv, hdr, headerLen);
    return this.#sendTaken(route, nowUs);
  }

  /** The payload length is the program's own; what is not an IPv6 packet is refused. */
  #outputWithHeaderV6(route: Route, off: number, len: number, nowUs: number): number {
    if (len < IPV6_HEADER_LEN) return -EINVAL;
    this.#take(route, off, len, IPV6_HEADER_LEN);
    return this.#sendTaken(route, nowUs);
  }

  /** Begins a row with the packet at `off`, whose header is copied. Returns its offset. */
  #take(route: Route, off: number, len: number, headerLen: number): number {
    const row = this.#network.begin(route);
    const tx = route.tx;
    const hdr = tx.l4Off[row];
    this.#memory.u8.copyWithin(hdr, off, off + headerLen);
    tx.hdrLen[row] = headerLen;
    tx.payOff[row] = off + headerLen;
    tx.payLen[row] = len - headerLen;
    return hdr;
  }

  #sendTaken(route: Route, nowUs: number): number {
    const result = this.#network.sendWithIpHeader(route, nowUs);
    if (result >= 0) this.#counters.raw.outDatagrams++;
    return result;
  }

  /** Of the message at `off`, in place. */
  #fillChecksum({ src, dst }: Route, protocol: number, off: number, len: number, at: number): void {
    const { dv } = this.#memory;
    dv.setUint16(off + at, 0);
    const pseudo = pseudoSum(src, dst, protocol, len);
    dv.setUint16(off + at, finish(sum(dv, off, len, pseudo)) || 0xffff);
  }

  /** RFC 3542 3.1 */
  #isSumRight(pkt: Packet, checksumOffset: number): boolean {
    const len = pkt.endOff - pkt.transportOff;
    if (checksumOffset + 2 > len) return false;
    if (pkt.csum !== CSUM_NONE) return true;
    const pseudo = pseudoSumOfPacket(pkt, pkt.protocol, len);
    return fold(sum(this.#memory.dv, pkt.transportOff, len, pseudo)) === 0xffff;
  }

  #newId(): number {
    return (this.#random() & 0xffff) || 1;
  }

  #wants(endpoint: RawEndpoint, pkt: Packet): boolean {
    const { local, remote, ifIndex, icmpFilter, checksumOffset } = endpoint;
    if (!local.isUnspecified && !isDestination(local, pkt)) return false;
    if (remote !== null && !isSource(remote, pkt)) return false;
    if (ifIndex !== 0 && ifIndex !== pkt.ifIndex) return false;
    if (pkt.family === 6) {
      if (!this.#wantsIcmp6(endpoint, pkt)) return false;
      return checksumOffset < 0 || this.#isSumRight(pkt, checksumOffset);
    }
    if (icmpFilter === 0 || pkt.protocol !== PROTOCOL_ICMP) return true;
    if (pkt.transportOff >= pkt.endOff) return false;
    const type = this.#memory.u8[pkt.transportOff];
    return type >= 32 || ((icmpFilter >>> type) & 1) === 0;
  }

  #wantsIcmp6({ icmp6Filter }: RawEndpoint, pkt: Packet): boolean {
    if (icmp6Filter === null || pkt.protocol !== PROTOCOL_ICMPV6) return true;
    if (pkt.transportOff >= pkt.endOff) return false;
    const type = this.#memory.u8[pkt.transportOff];
    return ((icmp6Filter[type >> 5] >>> (type & 31)) & 1) === 0;
  }
}

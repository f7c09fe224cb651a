/**
 * Writes messages of neighbour discovery (RFC 4861 4.3, 4.4) and puts them into an interface's
 * queue, past the neighbour cache, which they are there to fill.
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import { ANY_V6, type IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import { pseudoSum, sum } from "../wire/checksum.ts";
import {
  emitEthernet,
  ETHERNET_HEADER_LEN,
  ETHERTYPE_IPV6,
  MULTICAST_V6_MAC_HI,
} from "../wire/ethernet.ts";
import { emitIcmp, ICMP_HEADER_LEN } from "../wire/icmp.ts";
import {
  NDP_NEIGHBOUR_ADVERTISEMENT,
  NDP_NEIGHBOUR_SOLICITATION,
  NDP_ROUTER_SOLICITATION,
} from "../wire/icmpv6.ts";
import { emitIpv6Header, IPV6_HEADER_LEN, PROTOCOL_ICMPV6 } from "../wire/ipv6.ts";
import {
  emitNdpSixBytes,
  NDP_HOP_LIMIT,
  NDP_NEIGHBOUR_LEN,
  NDP_OPTION_NONCE,
  NDP_OPTION_SOURCE_LINK,
  NDP_OPTION_TARGET_LINK,
  NDP_ROUTER_SOLICITATION_LEN,
} from "../wire/ndp.ts";
import type { Interface } from "./interface.ts";
import { ALL_ROUTERS6, solicitedNode } from "./addresses6.ts";

/** Somebody's link-layer address. */
export interface LinkAddress {
  readonly macHi: number;
  readonly macLo: number;
}

export class NdpSender {
  constructor(readonly memory: Memory, readonly counters: Counters) {}

  /** Asks who has `target`: its group, or the one at `to`, who had it. */
  solicit(iface: Interface, src: IpAddress, target: IpAddress, to: LinkAddress | null): void {
    const l4 = this.#begin(iface);
    const { macHi, macLo } = iface;
    const at = l4 + NDP_NEIGHBOUR_LEN;
    const len = emitNdpSixBytes(this.memory.dv, at, NDP_OPTION_SOURCE_LINK, macHi, macLo);
    const dst = to === null ? solicitedNode(target) : target;
    this.#finish(iface, l4, NDP_NEIGHBOUR_SOLICITATION, 0, src, dst, target, len, to);
    this.counters.ndp.outRequests++;
  }

  /** Asks the link's routers to tell of themselves (RFC 4861 4.1). */
  solicitRouters(iface: Interface, src: IpAddress): void {
    const l4 = this.#begin(iface);
    const { macHi, macLo } = iface;
    const at = l4 + NDP_ROUTER_SOLICITATION_LEN;
    const { dv } = this.memory;
    const len = src.isUnspecified
      ? 0
      : emitNdpSixBytes(dv, at, NDP_OPTION_SOURCE_LINK, macHi, macLo);
    const whole = NDP_ROUTER_SOLICITATION_LEN + len;
    this.#send(iface, l4, NDP_ROUTER_SOLICITATION, 0, src, ALL_ROUTERS6, whole, null);
  }

  /** Asks whether anybody has `target`, which is to be ours (RFC 4862 5.4.2). */
  askWhetherFree(iface: Interface, target: IpAddress, nonceHi: number, nonceLo: number): void {
    const l4 = this.#begin(iface);
    const at = l4 + NDP_NEIGHBOUR_LEN;
    const len = emitNdpSixBytes(this.memory.dv, at, NDP_OPTION_NONCE, nonceHi, nonceLo);
    const dst = solicitedNode(target);
    this.#finish(iface, l4, NDP_NEIGHBOUR_SOLICITATION, 0, ANY_V6, dst, target, len, null);
    this.counters.ndp.outRequests++;
  }

  /** Says that `target` is ours, with `flags` (NA_*), to `dst`; `to` null: a group. */
  advertise(
    iface: Interface,
    target: IpAddress,
    dst: IpAddress,
    flags: number,
    to: LinkAddress | null,
  ): void {
    const l4 = this.#begin(iface);
    const { macHi, macLo } = iface;
    const at = l4 + NDP_NEIGHBOUR_LEN;
    const len = emitNdpSixBytes(this.memory.dv, at, NDP_OPTION_TARGET_LINK, macHi, macLo);
    this.#finish(iface, l4, NDP_NEIGHBOUR_ADVERTISEMENT, flags, target, dst, target, len, to);
    this.counters.ndp.outReplies++;
  }

  /** Where the ICMPv6 message goes. */
  #begin(iface: Interface): number {
    const { tx } = iface;
    if (tx.count === tx.capacity) iface.transmit();
    return tx.l4Off[tx.begin()];
  }

  #finish(
    iface: Interface,
    l4: number,
    type: number,
    flags: number,
    src: IpAddress,
    dst: IpAddress,
    target: IpAddress,
    optionsLen: number,
    to: LinkAddress | null,
  ): void {
    target.writeTo(this.memory.u8, l4 + ICMP_HEADER_LEN);
    this.#send(iface, l4, type, flags, src, dst, NDP_NEIGHBOUR_LEN + optionsLen, to);
  }

  /** The message of `len` bytes at `l4`, all of it but the header. */
  #send(
    iface: Interface,
    l4: number,
    type: number,
    flags: number,
    src: IpAddress,
    dst: IpAddress,
    len: number,
    to: LinkAddress | null,
  ): void {
    const { dv } = this.memory;
    const { tx, macHi, macLo } = iface;
    const pseudo = pseudoSum(src, dst, PROTOCOL_ICMPV6, len);
    const payloadSum = sum(dv, l4 + ICMP_HEADER_LEN, len - ICMP_HEADER_LEN, pseudo);
    emitIcmp(dv, l4, type, 0, flags, payloadSum);
    tx.hdrLen[tx.count] = len;
    const ip = tx.prepend(IPV6_HEADER_LEN);
    emitIpv6Header(dv, ip, 0, 0, len, PROTOCOL_ICMPV6, NDP_HOP_LIMIT, src, dst);
    const link = tx.prepend(ETHERNET_HEADER_LEN);
    const dstHi = to === null ? MULTICAST_V6_MAC_HI : to.macHi;
    const dstLo = to === null ? dst.w3 : to.macLo;
    emitEthernet(dv, link, dstHi, dstLo, macHi, macLo, ETHERTYPE_IPV6);
    tx.commit();
    this.counters.ip6.outRequests++;
    this.counters.icmp6.outMsgs++;
  }
}

/**
 * Writes messages of neighbour discovery (RFC 4861 4) and puts them into an interface's
 * queue, past the neighbour cache, which they are there to fill.
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import { ANY_V6, type IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
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
  NDP_REDIRECT,
  NDP_ROUTER_SOLICITATION,
} from "../wire/icmpv6.ts";
import {
  emitIpv6Header,
  IPV6_DST_OFFSET,
  IPV6_HEADER_LEN,
  IPV6_MIN_MTU,
  PROTOCOL_ICMPV6,
} from "../wire/ipv6.ts";
import {
  emitNdpRedirected,
  emitNdpSixBytes,
  NDP_HOP_LIMIT,
  NDP_NEIGHBOUR_LEN,
  NDP_OPTION_NONCE,
  NDP_OPTION_SOURCE_LINK,
  NDP_OPTION_TARGET_LINK,
  NDP_REDIRECT_LEN,
  NDP_REDIRECTED_LEN,
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

  /**
   * Says that `target` is ours, with `flags` (NA_*), to `dst`; `to` null: a group. `src`: of an
   * anycast address, which is nobody's source.
   */
  advertise(
    iface: Interface,
    target: IpAddress,
    dst: IpAddress,
    flags: number,
    to: LinkAddress | null,
    src = target,
  ): void {
    const l4 = this.#begin(iface);
    const { macHi, macLo } = iface;
    const at = l4 + NDP_NEIGHBOUR_LEN;
    const len = emitNdpSixBytes(this.memory.dv, at, NDP_OPTION_TARGET_LINK, macHi, macLo);
    this.#finish(iface, l4, NDP_NEIGHBOUR_ADVERTISEMENT, flags, src, dst, target, len, to);
    this.counters.ndp.outReplies++;
  }

  /**
   * Tells `host` at `hostLink`, whose packet `pkt` is, that `target` is a better first hop to where
   * it goes (RFC 4861 4.5); `link` null: its link-layer address is not known.
   */
  redirect(
    iface: Interface,
    src: IpAddress,
    host: IpAddress,
    hostLink: LinkAddress,
    target: IpAddress,
    link: LinkAddress | null,
    pkt: Packet,
  ): void {
    const { memory: { dv, u8 }, memory, counters } = this;
    const l4 = this.#begin(iface);
    const { tx } = iface;
    target.writeTo(u8, l4 + ICMP_HEADER_LEN);
    u8.copyWithin(
      l4 + ICMP_HEADER_LEN + 16,
      pkt.networkOff + IPV6_DST_OFFSET,
      pkt.networkOff + IPV6_HEADER_LEN,
    );
    let at = l4 + NDP_REDIRECT_LEN;
    if (link !== null) {
      at += emitNdpSixBytes(dv, at, NDP_OPTION_TARGET_LINK, link.macHi, link.macLo);
    }
    const room = IPV6_MIN_MTU - IPV6_HEADER_LEN - (at - l4) - NDP_REDIRECTED_LEN;
    const quoteLen = Math.min(room, pkt.endOff - pkt.networkOff) & ~7;
    const quote = memory.alloc(quoteLen);
    if (quote < 0) return;
    u8.copyWithin(quote, pkt.networkOff, pkt.networkOff + quoteLen);
    memory.freeDeferred(quote, quoteLen);
    at += emitNdpRedirected(dv, at, quoteLen);
    tx.payOff[tx.count] = quote;
    tx.payLen[tx.count] = quoteLen;
    this.#send(iface, l4, NDP_REDIRECT, 0, src, host, at - l4, hostLink);
    counters.icmp6.outRedirects++;
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

  /** The message of `len` bytes at `l4` and the row's payload, all of it but the header. */
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
    const [payOff, payLen] = [tx.payOff[tx.count], tx.payLen[tx.count]];
    const whole = len + payLen;
    const pseudo = pseudoSum(src, dst, PROTOCOL_ICMPV6, whole);
    const inSlot = sum(dv, l4 + ICMP_HEADER_LEN, len - ICMP_HEADER_LEN, pseudo);
    emitIcmp(dv, l4, type, 0, flags, sum(dv, payOff, payLen, inSlot));
    tx.hdrLen[tx.count] = len;
    const ip = tx.prepend(IPV6_HEADER_LEN);
    emitIpv6Header(dv, ip, 0, 0, whole, PROTOCOL_ICMPV6, NDP_HOP_LIMIT, src, dst);
    const link = tx.prepend(ETHERNET_HEADER_LEN);
    const dstHi = to === null ? MULTICAST_V6_MAC_HI : to.macHi;
    const dstLo = to === null ? dst.w3 : to.macLo;
    emitEthernet(dv, link, dstHi, dstLo, macHi, macLo, ETHERTYPE_IPV6);
    tx.commit();
    this.counters.ip6.outRequests++;
    this.counters.icmp6.outMsgs++;
  }
}

/**
 * ICMPv6 errors that we send: when one may be sent at all, what it quotes, and how many (RFC 4443
 * 2.4).
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import type { Network, Route } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { pseudoSum, sum } from "../wire/checksum.ts";
import { emitIcmp, ICMP_HEADER_LEN } from "../wire/icmp.ts";
import {
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_TIME_EXCEEDED,
  ICMPV6_TOO_BIG,
  ICMPV6_UNREACHABLE,
  isIcmpv6Error,
  NDP_REDIRECT,
} from "../wire/icmpv6.ts";
import { IPV6_HEADER_LEN, IPV6_MIN_MTU, PROTOCOL_ICMPV6 } from "../wire/ipv6.ts";
import type { IcmpConfig } from "./config.ts";
import { IcmpRateLimit } from "./rate_limit.ts";

export class Icmpv6ErrorSender {
  readonly #limit: IcmpRateLimit;

  constructor(
    readonly memory: Memory,
    readonly network: Network,
    readonly counters: Counters,
    readonly config: IcmpConfig,
    random: () => number,
    readonly log: LogSink,
  ) {
    this.#limit = new IcmpRateLimit(config, counters, random);
  }

  sendUnreachable(pkt: Packet, code: number): void {
    if (this.#send(pkt, ICMPV6_UNREACHABLE, code, 0, false)) {
      this.counters.icmp6.outDestUnreachs++;
    }
  }

  sendTimeExceeded(pkt: Packet, code: number): void {
    if (this.#send(pkt, ICMPV6_TIME_EXCEEDED, code, 0, false)) this.counters.icmp6.outTimeExcds++;
  }

  /** `pointer`: the faulty byte, from the IPv6 header's start. */
  sendParameterProblem(pkt: Packet, code: number, pointer: number, toGroup: boolean): void {
    if (this.#send(pkt, ICMPV6_PARAMETER_PROBLEM, code, pointer, toGroup)) {
      this.counters.icmp6.outParmProbs++;
    }
  }

  sendTooBig(pkt: Packet, mtu: number): void {
    if (this.#send(pkt, ICMPV6_TOO_BIG, 0, mtu, true)) this.counters.icmp6.outDestUnreachs++;
  }

  #send(pkt: Packet, type: number, code: number, rest: number, toGroup: boolean): boolean {
    if (!this.#mayAnswer(pkt, toGroup)) return false;
    const to = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const from = IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    const src = !from.isMulticast && this.network.isLocal(from) ? from : null;
    const route = this.network.route(to, src, to.isLinkLocal ? pkt.ifIndex : 0);
    if (typeof route === "number") return false;
    // By the network of the other end: its owner has all of a /64 to ask from.
    const whose = to.w0 ^ Math.imul(to.w1, 0x9e3779b1);
    if (!route.isLoopback && !this.#limit.allow(whose, pkt.nowUs)) {
      this.#tell(LogEvent.ICMP_RATE_LIMITED, route, type, code);
      return false;
    }
    this.#tell(LogEvent.ICMP_ERROR_SENT, route, type, code);
    return this.#emit(pkt, route, type, code, rest);
  }

  #tell(event: LogEvent, route: Route, type: number, code: number): void {
    if (this.log.isOn[event] === 0) return;
    this.log.address(event, route.ifIndex, route.dst, type << 8 | code);
  }

  /** RFC 4443 2.4 (e): never about an error, or to or about more than one host. */
  #mayAnswer(pkt: Packet, toGroup: boolean): boolean {
    if ((pkt.isMulticast || pkt.isLinkBroadcast) && !toGroup) return false;
    if (pkt.src0 >>> 24 === 0xff) return false;
    if (pkt.src0 === 0 && pkt.src1 === 0 && pkt.src2 === 0 && pkt.src3 === 0) return false;
    if (pkt.protocol !== PROTOCOL_ICMPV6) return true;
    if (pkt.transportOff >= pkt.endOff) return false;
    const type = this.memory.dv.getUint8(pkt.transportOff);
    return !isIcmpv6Error(type) && type !== NDP_REDIRECT;
  }

  #emit(pkt: Packet, route: Route, type: number, code: number, rest: number): boolean {
    const { memory, network } = this;
    const maxQuote = IPV6_MIN_MTU - IPV6_HEADER_LEN - ICMP_HEADER_LEN;
    const quoteLen = Math.min(pkt.endOff - pkt.networkOff, maxQuote);
    const quote = memory.alloc(quoteLen);
    if (quote < 0) return false;
    memory.u8.copyWithin(quote, pkt.networkOff, pkt.networkOff + quoteLen);
    memory.freeDeferred(quote, quoteLen);
    const row = network.begin(route);
    const tx = route.tx;
    const pseudo = pseudoSum(route.src, route.dst, PROTOCOL_ICMPV6, ICMP_HEADER_LEN + quoteLen);
    emitIcmp(memory.dv, tx.l4Off[row], type, code, rest, sum(memory.dv, quote, quoteLen, pseudo));
    tx.hdrLen[row] = ICMP_HEADER_LEN;
    tx.payOff[row] = quote;
    tx.payLen[row] = quoteLen;
    const { ttl } = this.config;
    const result = network.send(route, route.src, PROTOCOL_ICMPV6, ttl, 0, false, pkt.nowUs);
    if (result < 0) this.counters.icmp6.outErrors++;
    else this.counters.icmp6.outMsgs++;
    return result >= 0;
  }
}

/**
 * ICMPv6 errors that we send: when one may be sent at all, what it quotes, and how many (RFC 4443
 * 2.4).
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { LogSink } from "../base/log.ts";
import type { Memory } from "../base/memory.ts";
import type { Network } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { ICMP_HEADER_LEN } from "../wire/icmp.ts";
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
import { ErrorOut } from "./error_out.ts";
import { MessageOut } from "./message_out.ts";

/** An error is at most as long as every link takes (RFC 4443 2.4 (c)). */
const QUOTE_MAX_LEN = IPV6_MIN_MTU - IPV6_HEADER_LEN - ICMP_HEADER_LEN;

export class Icmpv6ErrorSender {
  readonly #out: ErrorOut;

  constructor(
    readonly memory: Memory,
    readonly network: Network,
    readonly counters: Counters,
    config: IcmpConfig,
    random: () => number,
    log: LogSink,
  ) {
    const out = new MessageOut(memory, network, counters.icmp6, config, PROTOCOL_ICMPV6);
    this.#out = new ErrorOut(out, random, log);
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
    if (!this.#out.isAllowed(route, whose, type, code, pkt.nowUs)) return false;
    return this.#out.send(pkt, route, type, code, rest, QUOTE_MAX_LEN, 0);
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
}

/**
 * ICMP errors that we send (RFC 792, RFC 1122 3.2.2): when one may be sent at all, and what it
 * quotes.
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import type { Memory } from "../base/memory.ts";
import {
  ICMP_HEADER_LEN,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  isIcmpError,
  REDIRECT_HOST,
  UNREACHABLE_FRAGMENTATION_NEEDED,
} from "../wire/icmp.ts";
import { IpAddress } from "../base/ip_address.ts";
import {
  IPV4_FRAGMENT_MASK,
  IPV4_FRAGMENT_OFFSET,
  IPV4_HEADER_LEN,
  PROTOCOL_ICMP,
} from "../wire/ipv4.ts";
import type { IcmpSender, Network, Route } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import type { IcmpConfig } from "./config.ts";
import { ErrorOut } from "./error_out.ts";
import { MessageOut } from "./message_out.ts";
import { RedirectLimit } from "./redirect_limit.ts";

/** An error is at most this long, IP header included (RFC 1812 4.3.2.3). */
const MAX_ERROR_LEN = 576;
/** Precedence "internetwork control" (RFC 1812 4.3.2.5). */
const CONTROL_TOS = 0xc0;

export class IcmpErrorSender implements IcmpSender {
  readonly #out: ErrorOut;
  readonly #redirects = new RedirectLimit();

  constructor(
    readonly memory: Memory,
    readonly network: Network,
    readonly counters: Counters,
    config: IcmpConfig,
    random: () => number,
    log: LogSink,
  ) {
    const out = new MessageOut(memory, network, counters.icmp, config, PROTOCOL_ICMP);
    this.#out = new ErrorOut(out, random, log);
  }

  sendUnreachable(pkt: Packet, code: number): void {
    if (this.#send(pkt, ICMP_UNREACHABLE, code, 0)) this.counters.icmp.outDestUnreachs++;
  }

  sendTimeExceeded(pkt: Packet, code: number): void {
    if (this.#send(pkt, ICMP_TIME_EXCEEDED, code, 0)) this.counters.icmp.outTimeExcds++;
  }

  /** RFC 1191 4: the next hop's MTU in the low half of the word. */
  sendFragmentationNeeded(pkt: Packet, mtu: number): void {
    const code = UNREACHABLE_FRAGMENTATION_NEEDED;
    if (this.#send(pkt, ICMP_UNREACHABLE, code, mtu & 0xffff)) this.counters.icmp.outDestUnreachs++;
  }

  /** `pointer`: the faulty byte, from the IP header's start. */
  sendParameterProblem(pkt: Packet, pointer: number): void {
    if (this.#send(pkt, ICMP_PARAMETER_PROBLEM, 0, pointer << 24)) {
      this.counters.icmp.outParmProbs++;
    }
  }

  /** `gateway` (int32): the better first hop to where the packet goes. Limited in its own way. */
  sendRedirect(pkt: Packet, gateway: number): void {
    if (!this.#mayAnswer(pkt) || !this.#redirects.allow(pkt.src3, pkt.nowUs)) return;
    const route = this.network.route(IpAddress.v4(pkt.src3), null, 0);
    if (typeof route === "number") return;
    if (this.#emit(pkt, route, ICMP_REDIRECT, REDIRECT_HOST, gateway)) {
      this.counters.icmp.outRedirects++;
    }
  }

  #send(pkt: Packet, type: number, code: number, rest: number): boolean {
    if (!this.#mayAnswer(pkt)) return false;
    const to = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const from = IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    // About a packet of our own that could not leave, `dst` is not ours: then the route chooses.
    const route = this.network.route(to, this.network.isLocal(from) ? from : null, 0);
    if (typeof route === "number") return false;
    if (!this.#out.isAllowed(route, to.w3, type, code, pkt.nowUs)) return false;
    return this.#emit(pkt, route, type, code, rest);
  }

  /**
   * RFC 1122 3.2.2: never about an ICMP error, a broadcast, a later fragment, or to no single host.
   */
  #mayAnswer(pkt: Packet): boolean {
    if (pkt.family !== 4 || pkt.isBroadcast || pkt.isMulticast || pkt.isLinkBroadcast) return false;
    const dv = this.memory.dv;
    const fragment = dv.getUint16(pkt.networkOff + IPV4_FRAGMENT_OFFSET);
    if ((fragment & IPV4_FRAGMENT_MASK) !== 0) return false;
    const firstByte = pkt.src3 >>> 24;
    if (firstByte === 0 || firstByte >= 224) return false;
    if (pkt.protocol !== PROTOCOL_ICMP) return true;
    return pkt.transportOff < pkt.endOff && !isIcmpError(dv.getUint8(pkt.transportOff));
  }

  #emit(pkt: Packet, route: Route, type: number, code: number, rest: number): boolean {
    const maxQuote = Math.min(MAX_ERROR_LEN, route.mtu) - IPV4_HEADER_LEN - ICMP_HEADER_LEN;
    const tos = (pkt.tos & 0x1e) | CONTROL_TOS;
    return this.#out.send(pkt, route, type, code, rest, maxQuote, tos);
  }
}

/**
 * ICMPv6 (RFC 4443): answers echo requests, hands errors to the transports that they concern,
 * replies to ping sockets, neighbour discovery and listener discovery to whom they belong. Raw
 * sockets have had their copy before (iface/ipv6_input.ts).
 *
 * @module
 */
import { CSUM_NONE } from "../base/frames.ts";
import type { Counters } from "../base/counters.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import type { IcmpError, Network, Route, Transport } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { DROP_ICMP_TYPE, DROP_NO_MEMORY } from "../base/drop_reason.ts";
import { pseudoSumOfPacket } from "../wire/checksum.ts";
import { ICMP_HEADER_LEN, icmpEchoRest, IcmpHeader } from "../wire/icmp.ts";
import {
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_TIME_EXCEEDED,
  ICMPV6_TOO_BIG,
  ICMPV6_UNREACHABLE,
  isIcmpv6Error,
  MLD_QUERY,
  MLD_V1_DONE,
  MLD_V1_REPORT,
  MLD_V2_REPORT,
  NDP_NEIGHBOUR_ADVERTISEMENT,
  NDP_NEIGHBOUR_SOLICITATION,
  NDP_REDIRECT,
  NDP_ROUTER_ADVERTISEMENT,
  NDP_ROUTER_SOLICITATION,
  parseIcmpv6,
} from "../wire/icmpv6.ts";
import { PROTOCOL_ICMPV6 } from "../wire/ipv6.ts";
import type { IcmpConfig } from "./config.ts";
import { QuotedError6 } from "./error_input6.ts";
import { Icmpv6ErrorSender } from "./error_sender6.ts";
import { MessageOut } from "./message_out.ts";
import type { PingLayer } from "./ping.ts";

export interface Icmpv6LayerDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly config: IcmpConfig;
  readonly random: () => number;
  /** By next header; who gets errors about packets of that protocol. */
  readonly transports: readonly (Transport | null)[];
  /** Raw sockets hear of errors about every protocol. */
  readonly onRawError: (error: IcmpError, nowUs: number) => void;
  readonly ping: PingLayer;
  /** Neighbour discovery: 0 or a drop reason. */
  readonly neighbours: { input(pkt: Packet, type: number, code: number): number };
  /** Listener discovery: 0 or a drop reason. */
  readonly listeners: { input(pkt: Packet, type: number): number };
  readonly log: LogSink;
}

export class Icmpv6Layer implements Transport {
  readonly errors: Icmpv6ErrorSender;
  readonly #out: MessageOut;
  readonly #header = new IcmpHeader();
  readonly #error = new QuotedError6();

  constructor(readonly deps: Icmpv6LayerDeps) {
    const { memory, network, counters, config, random, log } = deps;
    this.#out = new MessageOut(memory, network, counters.icmp6, config, PROTOCOL_ICMPV6);
    this.errors = new Icmpv6ErrorSender(memory, network, counters, config, random, log);
  }

  input(pkt: Packet): boolean {
    const { memory, counters } = this.deps;
    const len = pkt.endOff - pkt.transportOff;
    counters.icmp6.inMsgs++;
    const pseudo = pkt.csum === CSUM_NONE ? pseudoSumOfPacket(pkt, PROTOCOL_ICMPV6, len) : -1;
    const reason = parseIcmpv6(memory.dv, pkt.transportOff, len, pseudo, this.#header) ||
      this.#dispatch(pkt);
    if (reason !== 0) counters.drop(reason);
    return true;
  }

  /** An error about an ICMPv6 message of ours. */
  icmpError(error: IcmpError, nowUs: number): void {
    this.deps.ping.icmpError(error, nowUs);
  }

  #dispatch(pkt: Packet): number {
    const { counters: { icmp6 }, neighbours, listeners, ping } = this.deps;
    const { type, code, id } = this.#header;
    switch (type) {
      case ICMPV6_ECHO_REQUEST:
        icmp6.inEchos++;
        return this.#onEchoRequest(pkt);
      case ICMPV6_ECHO_REPLY:
        icmp6.inEchoReps++;
        ping.deliver(pkt, id);
        return 0;
      case NDP_ROUTER_SOLICITATION:
      case NDP_ROUTER_ADVERTISEMENT:
      case NDP_NEIGHBOUR_SOLICITATION:
      case NDP_NEIGHBOUR_ADVERTISEMENT:
      case NDP_REDIRECT:
        if (type === NDP_REDIRECT) icmp6.inRedirects++;
        return neighbours.input(pkt, type, code);
      case MLD_QUERY:
      case MLD_V1_REPORT:
      case MLD_V1_DONE:
      case MLD_V2_REPORT:
        return listeners.input(pkt, type);
      default:
        // Unknown errors go to whom they concern, all else is dropped (RFC 4443 2.4 (a), (b)).
        return isIcmpv6Error(type) ? this.#onError(pkt) : DROP_ICMP_TYPE;
    }
  }

  #onEchoRequest(pkt: Packet): number {
    const { config, log, network } = this.deps;
    if (config.echoIgnoreAll) return 0;
    const to = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    if (to.isUnspecified) return 0;
    const asked = IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    const ifIndex = to.isLinkLocal ? pkt.ifIndex : 0;
    const route = network.route(to, pkt.isMulticast || pkt.isAnycast ? null : asked, ifIndex);
    if (typeof route === "number") return 0;
    if (log.isOn[LogEvent.ICMP_ECHO] !== 0) {
      const { id, seq } = this.#header;
      log.address(LogEvent.ICMP_ECHO, pkt.ifIndex, to, id, seq, pkt.endOff - pkt.transportOff);
    }
    return this.#reply(pkt, route);
  }

  #reply(pkt: Packet, route: Route): number {
    const { id, seq } = this.#header;
    const off = pkt.transportOff + ICMP_HEADER_LEN;
    const len = pkt.endOff - off;
    const copy = this.#out.copy(off, len);
    if (copy < 0) return DROP_NO_MEMORY;
    const rest = icmpEchoRest(id, seq);
    const { tos, nowUs } = pkt;
    const isSent = this.#out.send(route, ICMPV6_ECHO_REPLY, 0, rest, copy, len, tos, nowUs);
    if (isSent) this.deps.counters.icmp6.outEchoReps++;
    return 0;
  }

  #onError(pkt: Packet): number {
    const { memory, network, log, onRawError, transports } = this.deps;
    this.#count();
    const error = this.#error;
    const reason = error.parse(memory.dv, pkt, this.#header, network);
    if (reason !== 0) return reason;
    if (log.isOn[LogEvent.ICMP_ERROR_RECEIVED] !== 0) {
      const { from, type, code, protocol } = error;
      const kind = type << 8 | code;
      log.address(LogEvent.ICMP_ERROR_RECEIVED, pkt.ifIndex, from, kind, protocol, error.mtu);
    }
    onRawError(error, pkt.nowUs);
    transports[error.protocol]?.icmpError(error, pkt.nowUs);
    return 0;
  }

  #count(): void {
    const { icmp6 } = this.deps.counters;
    const { type } = this.#header;
    if (type === ICMPV6_UNREACHABLE || type === ICMPV6_TOO_BIG) icmp6.inDestUnreachs++;
    else if (type === ICMPV6_TIME_EXCEEDED) icmp6.inTimeExcds++;
    else if (type === ICMPV6_PARAMETER_PROBLEM) icmp6.inParmProbs++;
  }
}

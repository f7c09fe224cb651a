/**
 * ICMP for IPv4 (RFC 792, RFC 1122 3.2.2): answers echo requests, hands errors to the transports
 * that they concern, replies to ping sockets. Raw sockets have had their copy before
 * (iface/ip_input.ts).
 *
 * Source quenches are counted and ignored (RFC 6633), redirects handed on as errors are: the
 * network layer ignores them unless it was told not to.
 *
 * @module
 */
import { CSUM_NONE } from "../base/frames.ts";
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import { DROP_ICMP_TYPE, DROP_NO_MEMORY } from "../base/drop_reason.ts";
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_HEADER_LEN,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_TIME_EXCEEDED,
  ICMP_TIMESTAMP_REPLY,
  ICMP_TIMESTAMP_REQUEST,
  ICMP_UNREACHABLE,
  icmpEchoRest,
  IcmpHeader,
  parseIcmp,
} from "../wire/icmp.ts";
import { IpAddress } from "../base/ip_address.ts";
import { PROTOCOL_ICMP } from "../wire/ipv4.ts";
import type { IcmpError, Network, Route, Transport } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import type { IcmpConfig } from "./config.ts";
import { QuotedError } from "./error_input.ts";
import { IcmpErrorSender } from "./error_sender.ts";
import { MessageOut } from "./message_out.ts";
import { PingLayer } from "./ping.ts";

export interface IcmpLayerDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly config: IcmpConfig;
  readonly random: () => number;
  /** By protocol number; who gets errors about packets of that protocol. */
  readonly transports: readonly (Transport | null)[];
  /** Raw sockets hear of errors about every protocol. */
  readonly onRawError: (error: IcmpError, nowUs: number) => void;
  readonly log: LogSink;
}

export class IcmpLayer implements Transport {
  readonly errors: IcmpErrorSender;
  readonly ping: PingLayer;
  readonly #memory: Memory;
  readonly #network: Network;
  readonly #counters: Counters;
  readonly #out: MessageOut;
  readonly #header = new IcmpHeader();
  readonly #error = new QuotedError();

  constructor(readonly deps: IcmpLayerDeps) {
    const { memory, network, counters, config, log } = deps;
    this.#memory = memory;
    this.#network = network;
    this.#counters = counters;
    this.#out = new MessageOut(memory, network, counters.icmp, config, PROTOCOL_ICMP);
    this.errors = new IcmpErrorSender(memory, network, counters, config, deps.random, log);
    this.ping = new PingLayer(memory, network, deps.random);
  }

  input(pkt: Packet): boolean {
    const header = this.#header;
    const len = pkt.endOff - pkt.transportOff;
    this.#counters.icmp.inMsgs++;
    const verify = pkt.csum === CSUM_NONE;
    const reason = parseIcmp(this.#memory.dv, pkt.transportOff, len, verify, header);
    if (reason !== 0) this.#counters.drop(reason);
    else this.#dispatch(pkt);
    return true;
  }

  /** An error about an ICMP message of ours. */
  icmpError(error: IcmpError, nowUs: number): void {
    this.ping.icmpError(error, nowUs);
  }

  #dispatch(pkt: Packet): void {
    const counters = this.#counters.icmp;
    switch (this.#header.type) {
      case ICMP_ECHO_REQUEST:
        counters.inEchos++;
        return this.#onEchoRequest(pkt);
      case ICMP_ECHO_REPLY:
        counters.inEchoReps++;
        this.ping.deliver(pkt, this.#header.id);
        return;
      case ICMP_UNREACHABLE:
        counters.inDestUnreachs++;
        return this.#onError(pkt);
      case ICMP_TIME_EXCEEDED:
        counters.inTimeExcds++;
        return this.#onError(pkt);
      case ICMP_PARAMETER_PROBLEM:
        counters.inParmProbs++;
        return this.#onError(pkt);
      case ICMP_SOURCE_QUENCH:
        counters.inSrcQuenchs++;
        return;
      case ICMP_REDIRECT:
        counters.inRedirects++;
        return this.#onError(pkt);
      case ICMP_TIMESTAMP_REQUEST: // RFC 1122 3.2.2.8: an answer is optional
        counters.inTimestamps++;
        return;
      case ICMP_TIMESTAMP_REPLY:
        counters.inTimestampReps++;
        return;
      default:
        this.#counters.drop(DROP_ICMP_TYPE);
    }
  }

  #onEchoRequest(pkt: Packet): void {
    const { config, log } = this.deps;
    if (config.echoIgnoreAll) return;
    const isGroup = pkt.isBroadcast || pkt.isMulticast;
    if (isGroup && config.echoIgnoreBroadcasts) return;
    const to = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
    const asked = IpAddress.fromWords(pkt.dst0, pkt.dst1, pkt.dst2, pkt.dst3);
    const route = this.#network.route(to, isGroup ? null : asked, 0);
    if (typeof route === "number") return;
    if (log.isOn[LogEvent.ICMP_ECHO] !== 0) {
      const { id, seq } = this.#header;
      log.address(LogEvent.ICMP_ECHO, pkt.ifIndex, to, id, seq, pkt.endOff - pkt.transportOff);
    }
    this.#reply(pkt, route);
  }

  #reply(pkt: Packet, route: Route): void {
    const { id, seq } = this.#header;
    const off = pkt.transportOff + ICMP_HEADER_LEN;
    const len = pkt.endOff - off;
    const copy = this.#out.copy(off, len);
    if (copy < 0) {
      this.#counters.drop(DROP_NO_MEMORY);
      return;
    }
    const rest = icmpEchoRest(id, seq);
    const { tos, nowUs } = pkt;
    const isSent = this.#out.send(route, ICMP_ECHO_REPLY, 0, rest, copy, len, tos, nowUs);
    if (isSent) this.#counters.icmp.outEchoReps++;
  }

  #onError(pkt: Packet): void {
    const error = this.#error;
    const reason = error.parse(this.#memory.dv, pkt, this.#header, this.#network);
    if (reason !== 0) {
      this.#counters.drop(reason);
      return;
    }
    const { log } = this.deps;
    if (log.isOn[LogEvent.ICMP_ERROR_RECEIVED] !== 0) {
      const { from, type, code, protocol } = error;
      const kind = type << 8 | code;
      log.address(LogEvent.ICMP_ERROR_RECEIVED, pkt.ifIndex, from, kind, protocol, error.mtu);
    }
    this.deps.onRawError(error, pkt.nowUs);
    this.deps.transports[error.protocol]?.icmpError(error, pkt.nowUs);
  }
}

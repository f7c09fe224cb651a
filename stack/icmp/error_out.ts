/**
 * What ICMP's and ICMPv6's errors have in common once it is clear that one may be sent: the limits
 * on them, the packet that they quote, and that the log is told.
 *
 * @module
 */
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Route } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import type { MessageOut } from "./message_out.ts";
import { IcmpRateLimit } from "./rate_limit.ts";

export class ErrorOut {
  readonly #limit: IcmpRateLimit;

  /** `random`: uniform int32. */
  constructor(readonly out: MessageOut, random: () => number, readonly log: LogSink) {
    this.#limit = new IcmpRateLimit(out.config, out.counters, random);
  }

  /** Whether one more error may go there now. `whose` (int32): by whom it is limited. */
  isAllowed(route: Route, whose: number, type: number, code: number, nowUs: number): boolean {
    if (route.isLoopback || this.#limit.allow(whose, nowUs)) return true;
    this.#tell(LogEvent.ICMP_RATE_LIMITED, route, type, code);
    return false;
  }

  /** Sends an error about `pkt`, of which it quotes at most `maxQuote` bytes. Whether it could. */
  send(
    pkt: Packet,
    route: Route,
    type: number,
    code: number,
    rest: number,
    maxQuote: number,
    tos: number,
  ): boolean {
    const { out } = this;
    this.#tell(LogEvent.ICMP_ERROR_SENT, route, type, code);
    const len = Math.min(pkt.endOff - pkt.networkOff, maxQuote);
    const quote = out.copy(pkt.networkOff, len);
    return quote >= 0 && out.send(route, type, code, rest, quote, len, tos, pkt.nowUs);
  }

  #tell(event: LogEvent, route: Route, type: number, code: number): void {
    if (this.log.isOn[event] === 0) return;
    this.log.address(event, route.ifIndex, route.dst, type << 8 | code);
  }
}

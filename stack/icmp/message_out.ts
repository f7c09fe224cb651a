/**
 * Sends messages of ICMP or ICMPv6 whose data is a copy of what has come in: replies and errors.
 *
 * @module
 */
import type { IcmpCounters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import type { Network, Route } from "../base/network.ts";
import { pseudoSum, sum } from "../wire/checksum.ts";
import { emitIcmp, ICMP_HEADER_LEN } from "../wire/icmp.ts";
import { PROTOCOL_ICMPV6 } from "../wire/ipv6.ts";
import type { IcmpConfig } from "./config.ts";

export class MessageOut {
  /** `protocol`: PROTOCOL_ICMP or PROTOCOL_ICMPV6; `counters`: its own. */
  constructor(
    readonly memory: Memory,
    readonly network: Network,
    readonly counters: IcmpCounters,
    readonly config: IcmpConfig,
    readonly protocol: number,
  ) {}

  /**
   * A copy, which lasts until it has left, of the `len` bytes at `off`: what came in is gone by
   * then. Its offset; -1: there is no memory.
   */
  copy(off: number, len: number): number {
    const { memory } = this;
    if (len === 0) return 0;
    const copy = memory.alloc(len);
    if (copy < 0) return -1;
    memory.u8.copyWithin(copy, off, off + len);
    memory.freeDeferred(copy, len);
    return copy;
  }

  /** Sends a message with the data at `off`. False: it could not be sent, which is counted. */
  send(
    route: Route,
    type: number,
    code: number,
    rest: number,
    off: number,
    len: number,
    tos: number,
    nowUs: number,
  ): boolean {
    const { memory: { dv }, network, counters, config, protocol } = this;
    const { src, dst, tx } = route;
    const row = network.begin(route);
    const isV6 = protocol === PROTOCOL_ICMPV6;
    const pseudo = isV6 ? pseudoSum(src, dst, protocol, ICMP_HEADER_LEN + len) : 0;
    emitIcmp(dv, tx.l4Off[row], type, code, rest, sum(dv, off, len, pseudo));
    tx.hdrLen[row] = ICMP_HEADER_LEN;
    tx.payOff[row] = off;
    tx.payLen[row] = len;
    const isSent = network.send(route, src, protocol, config.ttl, tos, false, nowUs) >= 0;
    if (isSent) counters.outMsgs++;
    else counters.outErrors++;
    return isSent;
  }
}

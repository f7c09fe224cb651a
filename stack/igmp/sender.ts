/**
 * Sends IGMP's messages: each with TTL 1, DSCP CS6 and the Router Alert option (RFC 9776 4). A
 * report of version 3 is cut into as many messages as its records need (4.2.16).
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Network, Route } from "../base/network.ts";
import {
  CHANGE_TO_EXCLUDE,
  emitIgmp,
  emitIgmpIpHeader,
  emitIgmpRecord,
  emitIgmpV3Report,
  IGMP_IP_HEADER_LEN,
  IGMP_LEN,
  IGMP_RECORD_LEN,
  IGMP_V1_REPORT,
  IGMP_V2_LEAVE,
  IGMP_V2_REPORT,
  MODE_IS_EXCLUDE,
} from "../wire/igmp.ts";
import type { RecordSink } from "./group_state.ts";
import type { ReportSender } from "./host_link.ts";

const ALL_ROUTERS: IpAddress = IpAddress.v4(0xe0000002 | 0);
/** Those that speak version 3. */
const ALL_REPORTS: IpAddress = IpAddress.v4(0xe0000016 | 0);
/** Longest packet, where the link's MTU is not less. */
export const REPORT_MAX_LEN = 1500;

export interface SenderDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
}

export class Sender implements ReportSender {
  constructor(readonly deps: SenderDeps) {}

  /** The report of version 1 or 2. */
  report(ifIndex: number, version: number, group: number, nowUs: number): void {
    const type = version === 1 ? IGMP_V1_REPORT : IGMP_V2_REPORT;
    this.#sendOld(ifIndex, type, group, IpAddress.v4(group), nowUs);
    this.deps.counters.igmp.outReports++;
  }

  leave(ifIndex: number, group: number, nowUs: number): void {
    this.#sendOld(ifIndex, IGMP_V2_LEAVE, group, ALL_ROUTERS, nowUs);
    this.deps.counters.igmp.outLeaves++;
  }

  /** A report of version 3, of the records that `fill` gives; none when there are none. */
  reportV3(ifIndex: number, nowUs: number, fill: (sink: RecordSink) => void): void {
    const route = this.#route(ifIndex, ALL_REPORTS);
    if (route === null) return fill(() => {});
    const { dv } = this.deps.memory;
    const maxLen = Math.min(route.mtu, REPORT_MAX_LEN) - IGMP_IP_HEADER_LEN;
    let [off, len, records] = [-1, 0, 0];
    const send = () => {
      if (off < 0) return;
      emitIgmpV3Report(dv, off, records, len);
      this.#send(route, off, len, nowUs);
      this.deps.counters.igmp.outReports++;
      off = -1;
    };
    fill((type, group, sources) => {
      let from = 0;
      do {
        if (off >= 0 && len + IGMP_RECORD_LEN + 4 * sources.length - 4 * from > maxLen) send();
        if (off < 0) {
          off = this.#alloc(maxLen);
          if (off < 0) return;
          [len, records] = [IGMP_LEN, 0];
        }
        const room = (maxLen - len - IGMP_RECORD_LEN) >> 2;
        const end = Math.min(sources.length, from + room);
        len += emitIgmpRecord(dv, off + len, type, group, sources, from, end);
        records++;
        // Those that are left out of an EXCLUDE list are heard for nothing, no more.
        from = type === MODE_IS_EXCLUDE || type === CHANGE_TO_EXCLUDE ? sources.length : end;
      } while (from < sources.length);
    });
    send();
  }

  #sendOld(ifIndex: number, type: number, group: number, dst: IpAddress, nowUs: number): void {
    const route = this.#route(ifIndex, dst);
    const off = route === null ? -1 : this.#alloc(IGMP_LEN);
    if (route === null || off < 0) return;
    emitIgmp(this.deps.memory.dv, off, type, group);
    this.#send(route, off, IGMP_LEN, nowUs);
  }

  /** We do not hear ourselves. */
  #route(ifIndex: number, dst: IpAddress): Route | null {
    const route = this.deps.network.route(dst, null, ifIndex, false);
    return typeof route === "number" ? null : route;
  }

  #alloc(len: number): number {
    const { memory } = this.deps;
    const off = memory.alloc(len);
    if (off >= 0) memory.freeDeferred(off, len);
    return off;
  }

  #send(route: Route, off: number, len: number, nowUs: number): void {
    const { memory, network } = this.deps;
    const row = network.begin(route);
    const { tx } = route;
    emitIgmpIpHeader(memory.dv, tx.l4Off[row], len, route.src.w3, route.dst.w3);
    tx.hdrLen[row] = IGMP_IP_HEADER_LEN;
    tx.payOff[row] = off;
    tx.payLen[row] = len;
    network.sendWithIpHeader(route, nowUs);
  }
}

/**
 * Sends IGMP's messages: each with TTL 1, DSCP CS6 and the Router Alert option (RFC 9776 4).
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Network, Route } from "../base/network.ts";
import {
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
} from "../wire/igmp.ts";
import type { RecordSink } from "./group_state.ts";
import type { ReportSender } from "./host_link.ts";
import { allocMessage, cutReport, REPORT_MAX_LEN, type ReportForm } from "./report_cutter.ts";

const ALL_ROUTERS: IpAddress = IpAddress.v4(0xe0000002 | 0);
/** Those that speak version 3. */
const ALL_REPORTS: IpAddress = IpAddress.v4(0xe0000016 | 0);
const FORM: ReportForm<number> = {
  headLen: IGMP_LEN,
  recordLen: IGMP_RECORD_LEN,
  sourceLen: 4,
  emitRecord: emitIgmpRecord,
};

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
    const { memory, counters } = this.deps;
    const maxLen = Math.min(route.mtu, REPORT_MAX_LEN) - IGMP_IP_HEADER_LEN;
    cutReport(memory, FORM, maxLen, fill, (off, len, records) => {
      emitIgmpV3Report(memory.dv, off, records, len);
      this.#send(route, off, len, nowUs);
      counters.igmp.outReports++;
    });
  }

  #sendOld(ifIndex: number, type: number, group: number, dst: IpAddress, nowUs: number): void {
    const route = this.#route(ifIndex, dst);
    const off = route === null ? -1 : allocMessage(this.deps.memory, IGMP_LEN);
    if (route === null || off < 0) return;
    emitIgmp(this.deps.memory.dv, off, type, group);
    this.#send(route, off, IGMP_LEN, nowUs);
  }

  /** We do not hear ourselves. */
  #route(ifIndex: number, dst: IpAddress): Route | null {
    const route = this.deps.network.route(dst, null, ifIndex, false);
    return typeof route === "number" ? null : route;
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

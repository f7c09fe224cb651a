/**
 * Sends the messages of listener discovery: hop limit 1, from the link-local address or from none
 * (RFC 3590), with the Router Alert option (RFC 3810 5).
 *
 * @module
 */
import type { AddressNumbers } from "../base/address_numbers.ts";
import type { Counters } from "../base/counters.ts";
import { ANY_V6, IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Network, Route } from "../base/network.ts";
import { pseudoSum, sum } from "../wire/checksum.ts";
import { emitIcmp, ICMP_HEADER_LEN } from "../wire/icmp.ts";
import { MLD_V1_DONE, MLD_V1_REPORT, MLD_V2_REPORT } from "../wire/icmpv6.ts";
import {
  emitAddress6,
  emitIpv6Header,
  IPV6_HEADER_LEN,
  NEXT_HOP_BY_HOP,
  PROTOCOL_ICMPV6,
} from "../wire/ipv6.ts";
import { emitMldRecord, MLD_RECORD_LEN, MLD_SOURCE_LEN, MLD_V1_LEN } from "../wire/mld.ts";
import type { RecordSink } from "./group_state.ts";
import type { ReportSender } from "./host_link.ts";
import {
  type AddressRecordSink,
  allocMessage,
  cutReport,
  REPORT_MAX_LEN,
  type ReportForm,
} from "./report_cutter.ts";

const ALL_ROUTERS: IpAddress = IpAddress.parse("ff02::2")!;
/** Those that speak version 2. */
const ALL_REPORTS: IpAddress = IpAddress.parse("ff02::16")!;
/** Hop-by-hop options: next ICMPv6, length 0, router alert of value 0 (RFC 2711 2.1), PadN. */
const ALERT_FIRST = (PROTOCOL_ICMPV6 << 24) | 0x0502;
const ALERT_SECOND = 0x00000100;
const ALERT_LEN = 8;
const HEADERS_LEN = IPV6_HEADER_LEN + ALERT_LEN;
const HOP_LIMIT = 1;
const FORM: ReportForm<IpAddress> = {
  headLen: ICMP_HEADER_LEN,
  recordLen: MLD_RECORD_LEN,
  sourceLen: MLD_SOURCE_LEN,
  emitRecord: emitMldRecord,
};

export interface MldSenderDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly numbers: AddressNumbers;
}

export class MldSender implements ReportSender {
  constructor(readonly deps: MldSenderDeps) {}

  report(ifIndex: number, _version: number, group: number, nowUs: number): void {
    const addr = this.deps.numbers.addressOf(group);
    if (addr === null) return;
    this.#sendOld(ifIndex, MLD_V1_REPORT, addr, addr, nowUs);
    this.deps.counters.mld.outReports++;
  }

  leave(ifIndex: number, group: number, nowUs: number): void {
    const addr = this.deps.numbers.addressOf(group);
    if (addr === null) return;
    this.#sendOld(ifIndex, MLD_V1_DONE, addr, ALL_ROUTERS, nowUs);
    this.deps.counters.mld.outLeaves++;
  }

  reportV3(ifIndex: number, nowUs: number, fill: (sink: RecordSink) => void): void {
    const { numbers, memory, counters } = this.deps;
    const route = this.#route(ifIndex, ALL_REPORTS);
    if (route === null) return fill(() => {});
    const maxLen = Math.min(route.mtu, REPORT_MAX_LEN) - HEADERS_LEN;
    const fillWithAddresses = (sink: AddressRecordSink<IpAddress>) =>
      fill((type, group, sources) => {
        const addr = numbers.addressOf(group);
        if (addr === null) return;
        const known = sources.map((source) => numbers.addressOf(source)).filter((a) => a !== null);
        sink(type, addr, known);
      });
    cutReport(memory, FORM, maxLen, fillWithAddresses, (off, len, records) => {
      this.#send(route, off, len, MLD_V2_REPORT, records, nowUs);
      counters.mld.outReports++;
    });
  }

  #sendOld(ifIndex: number, type: number, group: IpAddress, dst: IpAddress, nowUs: number): void {
    const route = this.#route(ifIndex, dst);
    const off = route === null ? -1 : allocMessage(this.deps.memory, MLD_V1_LEN);
    if (route === null || off < 0) return;
    emitAddress6(this.deps.memory.dv, off + ICMP_HEADER_LEN, group);
    this.#send(route, off, MLD_V1_LEN, type, 0, nowUs);
  }

  /** We do not hear ourselves. */
  #route(ifIndex: number, dst: IpAddress): Route | null {
    const route = this.deps.network.route(dst, null, ifIndex, false);
    return typeof route === "number" ? null : route;
  }

  /** The link-local address, also where the route to a wider group has another (RFC 2710 3). */
  #source({ src, ifIndex }: Route): IpAddress {
    if (src.isLinkLocal) return src;
    const onLink = this.#route(ifIndex, ALL_REPORTS)?.src ?? ANY_V6;
    return onLink.isLinkLocal ? onLink : ANY_V6;
  }

  /** The message of `len` bytes at `off`, of which the ICMPv6 header is still to be written. */
  #send(
    route: Route,
    off: number,
    len: number,
    type: number,
    rest: number,
    nowUs: number,
  ): void {
    const { memory: { dv }, network, counters } = this.deps;
    const s = this.#source(route);
    const d = route.dst;
    const pseudo = pseudoSum(s, d, PROTOCOL_ICMPV6, len);
    const rest0 = off + ICMP_HEADER_LEN;
    emitIcmp(dv, off, type, 0, rest, sum(dv, rest0, len - ICMP_HEADER_LEN, pseudo));
    const row = network.begin(route);
    const { tx } = route;
    const header = tx.l4Off[row];
    emitIpv6Header(dv, header, 0, 0, ALERT_LEN + len, NEXT_HOP_BY_HOP, HOP_LIMIT, s, d);
    dv.setInt32(header + IPV6_HEADER_LEN, ALERT_FIRST);
    dv.setInt32(header + IPV6_HEADER_LEN + 4, ALERT_SECOND);
    tx.hdrLen[row] = HEADERS_LEN;
    tx.payOff[row] = off;
    tx.payLen[row] = len;
    network.sendWithIpHeader(route, nowUs);
    counters.icmp6.outMsgs++;
  }
}

/**
 * Multicast listener discovery as a host speaks it (RFC 3810, RFC 2710): IGMP's algorithm
 * (host_link.ts) over ICMPv6. Its version 2 is IGMP's 3, its 1 IGMP's 2. Groups and sources are
 * numbers there (base/address_numbers.ts).
 *
 * Every address of ours has a group in which neighbours ask for it: these are told of as any other,
 * since a switch that listens in has to know. Never told: ff02::1, and what stays on the host.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import { AddressNumbers } from "../base/address_numbers.ts";
import type { Counters } from "../base/counters.ts";
import type { SourceFilter } from "../base/group_membership.ts";
import { IpAddress, isLinkLocal6 } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Network } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import { DROP_NDP_ADDRESS } from "../base/drop_reason.ts";
import { ICMP_HEADER_LEN } from "../wire/icmp.ts";
import { MLD_QUERY, MLD_V1_REPORT } from "../wire/icmpv6.ts";
import { IPV6_NEXT_HEADER_OFFSET, NEXT_HOP_BY_HOP, SCOPE_LINK } from "../wire/ipv6.ts";
import { ExtensionWalk, walkHopByHop } from "../wire/ipv6_extension.ts";
import { IGMP_QUERY, IgmpHeader } from "../wire/igmp.ts";
import { MLD_SOURCE_LEN, MLD_V1_LEN, MldQuery, parseMldQuery } from "../wire/mld.ts";
import type { IgmpConfig } from "./config.ts";
import { ASKED_SOURCES_MAX } from "./group_state.ts";
import { HostLinks } from "./host_links.ts";
import { MldSender } from "./mld_sender.ts";

const ALL_NODES: IpAddress = IpAddress.parse("ff02::1")!;
/** All of a group's sources are heard. */
const EVERYBODY: SourceFilter = { isInclude: false, sources: [] };

export interface MldLayerDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly random: () => number;
  readonly alarm: Alarm;
  readonly config: IgmpConfig;
}

export class MldLayer {
  readonly numbers = new AddressNumbers();
  readonly #query = new MldQuery();
  /** The query at hand, as IGMP would have it. */
  readonly #asIgmp = new IgmpHeader();
  readonly #links: HostLinks;
  readonly #walk = new ExtensionWalk();

  constructor(readonly deps: MldLayerDeps) {
    const { counters, random, config, alarm } = deps;
    const sender = new MldSender({ ...deps, numbers: this.numbers });
    this.#links = new HostLinks({ sender, counters: counters.mld, random, config }, alarm);
  }

  /** A socket's filter for a group (its number) on an interface is another; null: no member. */
  changeFilter(
    ifIndex: number,
    group: number,
    before: SourceFilter | null,
    after: SourceFilter | null,
  ): void {
    const addr = this.numbers.addressOf(group);
    if (addr === null || addr.equals(ALL_NODES)) return;
    if (((addr.w0 >>> 16) & 15) < SCOPE_LINK) return;
    this.#links.of(ifIndex).change(group, before, after);
  }

  /** An interface is in a group on its own account, or not any more. */
  changeOwn(ifIndex: number, group: IpAddress, isJoined: boolean): void {
    const number = this.numbers.hold(group);
    this.changeFilter(ifIndex, number, isJoined ? null : EVERYBODY, isJoined ? EVERYBODY : null);
    if (isJoined) return;
    this.numbers.release(number);
    this.numbers.release(number);
  }

  /** A message of listener discovery whose ICMPv6 header is sound. Returns 0 or a drop reason. */
  input(pkt: Packet, type: number): number {
    const { counters } = this.deps;
    counters.mld.inMsgs++;
    // Hop limit 1, from the link, with Router Alert (RFC 3810 6.2, 5.1.14).
    const isFromLink = pkt.ttl === 1 && isLinkLocal6(pkt.src0);
    if (!isFromLink || !this.#isAlert(pkt)) return DROP_NDP_ADDRESS;
    if (type === MLD_QUERY) return this.#onQuery(pkt);
    counters.mld.inReports++;
    const hasGroup = pkt.endOff - pkt.transportOff >= MLD_V1_LEN;
    if (type !== MLD_V1_REPORT || !pkt.isMulticast || !hasGroup) return 0;
    const group = IpAddress.read(this.deps.memory.dv, pkt.transportOff + ICMP_HEADER_LEN, 6);
    this.#links.of(pkt.ifIndex).heardReport(this.numbers.find(group));
    return 0;
  }

  /** All that has changed has been told once. */
  isQuiet(): boolean {
    return this.#links.isQuiet();
  }

  pollAtUs(): number {
    return this.#links.pollAtUs();
  }

  poll(nowUs: number): void {
    this.#links.poll(nowUs);
  }

  #isAlert({ networkOff, endOff }: Packet): boolean {
    const { dv } = this.deps.memory;
    if (dv.getUint8(networkOff + IPV6_NEXT_HEADER_OFFSET) !== NEXT_HOP_BY_HOP) return false;
    const walk = this.#walk;
    return walkHopByHop(dv, networkOff, endOff, walk) === 0 && walk.hasRouterAlert;
  }

  #onQuery(pkt: Packet): number {
    const { memory: { dv }, counters } = this.deps;
    const query = this.#query;
    const off = pkt.transportOff;
    const reason = parseMldQuery(dv, off, pkt.endOff - off, query);
    if (reason !== 0) return reason;
    counters.mld.inQueries++;
    const group = IpAddress.read(dv, query.groupOff, 6);
    const header = this.#asIgmp;
    header.type = IGMP_QUERY;
    header.version = query.version + 1;
    header.group = group.isUnspecified ? 0 : this.numbers.find(group);
    header.maxRespTenths = query.maxResponseMs / 100;
    header.robustness = query.robustness;
    header.intervalSec = query.intervalSeconds;
    header.sourceCount = query.sourceCount;
    const count = query.sourceCount > ASKED_SOURCES_MAX ? 0 : query.sourceCount;
    const sources: number[] = [];
    for (let i = 0; i < count; i++) {
      const source = IpAddress.read(dv, query.sourcesOff + i * MLD_SOURCE_LEN, 6);
      sources.push(this.numbers.find(source));
    }
    this.#links.of(pkt.ifIndex).query(header, sources, pkt.nowUs);
    return 0;
  }
}

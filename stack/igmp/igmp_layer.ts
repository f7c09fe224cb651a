/**
 * IGMP as a host speaks it (RFC 9776, RFC 2236, RFC 1112): tells the multicast routers and
 * switches of every link which groups its sockets have joined there, and from whom they want to
 * hear. 224.0.0.1 is joined everywhere and never told.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { Counters } from "../base/counters.ts";
import { CSUM_NONE } from "../base/frames.ts";
import type { SourceFilter } from "../base/group_membership.ts";
import type { Memory } from "../base/memory.ts";
import type { Network, Transport } from "../base/network.ts";
import type { Packet } from "../base/packet.ts";
import {
  IGMP_QUERY,
  IGMP_V1_REPORT,
  IGMP_V2_REPORT,
  IGMP_V3_REPORT,
  IgmpHeader,
  parseIgmp,
  querySource,
} from "../wire/igmp.ts";
import type { IgmpConfig } from "./config.ts";
import { ASKED_SOURCES_MAX } from "./group_state.ts";
import { HostLinks } from "./host_links.ts";
import { Sender } from "./sender.ts";

const ALL_HOSTS = 0xe0000001 | 0;
/** 224.0.0.0/24, which stays on the link, shifted by its host bits. */
const LINK_LOCAL_GROUPS = 0xe00000;

export interface IgmpLayerDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly random: () => number;
  readonly alarm: Alarm;
  readonly config: IgmpConfig;
}

export class IgmpLayer implements Transport {
  readonly #header = new IgmpHeader();
  readonly #links: HostLinks;

  constructor(readonly deps: IgmpLayerDeps) {
    const { counters, random, config, alarm } = deps;
    const sender = new Sender(deps);
    this.#links = new HostLinks({ sender, counters: counters.igmp, random, config }, alarm);
  }

  /** A socket's filter for `group` on an interface is another; null: it is no member. */
  changeFilter(
    ifIndex: number,
    group: number,
    before: SourceFilter | null,
    after: SourceFilter | null,
  ): void {
    if (group === ALL_HOSTS) return;
    if (group >>> 8 === LINK_LOCAL_GROUPS && !this.deps.config.linkLocalReports) return;
    this.#links.of(ifIndex).change(group, before, after);
  }

  /** What comes in. Whoever it is from, it is for us. */
  input(pkt: Packet): boolean {
    const { counters, memory } = this.deps;
    const header = this.#header;
    const len = pkt.endOff - pkt.transportOff;
    counters.igmp.inMsgs++;
    const reason = parseIgmp(memory.dv, pkt.transportOff, len, pkt.csum === CSUM_NONE, header);
    if (reason !== 0) counters.drop(reason);
    else if (header.type === IGMP_QUERY) this.#onQuery(pkt);
    else this.#onReport(pkt);
    return true;
  }

  /** A report that did not arrive is sent again, or asked for. */
  icmpError(): void {}

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

  #onQuery(pkt: Packet): void {
    const { counters, memory } = this.deps;
    const header = this.#header;
    counters.igmp.inQueries++;
    // RFC 9776 9.1: a general query goes to all, or it is forged.
    if (header.group === 0 && pkt.isMulticast && pkt.dst3 !== ALL_HOSTS) return;
    const count = header.sourceCount > ASKED_SOURCES_MAX ? 0 : header.sourceCount;
    const sources: number[] = [];
    for (let i = 0; i < count; i++) sources.push(querySource(memory.dv, pkt.transportOff, i));
    this.#links.of(pkt.ifIndex).query(header, sources, pkt.nowUs);
  }

  #onReport(pkt: Packet): void {
    const { type, group } = this.#header;
    if (type === IGMP_V3_REPORT) this.deps.counters.igmp.inReports++;
    if (type !== IGMP_V1_REPORT && type !== IGMP_V2_REPORT) return;
    this.deps.counters.igmp.inReports++;
    // A router does not hear what was sent to us alone.
    if (pkt.isMulticast) this.#links.of(pkt.ifIndex).heardReport(group);
  }
}

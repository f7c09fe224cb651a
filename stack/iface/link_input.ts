/**
 * The way up from a device: looks at the Ethernet header of a received frame, and at its VLAN tag,
 * and hands it to ARP, IPv4 or IPv6. Counts frames, and those that any layer up to IP throws away.
 *
 * @module
 */
import { GSO_NONE, type RxFrames } from "../base/frames.ts";
import type { Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import {
  DROP_FRAME_ETHERTYPE,
  DROP_FRAME_NOT_FOR_US,
  DROP_FRAME_SHORT,
} from "../base/drop_reason.ts";
import {
  ETHERNET_HEADER_LEN,
  ETHERNET_TYPE_OFFSET,
  EthernetHeader,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_VLAN,
  isGroupMac,
  parseEthernet,
  VLAN_ID_MASK,
  VLAN_TAG_LEN,
} from "../wire/ethernet.ts";
import type { Arp } from "./arp.ts";
import type { Interface } from "./interface.ts";
import type { IpInput } from "./ip_input.ts";
import type { Ipv6Input } from "./ipv6_input.ts";
import type { NeighbourTable } from "./neighbour.ts";

const TAGGED_HEADER_LEN = ETHERNET_HEADER_LEN + VLAN_TAG_LEN;

export class LinkInput {
  readonly #header = new EthernetHeader();

  constructor(
    readonly memory: Memory,
    readonly counters: Counters,
    readonly arp: Arp,
    readonly ip: IpInput,
    readonly neighbours: NeighbourTable,
    /** null: IPv6 is not spoken. */
    readonly ip6: Ipv6Input | null,
  ) {}

  /** Frame `i` of `rx` has come in by `iface`; `isOwn`: over the loopback, from ourselves. */
  input(iface: Interface, rx: RxFrames, i: number, isOwn: boolean, nowUs: number): void {
    iface.rxPackets++;
    iface.rxBytes += rx.len[i];
    if (!isOwn) {
      this.counters.device.rxPackets++;
      this.counters.device.rxBytes += rx.len[i];
      if (rx.gsoType[i] !== GSO_NONE) this.counters.device.rxGro++;
    }
    const reason = this.#dispatch(iface, rx, i, isOwn, nowUs);
    if (reason === 0) return;
    iface.rxDropped++;
    this.counters.drop(reason);
  }

  #dispatch(
    iface: Interface,
    rx: RxFrames,
    i: number,
    isOwn: boolean,
    nowUs: number,
  ): number {
    const header = this.#header;
    const dv = this.memory.dv;
    const off = rx.off[i];
    const reason = parseEthernet(dv, off, rx.len[i], header);
    if (reason !== 0) return reason;
    if (header.etherType !== ETHERTYPE_VLAN || isOwn) {
      return this.#toNetwork(iface, rx, i, ETHERNET_HEADER_LEN, isOwn, nowUs);
    }
    if (rx.len[i] < TAGGED_HEADER_LEN) return DROP_FRAME_SHORT;
    const id = dv.getUint16(off + ETHERNET_HEADER_LEN) & VLAN_ID_MASK;
    header.etherType = dv.getUint16(off + ETHERNET_TYPE_OFFSET + VLAN_TAG_LEN);
    // Id 0 is no VLAN: the tag is there for its priority (802.1Q 9.6).
    const vlan = id === 0 ? iface : iface.vlans?.get(id) ?? null;
    if (vlan === null || !vlan.isUp) return DROP_FRAME_ETHERTYPE;
    if (vlan !== iface) {
      vlan.rxPackets++;
      vlan.rxBytes += rx.len[i];
    }
    return this.#toNetwork(vlan, rx, i, TAGGED_HEADER_LEN, false, nowUs);
  }

  #toNetwork(
    iface: Interface,
    rx: RxFrames,
    i: number,
    headerLen: number,
    isOwn: boolean,
    nowUs: number,
  ): number {
    const { dstHi, dstLo, etherType } = this.#header;
    const isGroup = isGroupMac(dstHi);
    const isOurs = isOwn || isGroup || (dstHi === iface.macHi && dstLo === iface.macLo);
    if (!isOurs) return DROP_FRAME_NOT_FOR_US;
    const off = rx.off[i];
    const next = off + headerLen;
    const len = rx.len[i] - headerLen;
    if (etherType === ETHERTYPE_IPV4) {
      const { csum, gsoType, gsoSize } = rx;
      return this.ip.input(
        iface,
        off,
        next,
        len,
        isGroup,
        isOwn,
        csum[i],
        gsoType[i],
        gsoSize[i],
        nowUs,
      );
    }
    if (etherType === ETHERTYPE_IPV6 && this.ip6 !== null && !iface.isIpv6Off) {
      const { csum, gsoType, gsoSize } = rx;
      return this.ip6.input(
        iface,
        off,
        next,
        len,
        isGroup,
        isOwn,
        csum[i],
        gsoType[i],
        gsoSize[i],
        nowUs,
      );
    }
    if (etherType !== ETHERTYPE_ARP || isOwn) return DROP_FRAME_ETHERTYPE;
    return this.arp.input(iface, next, len, this.neighbours, nowUs);
  }
}

/**
 * The way up from a device: looks at the Ethernet header of a received frame and hands it to ARP or
 * IP. Counts frames, and those that any layer up to IP throws away.
 *
 * @module
 */
import { GSO_NONE, type RxFrames } from "../base/frames.ts";
import type { Counters } from "../base/counters.ts";
import type { Memory } from "../base/memory.ts";
import { DROP_FRAME_ETHERTYPE, DROP_FRAME_NOT_FOR_US } from "../base/drop_reason.ts";
import {
  ETHERNET_HEADER_LEN,
  EthernetHeader,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  isGroupMac,
  parseEthernet,
} from "../wire/ethernet.ts";
import type { Arp } from "./arp.ts";
import type { Interface } from "./interface.ts";
import type { IpInput } from "./ip_input.ts";
import type { NeighbourTable } from "./neighbour.ts";

export class LinkInput {
  readonly #header = new EthernetHeader();

  constructor(
    readonly memory: Memory,
    readonly counters: Counters,
    readonly arp: Arp,
    readonly ip: IpInput,
    readonly neighbours: NeighbourTable,
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
    const off = rx.off[i];
    const reason = parseEthernet(this.memory.dv, off, rx.len[i], header);
    if (reason !== 0) return reason;
    const { dstHi, dstLo, etherType } = header;
    const isGroup = isGroupMac(dstHi);
    const isOurs = isOwn || isGroup || (dstHi === iface.macHi && dstLo === iface.macLo);
    if (!isOurs) return DROP_FRAME_NOT_FOR_US;
    const next = off + ETHERNET_HEADER_LEN;
    const len = rx.len[i] - ETHERNET_HEADER_LEN;
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
    if (etherType !== ETHERTYPE_ARP || isOwn) return DROP_FRAME_ETHERTYPE;
    return this.arp.input(iface, next, len, this.neighbours, nowUs);
  }
}

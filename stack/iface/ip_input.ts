/**
 * The way up for IPv4 (RFC 791, RFC 1122 3.2.1): checks the header, decides whether the packet is
 * for us, puts fragments together and hands it to raw sockets and to its transport. What is for
 * others goes to the forwarder (forward.ts), when there is one.
 *
 * @module
 */
import type { Alarm } from "../base/alarm.ts";
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import { CSUM_NONE, GSO_NONE, GSO_TCPV4 } from "../base/frames.ts";
import { DROP_IP_NOT_FOR_US, DROP_IP_PROTOCOL, DROP_IPV4_OPTIONS } from "../base/drop_reason.ts";
import { TIME_EXCEEDED_REASSEMBLY, UNREACHABLE_PORT, UNREACHABLE_PROTOCOL } from "../wire/icmp.ts";
import { Ipv4Header, parseIpv4 } from "../wire/ipv4.ts";
import type { IcmpSender, Transport } from "../base/network.ts";
import { IpAddress } from "../base/ip_address.ts";
import { Packet } from "../base/packet.ts";
import type { IpConfig } from "./config.ts";
import type { Forwarder } from "./forward.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceTable } from "./interface_table.ts";
import { LIMITED_BROADCAST, martianReason } from "./martian.ts";
import { type PartialDatagram, Reassembly } from "./reassembly.ts";

/** The errors that a host sends besides those a transport asks for. */
export interface IpErrorSender extends IcmpSender {
  sendTimeExceeded(pkt: Packet, code: number): void;
  sendParameterProblem(pkt: Packet, pointer: number): void;
  /** `gateway` (int32): a better first hop for the packet's sender. */
  sendRedirect(pkt: Packet, gateway: number): void;
  /** `mtu`: of the link that the packet does not fit. */
  sendFragmentationNeeded(pkt: Packet, mtu: number): void;
}

/** Gives a packet to raw sockets; true when one took it. */
export interface RawSockets {
  deliver(pkt: Packet): boolean;
  /** One for somebody else that routers are to look at. */
  deliverAlert(pkt: Packet): boolean;
}

export interface IpInputDeps {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly config: IpConfig;
  readonly interfaces: InterfaceTable;
  readonly errors: IpErrorSender;
  readonly random: () => number;
  /** By protocol number. */
  readonly transports: readonly (Transport | null)[];
  readonly raw: RawSockets;
  /** null: a host, which drops what is for others. */
  readonly forwarder: Forwarder | null;
  readonly log: LogSink;
  readonly alarm: Alarm;
  /** An IPv6 datagram whose first fragment has come is given up; both share the reassembly. */
  readonly onTimeout6: (datagram: PartialDatagram, nowUs: number) => void;
}

export class IpInput {
  readonly reassembly: Reassembly;
  readonly #pkt = new Packet();
  readonly #header = new Ipv4Header();

  constructor(readonly deps: IpInputDeps) {
    const { memory, counters, config, random, alarm } = deps;
    const onTimeout = (d: PartialDatagram, nowUs: number) => this.#onReassemblyTimeout(d, nowUs);
    this.reassembly = new Reassembly(memory, counters, config, onTimeout, random, alarm);
  }

  /**
   * An IPv4 packet at `off` (of `len` bytes, padding included) of a frame at `linkOff`. `isOwn`: it
   * comes from ourselves. Returns 0 or a drop reason.
   */
  input(
    iface: Interface,
    linkOff: number,
    off: number,
    len: number,
    isLinkGroup: boolean,
    isOwn: boolean,
    csum: number,
    gsoType: number,
    gsoSize: number,
    nowUs: number,
  ): number {
    const { counters, memory } = this.deps;
    const header = this.#header;
    counters.ip.inReceives++;
    counters.ip.inOctets += len;
    const reason = parseIpv4(memory.dv, off, len, !isOwn, header, gsoType === GSO_TCPV4);
    if (reason !== 0 && reason !== DROP_IPV4_OPTIONS) return reason;
    const pkt = this.#pkt;
    this.#fill(pkt, iface, linkOff, off, nowUs);
    pkt.csum = csum;
    pkt.gsoType = gsoType;
    pkt.gsoSize = gsoType === GSO_NONE ? 0 : gsoSize;
    const { src, dst, protocol } = header;
    const martian = martianReason(src, dst, protocol, isOwn, this.deps.interfaces);
    if (martian !== 0) return martian;
    if (!this.#classify(pkt, iface, isLinkGroup)) {
      const { forwarder } = this.deps;
      if (forwarder === null) return DROP_IP_NOT_FOR_US;
      if (reason === 0) return forwarder.forward(pkt, header, isLinkGroup, this.deps.raw);
      forwarder.refuseOptions(pkt, header, isLinkGroup);
      return reason;
    }
    if (reason === DROP_IPV4_OPTIONS) {
      this.deps.errors.sendParameterProblem(pkt, header.optionErrorOff);
      return reason;
    }
    if (header.isFragment) this.#onFragment(pkt, off, iface.index, nowUs);
    else this.#deliver(pkt);
    return 0;
  }

  /** An unreachable neighbour: the sender of the packet at `off`, mostly ourselves, is told. */
  rejectUnsent(off: number, len: number, code: number, nowUs: number): void {
    const { memory, errors, interfaces, forwarder } = this.deps;
    if (parseIpv4(memory.dv, off, len, false, this.#header) !== 0) return;
    // Unless we forward, a source that is not ours is forged (IP_HDRINCL): nobody to tell.
    if (forwarder === null && interfaces.ownerOfV4(this.#header.src) === null) return;
    const pkt = this.#pkt;
    this.#fill(pkt, interfaces.all[0], off, off, nowUs);
    pkt.isBroadcast = false;
    pkt.isMulticast = false;
    pkt.isLinkBroadcast = false;
    errors.sendUnreachable(pkt, code);
  }

  #fill(pkt: Packet, iface: Interface, linkOff: number, off: number, nowUs: number): void {
    const header = this.#header;
    pkt.ifIndex = iface.index;
    pkt.linkOff = linkOff;
    pkt.networkOff = off;
    pkt.transportOff = off + header.headerLen;
    pkt.endOff = off + header.totalLen;
    pkt.family = 4;
    pkt.protocol = header.protocol;
    pkt.ttl = header.ttl;
    pkt.tos = header.tos;
    pkt.src0 = 0;
    pkt.src1 = 0;
    pkt.src2 = 0xffff;
    pkt.src3 = header.src;
    pkt.dst0 = 0;
    pkt.dst1 = 0;
    pkt.dst2 = 0xffff;
    pkt.dst3 = header.dst;
    pkt.zone = 0;
    pkt.fragSize = 0;
    pkt.nowUs = nowUs;
  }

  /** Sets what kind of destination it is; false when it is not ours. */
  #classify(pkt: Packet, iface: Interface, isLinkGroup: boolean): boolean {
    const { counters, interfaces } = this.deps;
    const dst = pkt.dst3;
    pkt.isMulticast = false;
    pkt.isBroadcast = false;
    pkt.isLinkBroadcast = false;
    if (interfaces.ownerOfV4(dst) !== null) {
      pkt.isLinkBroadcast = isLinkGroup;
      pkt.isBroadcast = isLinkGroup;
      return true;
    }
    if (dst === LIMITED_BROADCAST || iface.isSubnetBroadcast(dst)) {
      pkt.isBroadcast = true;
      counters.ip.inBcastPkts++;
      return true;
    }
    if (dst >>> 28 !== 14 || !iface.hasGroup(dst)) return false;
    pkt.isMulticast = true;
    pkt.group = dst;
    pkt.source = pkt.src3;
    counters.ip.inMcastPkts++;
    return true;
  }

  #deliver(pkt: Packet): void {
    const { counters, transports, errors } = this.deps;
    counters.ip.inDelivers++;
    const taken = this.deps.raw.deliver(pkt);
    const transport = transports[pkt.protocol];
    if (transport !== null) {
      if (!transport.input(pkt)) errors.sendUnreachable(pkt, UNREACHABLE_PORT);
    } else if (!taken) {
      counters.drop(DROP_IP_PROTOCOL);
      errors.sendUnreachable(pkt, UNREACHABLE_PROTOCOL);
    }
  }

  #onFragment(pkt: Packet, off: number, ifIndex: number, nowUs: number): void {
    const whole = this.reassembly.add(this.#header, off, ifIndex, nowUs);
    if (whole === null) return;
    this.#pointAt(pkt, whole);
    this.#deliver(pkt);
    this.reassembly.release(whole);
  }

  #pointAt(pkt: Packet, datagram: PartialDatagram): void {
    pkt.networkOff = datagram.headerOff;
    pkt.linkOff = pkt.networkOff;
    pkt.transportOff = pkt.networkOff + datagram.headerLen;
    pkt.endOff = pkt.transportOff + Math.max(datagram.totalLen, datagram.contiguousLen);
    pkt.tos = this.deps.memory.u8[pkt.networkOff + 1];
    pkt.csum = CSUM_NONE;
    pkt.gsoType = GSO_NONE;
    pkt.gsoSize = 0;
    pkt.fragSize = datagram.longestLen;
  }

  #onReassemblyTimeout(datagram: PartialDatagram, nowUs: number): void {
    const { memory, interfaces, errors, log } = this.deps;
    if (datagram.isV6) return this.deps.onTimeout6(datagram, nowUs);
    const iface = interfaces.byIndex(datagram.ifIndex);
    if (iface === null) return;
    const off = datagram.headerOff;
    const len = datagram.headerLen + datagram.contiguousLen;
    if (parseIpv4(memory.dv, off, len, false, this.#header) !== 0) return;
    if (log.isOn[LogEvent.IP_REASSEMBLY_TIMEOUT] !== 0) {
      const from = IpAddress.v4(this.#header.src);
      log.address(LogEvent.IP_REASSEMBLY_TIMEOUT, iface.index, from, datagram.contiguousLen);
    }
    const pkt = this.#pkt;
    this.#fill(pkt, iface, off, off, nowUs);
    if (!this.#classify(pkt, iface, false)) return;
    errors.sendTimeExceeded(pkt, TIME_EXCEEDED_REASSEMBLY);
  }
}

/**
 * The way up for IPv6 (RFC 8200): checks the header, decides whether the packet is for us or to be
 * passed on (forward6.ts), walks the extension headers, puts fragments together and hands the rest
 * to raw sockets and to its transport.
 *
 * @module
 */
import { CSUM_NONE, GSO_NONE } from "../base/frames.ts";
import type { AddressNumbers } from "../base/address_numbers.ts";
import type { Counters } from "../base/counters.ts";
import type { LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import type { Memory } from "../base/memory.ts";
import {
  DROP_IP_NOT_FOR_US,
  DROP_IP_PROTOCOL,
  DROP_IPV6_FRAGMENT,
  DROP_IPV6_HEADER,
} from "../base/drop_reason.ts";
import { IpAddress, isLinkLocal6 } from "../base/ip_address.ts";
import type { Transport } from "../base/network.ts";
import { Packet } from "../base/packet.ts";
import { TIME_EXCEEDED6_REASSEMBLY, UNREACHABLE6_PORT } from "../wire/icmpv6.ts";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4.ts";
import {
  IPV6_HEADER_LEN,
  IPV6_MAX_LEN,
  IPV6_PAYLOAD_LEN_OFFSET,
  Ipv6Header,
  NEXT_HOP_BY_HOP,
  NEXT_NONE,
  parseIpv6,
  PROTOCOL_ICMPV6,
} from "../wire/ipv6.ts";
import {
  ExtensionWalk,
  FRAGMENT_HEADER_LEN,
  isChainWhole,
  PROBLEM_CHAIN,
  PROBLEM_FIELD,
  PROBLEM_NEXT_HEADER,
  PROBLEM_NONE,
  skipExtensions,
  walkExtensions,
  walkHopByHop,
} from "../wire/ipv6_extension.ts";
import type { Forwarder6 } from "./forward6.ts";
import type { Interface } from "./interface.ts";
import type { InterfaceTable } from "./interface_table.ts";
import type { PartialDatagram, Reassembly } from "./reassembly.ts";
import { martianReason6 } from "./martian6.ts";

/** The errors that a host or router sends of IPv6 packets (RFC 4443 3). */
export interface Ip6ErrorSender {
  sendUnreachable(pkt: Packet, code: number): void;
  sendTimeExceeded(pkt: Packet, code: number): void;
  sendTooBig(pkt: Packet, mtu: number): void;
  /** `pointer`: the faulty byte; `toGroup`: also about a packet that was sent to a group. */
  sendParameterProblem(pkt: Packet, code: number, pointer: number, toGroup: boolean): void;
}

export interface Ipv6InputDeps {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly interfaces: InterfaceTable;
  readonly errors: Ip6ErrorSender;
  /** By next header. */
  readonly transports: readonly (Transport | null)[];
  readonly raw: { deliver(pkt: Packet): boolean };
  readonly reassembly: Reassembly;
  /** null: a host, which forwards nothing. */
  readonly forwarder: Forwarder6 | null;
  /** Of groups and sources. */
  readonly numbers: AddressNumbers;
  readonly log: LogSink;
}

export class Ipv6Input {
  readonly #pkt = new Packet();
  readonly #header = new Ipv6Header();
  readonly #walk = new ExtensionWalk();

  constructor(readonly deps: Ipv6InputDeps) {}

  /**
   * An IPv6 packet at `off` (of `len` bytes, padding included) of a frame at `linkOff`. `isOwn`: it
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
    const { counters, memory, interfaces } = this.deps;
    const header = this.#header;
    counters.ip6.inReceives++;
    counters.ip6.inOctets += len;
    const reason = parseIpv6(memory.dv, off, len, header);
    if (reason !== 0) return reason;
    const martian = martianReason6(header, isOwn, interfaces);
    if (martian !== 0) return martian;
    const pkt = this.#pkt;
    this.#fill(pkt, iface, linkOff, off, nowUs);
    pkt.csum = csum;
    pkt.gsoType = gsoType;
    pkt.gsoSize = gsoType === GSO_NONE ? 0 : gsoSize;
    pkt.zone = !isOwn && isLinkLocal6(header.src0) ? iface.index : 0;
    const isForUs = this.#classify(pkt, iface, isLinkGroup, isOwn);
    const next = header.nextHeader;
    if (header.payloadLen === 0 && next === NEXT_HOP_BY_HOP) {
      return this.#refuseJumbogram(pkt, isForUs, off + len);
    }
    if (!isForUs) return this.#pass(pkt, isOwn);
    if (isTransport(next)) {
      this.#deliver(pkt);
      return 0;
    }
    return this.#withExtensions(pkt, iface.index);
  }

  /** An unreachable neighbour: the sender of the packet at `off`, mostly ourselves, is told. */
  rejectUnsent(off: number, len: number, code: number, nowUs: number): void {
    const { memory, errors, interfaces, forwarder } = this.deps;
    const header = this.#header;
    if (parseIpv6(memory.dv, off, len, header) !== 0) return;
    const { src0, src1, src2, src3 } = header;
    // Unless we forward, a source that is not ours is forged (IPV6_HDRINCL): nobody to tell.
    if (forwarder === null && interfaces.ownerOfV6(src0, src1, src2, src3) === null) return;
    const pkt = this.#pkt;
    this.#fill(pkt, interfaces.all[0], off, off, nowUs);
    pkt.isBroadcast = false;
    pkt.isMulticast = false;
    pkt.isLinkBroadcast = false;
    if (walkExtensions(memory.dv, off, pkt.endOff, this.#walk) !== 0) return;
    locateTransport(memory.dv, pkt, this.#walk);
    errors.sendUnreachable(pkt, code);
  }

  #fill(pkt: Packet, iface: Interface, linkOff: number, off: number, nowUs: number): void {
    const header = this.#header;
    pkt.ifIndex = iface.index;
    pkt.linkOff = linkOff;
    pkt.networkOff = off;
    pkt.transportOff = off + IPV6_HEADER_LEN;
    pkt.endOff = off + IPV6_HEADER_LEN + header.payloadLen;
    pkt.family = 6;
    pkt.protocol = header.nextHeader;
    pkt.ttl = header.hopLimit;
    pkt.tos = header.trafficClass;
    pkt.flowLabel = header.flowLabel;
    pkt.src0 = header.src0;
    pkt.src1 = header.src1;
    pkt.src2 = header.src2;
    pkt.src3 = header.src3;
    pkt.dst0 = header.dst0;
    pkt.dst1 = header.dst1;
    pkt.dst2 = header.dst2;
    pkt.dst3 = header.dst3;
    pkt.fragSize = 0;
    pkt.nowUs = nowUs;
  }

  /** Whether the packet is for us; says in `pkt` how. */
  #classify(pkt: Packet, iface: Interface, isLinkGroup: boolean, isOwn: boolean): boolean {
    const { interfaces, counters, numbers } = this.deps;
    const { dst0, dst1, dst2, dst3 } = pkt;
    pkt.isMulticast = dst0 >>> 24 === 0xff;
    pkt.isLinkBroadcast = isLinkGroup && !pkt.isMulticast;
    pkt.isBroadcast = pkt.isLinkBroadcast;
    pkt.isAnycast = false;
    if (pkt.isMulticast) {
      counters.ip6.inMcastPkts++;
      pkt.group = numbers.find(IpAddress.fromWords(dst0, dst1, dst2, dst3));
      pkt.source = numbers.find(IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3));
      return isOwn || iface.hasGroup6(dst0, dst1, dst2, dst3);
    }
    const owner = interfaces.ownerOfV6(dst0, dst1, dst2, dst3);
    if (owner === null) {
      pkt.isAnycast = interfaces.isAnycast6(iface, dst0, dst1, dst2, dst3);
      return pkt.isAnycast;
    }
    if (!isLinkLocal6(dst0)) return true;
    // An address of one link is ours there alone; from ourselves it is as if it came in there.
    if (isOwn) pkt.ifIndex = owner.index;
    return isOwn || owner === iface;
  }

  /** Its length would be an option (RFC 2675), which is none that we know. `end`: the frame's. */
  #refuseJumbogram(pkt: Packet, isForUs: boolean, end: number): number {
    const { memory, errors, forwarder } = this.deps;
    if (!isForUs && forwarder === null) return DROP_IP_NOT_FOR_US;
    pkt.endOff = end;
    const walk = this.#walk;
    const isSound = walkHopByHop(memory.dv, pkt.networkOff, end, walk) === 0;
    if (!isSound) reportProblem(memory.dv, errors, pkt, walk);
    else errors.sendParameterProblem(pkt, PROBLEM_FIELD, IPV6_PAYLOAD_LEN_OFFSET, false);
    return DROP_IPV6_HEADER;
  }

  /** What is for somebody else. Of the extension headers only the first can be a router's. */
  #pass(pkt: Packet, isOwn: boolean): number {
    const { memory, errors, forwarder } = this.deps;
    if (forwarder === null || isOwn) return DROP_IP_NOT_FOR_US;
    if (isTransport(pkt.protocol)) return forwarder.forward(pkt);
    const walk = this.#walk;
    const { networkOff, endOff } = pkt;
    if (pkt.protocol === NEXT_HOP_BY_HOP) {
      const reason = walkHopByHop(memory.dv, networkOff, endOff, walk);
      if (reason !== 0) {
        if (!pkt.isLinkBroadcast) reportProblem(memory.dv, errors, pkt, walk);
        return reason;
      }
    }
    // What is behind them only tells whether errors may be sent about it
    locateMessage(memory.dv, pkt, walk);
    return forwarder.forward(pkt);
  }

  #withExtensions(pkt: Packet, ifIndex: number): number {
    const reason = this.#findTransport(pkt);
    if (reason !== 0) return reason;
    if (this.#walk.isFragment) return this.#onFragment(pkt, ifIndex);
    this.#deliver(pkt);
    return 0;
  }

  /** Past the extension headers. Of what is wrong with them the sender is told. */
  #findTransport(pkt: Packet): number {
    const { memory, errors } = this.deps;
    const walk = this.#walk;
    const reason = walkExtensions(memory.dv, pkt.networkOff, pkt.endOff, walk);
    if (reason === 0) {
      locateTransport(memory.dv, pkt, walk);
    } else {
      reportProblem(memory.dv, errors, pkt, walk);
    }
    return reason;
  }

  #deliver(pkt: Packet): void {
    const { counters, transports, errors, raw } = this.deps;
    counters.ip6.inDelivers++;
    const taken = raw.deliver(pkt);
    const transport = transports[pkt.protocol];
    if (transport !== null) {
      if (!transport.input(pkt)) errors.sendUnreachable(pkt, UNREACHABLE6_PORT);
    } else if (!taken && pkt.protocol !== NEXT_NONE) {
      counters.drop(DROP_IP_PROTOCOL);
      const pointer = this.#walk.nextFieldOff - pkt.networkOff;
      errors.sendParameterProblem(pkt, PROBLEM_NEXT_HEADER, pointer, false);
    }
  }

  #onFragment(pkt: Packet, ifIndex: number): number {
    const { memory, errors, reassembly } = this.deps;
    const { fragmentOff, moreFragments, fragmentHeaderOff } = this.#walk;
    if (fragmentOff === 0 && !isChainWhole(memory.dv, this.#walk, pkt.endOff)) {
      errors.sendParameterProblem(pkt, PROBLEM_CHAIN, 0, false);
      return DROP_IPV6_FRAGMENT;
    }
    const dataOff = fragmentHeaderOff + FRAGMENT_HEADER_LEN;
    const dataLen = pkt.endOff - dataOff;
    if (moreFragments && (dataLen & 7) !== 0) {
      errors.sendParameterProblem(pkt, PROBLEM_FIELD, IPV6_PAYLOAD_LEN_OFFSET, false);
      return DROP_IPV6_FRAGMENT;
    }
    const partLen = fragmentHeaderOff - pkt.networkOff;
    if (partLen + fragmentOff + dataLen > IPV6_MAX_LEN) {
      errors.sendParameterProblem(pkt, PROBLEM_FIELD, partLen + 2, false);
      return DROP_IPV6_FRAGMENT;
    }
    const whole = reassembly.addV6(pkt, this.#walk, ifIndex);
    if (whole === null) return 0;
    const reason = this.#deliverWhole(pkt, whole);
    reassembly.release(whole);
    return reason;
  }

  /** The fragments of `whole` have all come: what they make is read from the front. */
  #deliverWhole(pkt: Packet, whole: PartialDatagram): number {
    this.#pointAt(pkt, whole);
    pkt.fragSize = whole.longestLen;
    const reason = this.#findTransport(pkt);
    if (reason !== 0) return reason;
    if (this.#walk.isFragment) return DROP_IPV6_HEADER; // fragments of a fragment
    this.#deliver(pkt);
    return 0;
  }

  #pointAt(pkt: Packet, datagram: PartialDatagram): void {
    pkt.networkOff = datagram.headerOff;
    pkt.linkOff = pkt.networkOff;
    pkt.endOff = pkt.networkOff + datagram.headerLen +
      Math.max(datagram.totalLen, datagram.contiguousLen);
    pkt.csum = CSUM_NONE;
    pkt.gsoType = GSO_NONE;
    pkt.gsoSize = 0;
  }

  /** RFC 8200 4.5: the sender is told when the first fragment has come. */
  onReassemblyTimeout(datagram: PartialDatagram, nowUs: number): void {
    const { memory, interfaces, errors, reassembly, log } = this.deps;
    const iface = interfaces.byIndex(datagram.ifIndex);
    if (iface === null) return;
    const off = reassembly.restoreFirst6(datagram);
    const len = datagram.firstLen;
    if (parseIpv6(memory.dv, off, len, this.#header) !== 0) return;
    const pkt = this.#pkt;
    this.#fill(pkt, iface, off, off, nowUs);
    if (log.isOn[LogEvent.IP_REASSEMBLY_TIMEOUT] !== 0) {
      const from = IpAddress.fromWords(pkt.src0, pkt.src1, pkt.src2, pkt.src3);
      log.address(LogEvent.IP_REASSEMBLY_TIMEOUT, iface.index, from, datagram.contiguousLen);
    }
    if (walkExtensions(memory.dv, off, pkt.endOff, this.#walk) !== 0) return;
    locateTransport(memory.dv, pkt, this.#walk);
    if (!this.#classify(pkt, iface, false, false)) return;
    errors.sendTimeExceeded(pkt, TIME_EXCEEDED6_REASSEMBLY);
  }
}

/** Most packets have no extension header. */
function isTransport(next: number): boolean {
  return next === PROTOCOL_TCP || next === PROTOCOL_UDP || next === PROTOCOL_ICMPV6;
}

/** What message is in the packet, past its headers, whatever is wrong with these. */
function locateMessage(dv: DataView, pkt: Packet, walk: ExtensionWalk): void {
  skipExtensions(dv, pkt.networkOff, pkt.endOff, walk);
  pkt.protocol = walk.protocol;
  pkt.transportOff = walk.transportOff;
}

/** Of a first fragment what follows its header, of another one the fragment header itself. */
function locateTransport(dv: DataView, pkt: Packet, walk: ExtensionWalk): void {
  pkt.protocol = walk.protocol;
  pkt.transportOff = walk.transportOff;
  if (!walk.isFragment || walk.fragmentOff !== 0) return;
  pkt.protocol = dv.getUint8(walk.fragmentHeaderOff);
  pkt.transportOff = walk.fragmentHeaderOff + FRAGMENT_HEADER_LEN;
}

/** Tells the sender what `walk` has found to be wrong, if it is to be told. */
function reportProblem(
  dv: DataView,
  errors: Ip6ErrorSender,
  pkt: Packet,
  walk: ExtensionWalk,
): void {
  const { problem, pointerOff, isToldOfGroup } = walk;
  if (problem === PROBLEM_NONE) return;
  locateMessage(dv, pkt, walk);
  errors.sendParameterProblem(pkt, problem, pointerOff - pkt.networkOff, isToldOfGroup);
}

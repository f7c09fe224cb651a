/**
 * UDP (RFC 768, RFC 1122 4.1): which endpoint a datagram is for, and datagrams out.
 *
 * A datagram goes to the endpoint connected to its sender; else to an unconnected one of the port;
 * to a broadcast or multicast address, to all that match. What nobody wants is answered with ICMP
 * port unreachable by the network layer.
 *
 * @module
 */
import { CSUM_NONE, CSUM_PARTIAL, GSO_UDP_L4 } from "../base/frames.ts";
import type { Counters } from "../base/counters.ts";
import { endsOf, type LogSink } from "../base/log.ts";
import { LogEvent } from "../base/log_event.ts";
import { portsWord, shareHash } from "../storage/hash_table.ts";
import type { Memory } from "../base/memory.ts";
import { PortAllocator } from "../storage/port_allocator.ts";
import { fold, pseudoSum, pseudoSumOfPacket, sum } from "../wire/checksum.ts";
import { DROP_UDP_NO_PORT } from "../base/drop_reason.ts";
import { EADDRINUSE } from "../base/errno.ts";
import { hearsGroup } from "../base/group_membership.ts";
import type { IpAddress } from "../base/ip_address.ts";
import { PROTOCOL_UDP } from "../wire/ipv4.ts";
import { ipHeaderLen } from "../wire/ipv6.ts";
import type { IcmpError, Network, Route, Transport } from "../base/network.ts";
import { isDestination, isSource, type Packet } from "../base/packet.ts";
import {
  emitUdp,
  finishUdp,
  parseUdp,
  UDP_CHECKSUM_OFFSET,
  UDP_DST_PORT_OFFSET,
  UDP_HEADER_LEN,
  UdpHeader,
  verifyUdp,
} from "../wire/udp.ts";
import type { UdpConfig } from "./config.ts";
import type { UdpEndpoint } from "./endpoint.ts";
import { FlowMap } from "./flow_map.ts";
import { PortGroup } from "./port_group.ts";
import { SegmentBatch } from "./segment_batch.ts";

/** Longest payload of a datagram over IPv4: 65535 less both headers. */
export const UDP_MAX_PAYLOAD_LEN = 65507;

export interface UdpLayerDeps {
  readonly memory: Memory;
  readonly network: Network;
  readonly counters: Counters;
  readonly config: UdpConfig;
  readonly random: () => number;
  readonly log: LogSink;
}

export class UdpLayer implements Transport {
  readonly #memory: Memory;
  readonly #network: Network;
  readonly #counters: Counters;
  readonly #log: LogSink;
  readonly #header = new UdpHeader();
  readonly #ports = new Map<number, PortGroup>();
  readonly #flows: FlowMap;
  readonly #allocator: PortAllocator;
  readonly #batch: SegmentBatch;
  readonly #hashSeed: number;

  constructor(deps: UdpLayerDeps) {
    this.#memory = deps.memory;
    this.#network = deps.network;
    this.#counters = deps.counters;
    this.#log = deps.log;
    this.#flows = new FlowMap(deps.random());
    this.#allocator = new PortAllocator(deps.random);
    this.#allocator.setRange(deps.config.portMin, deps.config.portMax);
    this.#batch = new SegmentBatch(deps.memory, deps.config.maxSegments);
    this.#hashSeed = deps.random();
  }

  /**
   * Binds an unbound endpoint; port 0: any free one. Returns 0, or -EADDRINUSE.
   */
  bind(endpoint: UdpEndpoint, local: IpAddress, port: number): number {
    if (port === 0) {
      const isTaken = (p: number) => !this.#isFree(endpoint, local, p);
      port = this.#allocator.pickRandom(isTaken, endpoint.portRange);
      if (port < 0) return -EADDRINUSE;
    }
    let group = this.#ports.get(port);
    if (group === undefined) {
      group = new PortGroup();
      this.#ports.set(port, group);
    } else if (!group.permits(endpoint, local)) {
      return -EADDRINUSE;
    }
    endpoint.local = local;
    endpoint.localPort = port;
    group.add(endpoint);
    return 0;
  }

  unbind(endpoint: UdpEndpoint): void {
    this.#flows.remove(endpoint);
    const group = this.#ports.get(endpoint.localPort);
    if (group === undefined) return;
    group.remove(endpoint);
    if (group.all.length === 0) this.#ports.delete(endpoint.localPort);
    endpoint.localPort = 0;
  }

  /**
   * Connects a bound endpoint, or with `remote` null disconnects it; `local` is its address then.
   * `zone`: of `remote` (zoneOf).
   */
  connect(
    endpoint: UdpEndpoint,
    local: IpAddress,
    remote: IpAddress | null,
    remotePort: number,
    zone = 0,
  ): void {
    this.#flows.remove(endpoint);
    endpoint.local = local;
    endpoint.remote = remote;
    endpoint.remotePort = remotePort;
    endpoint.zone = zone;
    if (remote !== null) this.#flows.add(endpoint);
    this.#ports.get(endpoint.localPort)?.refresh(endpoint);
  }

  /** Every bound endpoint. */
  forEach(visit: (endpoint: UdpEndpoint) => void): void {
    for (const { all } of this.#ports.values()) all.forEach(visit);
  }

  input(pkt: Packet): boolean {
    const header = this.#header;
    const len = pkt.endOff - pkt.transportOff;
    const reason = parseUdp(this.#memory.dv, pkt.transportOff, len, header);
    if (reason !== 0 || !this.#verify(pkt)) {
      if (reason !== 0) this.#counters.drop(reason);
      return true;
    }
    if (pkt.isMulticast || (pkt.isBroadcast && !pkt.isLinkBroadcast)) {
      this.#deliverToGroup(pkt);
      return true;
    }
    const { srcPort, dstPort } = header;
    const endpoint = this.#find(pkt, srcPort, dstPort);
    if (endpoint === null) {
      this.#counters.drop(DROP_UDP_NO_PORT);
      this.#tell(LogEvent.UDP_NO_PORT, pkt);
      return false;
    }
    this.#deliver(endpoint, pkt);
    return true;
  }

  icmpError(error: IcmpError, nowUs: number): void {
    const dv = this.#memory.dv;
    const localPort = dv.getUint16(error.quotedOff);
    const remotePort = dv.getUint16(error.quotedOff + UDP_DST_PORT_OFFSET);
    const { local, remote, zone } = error;
    if (error.errno !== 0 && this.#log.isOn[LogEvent.UDP_ERROR] !== 0) {
      const ends = { local, remote, localPort, remotePort };
      this.#log.connection(LogEvent.UDP_ERROR, 0, ends, error.errno);
    }
    const dataOff = error.quotedOff + UDP_HEADER_LEN;
    const connected = this.#flows.find(local, localPort, remote, remotePort, zone);
    if (connected !== null) {
      connected.sink.icmpError(error, remotePort, dataOff, nowUs);
      return;
    }
    for (const endpoint of this.#ports.get(localPort)?.open ?? []) {
      if (!(local.family === 4 ? endpoint.hearsV4 : endpoint.hearsV6)) continue;
      if (!endpoint.local.isUnspecified && !endpoint.local.equals(local)) continue;
      endpoint.sink.icmpError(error, remotePort, dataOff, nowUs);
      return;
    }
  }

  /**
   * Sends `payLen` bytes at `payOff`, which stay untouched until the flush. Returns 0 or -errno.
   */
  output(
    endpoint: UdpEndpoint,
    route: Route,
    dstPort: number,
    payOff: number,
    payLen: number,
    ttl: number,
    tos: number,
    dontFragment: boolean,
    nowUs: number,
  ): number {
    const srcPort = endpoint.localPort;
    if (this.#log.isOn[LogEvent.UDP_DATAGRAM_SENT] !== 0) {
      const ends = {
        local: route.src,
        remote: route.dst,
        localPort: srcPort,
        remotePort: dstPort,
      };
      this.#log.connection(LogEvent.UDP_DATAGRAM_SENT, route.ifIndex, ends, payLen);
    }
    // IPv6 knows no datagram without one (RFC 8200 8.1): SO_NO_CHECK is IPv4's, as on Linux
    const isSummed = !endpoint.noChecksum || route.dst.family === 6;
    const isPlain = this.#network.shape === null && isSummed;
    const mayBatch = dontFragment && route.usoMaxBytes > 0 && isPlain;
    if (mayBatch && this.#batch.append(route, srcPort, dstPort, ttl, tos, payOff, payLen)) {
      this.#counters.udp.outDatagrams++;
      return 0;
    }
    const row = this.#network.begin(route);
    const tx = route.tx;
    const length = UDP_HEADER_LEN + payLen;
    const hdr = tx.l4Off[row];
    emitUdp(this.#memory.dv, hdr, srcPort, dstPort, length, 0);
    if (isSummed) this.#sum(route, row, payOff, payLen);
    tx.hdrLen[row] = UDP_HEADER_LEN;
    tx.payOff[row] = payOff;
    tx.payLen[row] = payLen;
    const { epoch } = tx;
    const result = this.#network.send(
      route,
      route.src,
      PROTOCOL_UDP,
      ttl,
      tos,
      dontFragment,
      nowUs,
    );
    if (result < 0) return result;
    this.#counters.udp.outDatagrams++;
    // It is the last row now, unless it waits for a neighbour; then the last may be an ARP request.
    const isQueued = tx.count === row + 1 && tx.epoch === epoch && tx.csum[row] === CSUM_PARTIAL;
    const packetLen = ipHeaderLen(route.dst.family) + length;
    if (mayBatch && isQueued && payLen > 0 && packetLen <= route.mtu) {
      this.#batch.start(route, srcPort, dstPort, ttl, tos, payLen);
    }
    return 0;
  }

  /** Gives the datagram in `row`, header written, its checksum, or what the device needs. */
  #sum({ src, dst, tx, csumOffload }: Route, row: number, payOff: number, payLen: number): void {
    const dv = this.#memory.dv;
    const hdr = tx.l4Off[row];
    const pseudo = pseudoSum(src, dst, PROTOCOL_UDP, UDP_HEADER_LEN + payLen);
    if (csumOffload) {
      dv.setUint16(hdr + UDP_CHECKSUM_OFFSET, fold(pseudo));
      tx.csum[row] = CSUM_PARTIAL;
      tx.csumOffset[row] = UDP_CHECKSUM_OFFSET;
      return;
    }
    const total = sum(dv, payOff, payLen, sum(dv, hdr, UDP_HEADER_LEN, pseudo));
    dv.setUint16(hdr + UDP_CHECKSUM_OFFSET, finishUdp(total));
  }

  /** About the datagram at hand. */
  #tell(event: LogEvent, pkt: Packet): void {
    if (this.#log.isOn[event] === 0) return;
    const { srcPort, dstPort, payloadLen } = this.#header;
    this.#log.connection(event, pkt.ifIndex, endsOf(pkt, dstPort, srcPort), payloadLen);
  }

  #isFree(endpoint: UdpEndpoint, local: IpAddress, port: number): boolean {
    return this.#ports.get(port)?.permits(endpoint, local) ?? true;
  }

  /** Coalesced frames come from a kernel that has checked them. */
  #verify(pkt: Packet): boolean {
    if (pkt.csum !== CSUM_NONE || pkt.gsoSize !== 0) return true;
    const { length } = this.#header;
    const pseudo = pseudoSumOfPacket(pkt, PROTOCOL_UDP, length);
    const dv = this.#memory.dv;
    const reason = verifyUdp(dv, pkt.transportOff, length, pseudo, pkt.family);
    if (reason !== 0) this.#counters.drop(reason);
    return reason === 0;
  }

  #find(pkt: Packet, srcPort: number, dstPort: number): UdpEndpoint | null {
    let connected = this.#flows.ofPacket(pkt, dstPort, srcPort);
    while (connected !== null) {
      if (connected.ifIndex === 0 || connected.ifIndex === pkt.ifIndex) return connected;
      connected = connected.nextInFlow;
    }
    const group = this.#ports.get(dstPort);
    if (group === undefined) return null;
    return group.find(pkt, shareHash(this.#hashSeed, pkt.src3, portsWord(dstPort, srcPort)));
  }

  /** One datagram, or each of those that a frame holds. */
  #deliver(endpoint: UdpEndpoint, pkt: Packet): void {
    const { payloadOff, payloadLen, srcPort } = this.#header;
    this.#tell(LogEvent.UDP_DATAGRAM_RECEIVED, pkt);
    const size = pkt.gsoType === GSO_UDP_L4 ? pkt.gsoSize : 0;
    if (size === 0 || payloadLen <= size) {
      this.#counters.udp.inDatagrams++;
      endpoint.sink.receive(pkt, payloadOff, payloadLen, srcPort);
      return;
    }
    if (endpoint.takesJoined) {
      this.#counters.udp.inDatagrams += Math.ceil(payloadLen / size);
      endpoint.sink.receive(pkt, payloadOff, payloadLen, srcPort, size);
      return;
    }
    for (let pos = 0; pos < payloadLen; pos += size) {
      this.#counters.udp.inDatagrams++;
      endpoint.sink.receive(pkt, payloadOff + pos, Math.min(size, payloadLen - pos), srcPort);
    }
  }

  #deliverToGroup(pkt: Packet): void {
    const group = this.#ports.get(this.#header.dstPort);
    if (group === undefined) return;
    const { srcPort } = this.#header;
    // A sink does not change the list: sockets are closed by the program, not from here.
    for (const endpoint of group.all) {
      if (wantsGroup(endpoint, pkt, srcPort)) this.#deliver(endpoint, pkt);
    }
  }
}

/** Whether a broadcast or multicast datagram is for the endpoint. */
function wantsGroup(endpoint: UdpEndpoint, pkt: Packet, srcPort: number): boolean {
  const { local, remote } = endpoint;
  const isV6 = pkt.family === 6;
  if (!(isV6 ? endpoint.hearsV6 : endpoint.hearsV4)) return false;
  if (!local.isUnspecified && !isDestination(local, pkt)) return false;
  if (endpoint.ifIndex !== 0 && endpoint.ifIndex !== pkt.ifIndex) return false;
  if (remote !== null && (!isSource(remote, pkt) || endpoint.remotePort !== srcPort)) return false;
  const { groups } = endpoint;
  const hearsAllGroups = isV6 ? endpoint.hearsAllGroups6 : endpoint.hearsAllGroups;
  return !pkt.isMulticast ||
    hearsGroup(groups, hearsAllGroups, pkt.group, pkt.ifIndex, pkt.source);
}

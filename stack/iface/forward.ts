/**
 * Forwarding: what a router does with a packet for somebody else (RFC 1812 5.2), when `ip_forward`
 * is on.
 *
 *     who may be forwarded ─▶ TTL ─▶ route ─▶ size ─▶ redirect ─▶ TTL − 1 ─▶ fragments ─▶ next hop
 *
 * Segments that a device has coalesced (GRO, or TSO of a peer on the same machine) travel on as one
 * row, their checksum still to be filled in: the other device cuts them, or soft_offload.ts does.
 *
 * The options that record a route or a time are written into on the way out. A source-routed packet
 * never comes here (ipv4.ts drops it, as Linux does by default).
 *
 * @module
 */
import { GSO_NONE } from "../base/frames.ts";
import type { Counters } from "../base/counters.ts";
import {
  DROP_IP_NO_ROUTE,
  DROP_IP_NOT_FOR_US,
  DROP_IP_TOO_LONG,
  DROP_IP_TTL,
  DROP_IPV4_OPTIONS,
  DROP_IPV4_SHORT,
  DROP_NO_MEMORY,
} from "../base/drop_reason.ts";
import { IpAddress } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { pseudoSumV4 } from "../wire/checksum.ts";
import { TIME_EXCEEDED_TTL, UNREACHABLE_NET } from "../wire/icmp.ts";
import {
  hasRouterAlert,
  IPV4_FRAGMENT_OFFSET,
  IPV4_HEADER_LEN,
  IPV4_MF,
  IPV4_TOTAL_LEN_OFFSET,
  IPV4_TTL_OFFSET,
  type Ipv4Header,
  maskOptionsNotCopied,
  PROTOCOL_TCP,
  refreshIpv4Checksum,
} from "../wire/ipv4.ts";
import { recordingErrorAt, recordPassage } from "../wire/ipv4_recording.ts";
import { type CachedRoute, RECENT_ROUTES, VIA_NEIGHBOUR } from "./cached_route.ts";
import type { IpConfig } from "./config.ts";
import {
  fillForwarded,
  finishChecksumAt,
  offloadedHeaderLen,
  refuseSizeless,
} from "./forwarded_row.ts";
import type { IpErrorSender, RawSockets } from "./ip_input.ts";
import type { IpOutput } from "./ip_output.ts";
import { hasBetterHop } from "./redirect_sender.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export interface ForwarderDeps {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly output: IpOutput;
  readonly errors: IpErrorSender;
  readonly config: IpConfig;
  /** CLOCK_REALTIME is so far ahead of `nowUs`. */
  readonly clock: { readonly offsetUs: number };
  /** A received frame stays as it is until the next flush: it need not be copied. */
  readonly areFramesStable: boolean;
}

export class Forwarder {
  /** By a few bits of the destination. */
  readonly #recent: (CachedRoute | null)[] = new Array(RECENT_ROUTES).fill(null);

  constructor(readonly deps: ForwarderDeps) {}

  /**
   * A packet that is not for us, parsed and no martian. `isLinkGroup`: it came in a frame to many.
   * `raw`: whose programs may ask for what has the Router Alert option.
   * Returns 0, or the reason why it is not forwarded; what is due to its sender has been sent.
   */
  forward(pkt: Packet, header: Ipv4Header, isLinkGroup: boolean, raw: RawSockets): number {
    const { counters, errors, memory } = this.deps;
    if (isLinkGroup || !isForwarded(header.src) || !isForwarded(header.dst)) {
      return DROP_IP_NOT_FOR_US;
    }
    if (this.#isTaken(pkt, header, raw)) return 0;
    if (header.ttl <= 1) {
      counters.ip.inHdrErrors++;
      errors.sendTimeExceeded(pkt, TIME_EXCEEDED_TTL);
      return DROP_IP_TTL;
    }
    const route = this.#routeTo(header.dst);
    if (route === null) {
      counters.ip.inNoRoutes++;
      errors.sendUnreachable(pkt, UNREACHABLE_NET);
      return DROP_IP_NO_ROUTE;
    }
    // A broadcast on another link: RFC 2644.
    if (route.via !== VIA_NEIGHBOUR) return DROP_IP_NOT_FOR_US;
    const { headerLen } = header;
    const isPlain = headerLen === IPV4_HEADER_LEN;
    const errorAt = isPlain ? 0 : recordingErrorAt(memory.dv, pkt.networkOff, headerLen);
    if (errorAt !== 0) {
      errors.sendParameterProblem(pkt, errorAt);
      return DROP_IPV4_OPTIONS;
    }
    refuseSizeless(pkt);
    const l4Len = offloadedHeaderLen(this.deps.memory.dv, pkt);
    if (l4Len < 0) return DROP_IPV4_SHORT;
    const fits = this.#fit(pkt, header, l4Len, route.iface.mtu);
    if (!fits) return DROP_IP_TOO_LONG;
    const { output: { router }, config } = this.deps;
    if (hasBetterHop(header.src, pkt.ifIndex, route, router.table, config)) {
      errors.sendRedirect(pkt, route.nextHop.w3);
    }
    return this.#pass(pkt, header, route, l4Len);
  }

  /** A packet for somebody else whose options are malformed: its sender is told. */
  refuseOptions(pkt: Packet, header: Ipv4Header, isLinkGroup: boolean): void {
    if (isLinkGroup || !isForwarded(header.src) || !isForwarded(header.dst)) return;
    this.deps.errors.sendParameterProblem(pkt, header.optionErrorOff);
  }

  /** Routers examine what has the Router Alert option (RFC 2113). A fragment travels on. */
  #isTaken(pkt: Packet, { headerLen, isFragment }: Ipv4Header, raw: RawSockets): boolean {
    if (headerLen === IPV4_HEADER_LEN || isFragment) return false;
    const { dv } = this.deps.memory;
    return hasRouterAlert(dv, pkt.networkOff, headerLen) && raw.deliverAlert(pkt);
  }

  #routeTo(dst: number): CachedRoute | null {
    const at = (dst ^ (dst >>> 8)) & (RECENT_ROUTES - 1);
    const recent = this.#recent[at];
    if (recent !== null && recent.valid && recent.dst.w3 === dst) return recent;
    const found = this.deps.output.router.route(IpAddress.v4(dst), null, 0, false);
    if (typeof found === "number") return null;
    this.#recent[at] = found;
    return found;
  }

  /**
   * Whether the packet may go out by a link of this MTU, in fragments if need be; tells the sender
   * when it may not (RFC 1191 4). Segments that nobody forbade to cut are made shorter.
   */
  #fit(pkt: Packet, header: Ipv4Header, l4Len: number, mtu: number): boolean {
    const isGso = pkt.gsoType !== GSO_NONE;
    const len = isGso ? header.headerLen + l4Len + pkt.gsoSize : header.totalLen;
    if (len <= mtu) return true;
    if (!header.dontFragment && !isGso) return true;
    if (!header.dontFragment && pkt.protocol === PROTOCOL_TCP) {
      pkt.gsoSize = mtu - header.headerLen - l4Len;
      return true;
    }
    this.deps.counters.ip.fragFails++;
    if (header.dontFragment) this.deps.errors.sendFragmentationNeeded(pkt, mtu);
    return false;
  }

  #pass(pkt: Packet, header: Ipv4Header, route: CachedRoute, l4Len: number): number {
    const { memory, counters, areFramesStable } = this.deps;
    const { totalLen } = header;
    let off = pkt.networkOff;
    if (!areFramesStable) {
      off = memory.alloc(totalLen);
      if (off < 0) return DROP_NO_MEMORY;
      memory.u8.copyWithin(off, pkt.networkOff, pkt.networkOff + totalLen);
      memory.freeDeferred(off, totalLen);
    }
    counters.ip.forwDatagrams++;
    if (totalLen <= route.iface.mtu || pkt.gsoType !== GSO_NONE) {
      this.#passWhole(pkt, off, header, route, l4Len);
    } else {
      this.#passFragments(pkt, off, header, route, l4Len);
    }
    return 0;
  }

  /** `off`: where the packet lies. */
  #passWhole(
    pkt: Packet,
    off: number,
    { headerLen, totalLen, src, dst }: Ipv4Header,
    route: CachedRoute,
    l4Len: number,
  ): void {
    const { memory, output } = this.deps;
    const { u8, dv } = memory;
    output.begin(route);
    const tx = route.tx;
    const pseudo = pseudoSumV4(src, dst, pkt.protocol, totalLen - headerLen);
    fillForwarded(memory, tx, pkt, off + headerLen, off + totalLen, l4Len, pseudo);
    const ip = tx.prepend(headerLen);
    u8.copyWithin(ip, off, off + headerLen);
    decrementTtl(dv, ip);
    if (headerLen > IPV4_HEADER_LEN) this.#record(ip, headerLen, route, pkt.nowUs);
    refreshIpv4Checksum(dv, ip, headerLen);
    output.sendForwarded(route, pkt.nowUs);
  }

  /** Signs the header at `ip` where its options ask for it. */
  #record(ip: number, headerLen: number, route: CachedRoute, nowUs: number): void {
    const { memory, output, clock } = this.deps;
    const { interfaces } = output;
    const addr = route.iface.sourceFor(route.nextHop) ?? route.src;
    const dayMs = Math.floor((nowUs + clock.offsetUs) / 1000) % DAY_MS;
    const isOurs = (word: number) => interfaces.ownerOfV4(word) !== null;
    recordPassage(memory.dv, ip, headerLen, addr.w3, dayMs, isOurs);
  }

  /** RFC 791 3.2. The packet may be a fragment itself. */
  #passFragments(
    pkt: Packet,
    off: number,
    header: Ipv4Header,
    route: CachedRoute,
    l4Len: number,
  ): void {
    const { memory, counters, output } = this.deps;
    const { u8, dv } = memory;
    const { headerLen, totalLen } = header;
    const data = off + headerLen;
    const dataLen = totalLen - headerLen;
    if (l4Len > 0) {
      const pseudo = pseudoSumV4(header.src, header.dst, pkt.protocol, dataLen);
      finishChecksumAt(dv, pkt.protocol, data, dataLen, pseudo);
    }
    const maxData = (route.iface.mtu - headerLen) & ~7;
    for (let pos = 0; pos < dataLen; pos += maxData) {
      const len = Math.min(maxData, dataLen - pos);
      const hasMore = header.moreFragments || pos + len < dataLen;
      const row = output.begin(route);
      const tx = route.tx;
      tx.payOff[row] = data + pos;
      tx.payLen[row] = len;
      const ip = tx.prepend(headerLen);
      u8.copyWithin(ip, off, off + headerLen);
      if (headerLen > IPV4_HEADER_LEN) {
        if (pos > 0) maskOptionsNotCopied(dv, ip, headerLen);
        else this.#record(ip, headerLen, route, pkt.nowUs);
      }
      decrementTtl(dv, ip);
      dv.setUint16(ip + IPV4_TOTAL_LEN_OFFSET, headerLen + len);
      const offset = (header.fragmentOff + pos) >> 3;
      dv.setUint16(ip + IPV4_FRAGMENT_OFFSET, hasMore ? offset | IPV4_MF : offset);
      refreshIpv4Checksum(dv, ip, headerLen);
      output.sendForwarded(route, pkt.nowUs);
      counters.ip.fragCreates++;
    }
    counters.ip.fragOks++;
  }
}

/** Whom packets are taken from and for (RFC 1812 5.3.7; link-local ones stay: RFC 3927 7). */
function isForwarded(addr: number): boolean {
  const firstByte = addr >>> 24;
  return firstByte !== 0 && firstByte !== 127 && firstByte < 224 && addr >>> 16 !== 0xa9fe;
}

function decrementTtl(dv: DataView, ip: number): void {
  dv.setUint8(ip + IPV4_TTL_OFFSET, dv.getUint8(ip + IPV4_TTL_OFFSET) - 1);
}

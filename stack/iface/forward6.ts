/**
 * Forwarding of IPv6 (RFC 8200, RFC 4443), when `net.ipv6.conf.all.forwarding` is on: as Linux's
 * `ip6_forward`.
 *
 *     who may be forwarded ─▶ hop limit ─▶ route ─▶ redirect or scope ─▶ size ─▶ hop limit − 1
 *
 * A router cuts nothing: what is too long for the next link goes back as "packet too big" (RFC 8200
 * 5). What stays on its link (link-local addresses: RFC 4291 2.5.6; groups) is never passed on.
 * Of the extension headers only hop-by-hop options are a router's business; those of the packet at
 * hand have been looked at (ipv6_input.ts).
 *
 * Segments that a device has coalesced travel on as one row (forwarded_row.ts).
 *
 * @module
 */
import type { Counters } from "../base/counters.ts";
import {
  DROP_IP_NO_ROUTE,
  DROP_IP_NOT_FOR_US,
  DROP_IP_TOO_LONG,
  DROP_IP_TTL,
  DROP_IPV6_HEADER,
  DROP_MARTIAN_OWN,
  DROP_NO_MEMORY,
} from "../base/drop_reason.ts";
import { GSO_NONE } from "../base/frames.ts";
import { IpAddress, isLinkLocal6 } from "../base/ip_address.ts";
import type { Memory } from "../base/memory.ts";
import type { Packet } from "../base/packet.ts";
import { pseudoSumOfPacket } from "../wire/checksum.ts";
import { TIME_EXCEEDED6_HOPS, UNREACHABLE6_NO_ROUTE, UNREACHABLE6_SCOPE } from "../wire/icmpv6.ts";
import { IPV6_HEADER_LEN, IPV6_HOP_LIMIT_OFFSET } from "../wire/ipv6.ts";
import { type CachedRoute, RECENT_ROUTES, VIA_NEIGHBOUR } from "./cached_route.ts";
import {
  fillForwarded,
  finishChecksumAt,
  offloadedHeaderLen,
  refuseSizeless,
} from "./forwarded_row.ts";
import type { Ip6ErrorSender } from "./ipv6_input.ts";
import type { IpOutput } from "./ip_output.ts";
import type { RedirectSender6 } from "./redirect_sender6.ts";

export interface Forwarder6Deps {
  readonly memory: Memory;
  readonly counters: Counters;
  readonly output: IpOutput;
  readonly errors: Ip6ErrorSender;
  readonly redirects: RedirectSender6;
  /** A received frame stays as it is until the next flush: it need not be copied. */
  readonly areFramesStable: boolean;
}

export class Forwarder6 {
  /** By a few bits of the destination. */
  readonly #recent: (CachedRoute | null)[] = new Array(RECENT_ROUTES).fill(null);

  constructor(readonly deps: Forwarder6Deps) {}

  /**
   * A packet that is not for us, no martian, its transport header found. Returns 0, or the reason
   * why it is not forwarded; what is due to its sender has been sent.
   */
  forward(pkt: Packet): number {
    const { counters, errors, redirects } = this.deps;
    const isGroup = pkt.isMulticast || pkt.isLinkBroadcast;
    if (isGroup || isLinkLocal6(pkt.dst0) || isNobody(pkt)) return DROP_IP_NOT_FOR_US;
    // Who speaks for our address on the link is heard (martian6.ts), and no further
    const { interfaces } = this.deps.output;
    const isOurs = interfaces.ownerOfV6(pkt.src0, pkt.src1, pkt.src2, pkt.src3) !== null;
    if (isOurs) return DROP_MARTIAN_OWN;
    if (pkt.ttl <= 1) {
      counters.ip6.inHdrErrors++;
      errors.sendTimeExceeded(pkt, TIME_EXCEEDED6_HOPS);
      return DROP_IP_TTL;
    }
    const route = this.#routeTo(pkt);
    if (route === null) {
      counters.ip6.inNoRoutes++;
      errors.sendUnreachable(pkt, UNREACHABLE6_NO_ROUTE);
      return DROP_IP_NO_ROUTE;
    }
    if (route.via !== VIA_NEIGHBOUR) return DROP_IP_NOT_FOR_US;
    if (isLinkLocal6(pkt.src0)) {
      errors.sendUnreachable(pkt, UNREACHABLE6_SCOPE);
      return DROP_IP_NOT_FOR_US;
    }
    if (route.ifIndex === pkt.ifIndex) redirects.consider(pkt, route);
    return this.#pass(pkt, route);
  }

  #routeTo({ dst0, dst1, dst2, dst3 }: Packet): CachedRoute | null {
    const at = (dst3 ^ (dst3 >>> 8) ^ dst1) & (RECENT_ROUTES - 1);
    const recent = this.#recent[at];
    if (recent !== null && recent.valid) {
      const { w0, w1, w2, w3 } = recent.dst;
      if (w3 === dst3 && w2 === dst2 && w1 === dst1 && w0 === dst0) return recent;
    }
    const dst = IpAddress.fromWords(dst0, dst1, dst2, dst3);
    const found = this.deps.output.router.route(dst, null, 0, false);
    if (typeof found === "number") return null;
    this.#recent[at] = found;
    return found;
  }

  #pass(pkt: Packet, route: CachedRoute): number {
    const { memory, counters, errors, areFramesStable } = this.deps;
    refuseSizeless(pkt);
    let l4Len = offloadedHeaderLen(memory.dv, pkt);
    if (l4Len < 0) return DROP_IPV6_HEADER;
    const isGso = pkt.gsoType !== GSO_NONE;
    const headersLen = pkt.transportOff - pkt.networkOff;
    // Segments behind extension headers, which no device makes, would need them in the slot
    if (isGso && headersLen > IPV6_HEADER_LEN) return DROP_IPV6_HEADER;
    const totalLen = pkt.endOff - pkt.networkOff;
    const longest = isGso ? headersLen + l4Len + pkt.gsoSize : totalLen;
    const { mtu } = route.iface;
    if (longest > mtu) {
      counters.ip6.fragFails++;
      errors.sendTooBig(pkt, mtu);
      return DROP_IP_TOO_LONG;
    }
    let off = pkt.networkOff;
    if (!areFramesStable) {
      off = memory.alloc(totalLen);
      if (off < 0) return DROP_NO_MEMORY;
      memory.u8.copyWithin(off, pkt.networkOff, pkt.endOff);
      memory.freeDeferred(off, totalLen);
    }
    if (l4Len > 0 && headersLen > IPV6_HEADER_LEN) {
      const len = totalLen - headersLen;
      const pseudo = pseudoSumOfPacket(pkt, pkt.protocol, len);
      finishChecksumAt(memory.dv, pkt.protocol, off + headersLen, len, pseudo);
      l4Len = 0;
    }
    counters.ip6.forwDatagrams++;
    this.#queue(pkt, off, off + totalLen, route, l4Len);
    return 0;
  }

  /** `off`, `end`: where the packet lies. */
  #queue(pkt: Packet, off: number, end: number, route: CachedRoute, l4Len: number): void {
    const { memory, output } = this.deps;
    const { u8 } = memory;
    output.begin(route);
    const body = off + IPV6_HEADER_LEN;
    const pseudo = l4Len === 0 ? 0 : pseudoSumOfPacket(pkt, pkt.protocol, end - body);
    fillForwarded(memory, route.tx, pkt, body, end, l4Len, pseudo);
    const ip = route.tx.prepend(IPV6_HEADER_LEN);
    u8.copyWithin(ip, off, body);
    u8[ip + IPV6_HOP_LIMIT_OFFSET]--;
    output.sendForwarded(route, pkt.nowUs);
  }
}

/** From :: or ::1, or to ::1 (RFC 4291 2.5.2, 2.5.3). */
function isNobody({ src0, src1, src2, src3, dst0, dst1, dst2, dst3 }: Packet): boolean {
  if (src0 === 0 && src1 === 0 && src2 === 0 && src3 >>> 1 === 0) return true;
  return dst0 === 0 && dst1 === 0 && dst2 === 0 && dst3 === 1;
}

/**
 * The endpoints bound to one UDP port: which of them a datagram belongs to, and whether one more
 * may bind. Linux's rules, which RFC 768 and RFC 1122 leave open.
 *
 * @module
 */
import type { IpAddress } from "../base/ip_address.ts";
import { isDestination, type Packet } from "../base/packet.ts";
import type { UdpEndpoint } from "./endpoint.ts";

/** Two local addresses that would claim the same datagrams. */
function overlap(a: UdpEndpoint, aLocal: IpAddress, b: UdpEndpoint): boolean {
  if (a.ifIndex !== 0 && b.ifIndex !== 0 && a.ifIndex !== b.ifIndex) return false;
  const bLocal = b.local;
  if (aLocal.isUnspecified || bLocal.isUnspecified) return mayMeet(a, aLocal, b);
  return aLocal.equals(bLocal);
}

/** At least one is a wildcard: do the two have a family in common? */
function mayMeet(a: UdpEndpoint, aLocal: IpAddress, b: UdpEndpoint): boolean {
  const aV4 = aLocal.family === 4 || (aLocal.isUnspecified && !a.isV6Only);
  const bV4 = b.local.family === 4 || (b.local.isUnspecified && !b.isV6Only);
  const aV6 = aLocal.family === 6;
  const bV6 = b.local.family === 6;
  return (aV4 && bV4) || (aV6 && bV6);
}

export class PortGroup {
  /** All endpoints of the port, the latest bound first. */
  readonly all: UdpEndpoint[] = [];
  /** Those not connected: what a lookup by port has to look at. */
  readonly open: UdpEndpoint[] = [];

  /** Whether `endpoint` may bind here with address `local`. */
  permits(endpoint: UdpEndpoint, local: IpAddress): boolean {
    for (const other of this.all) {
      if (other === endpoint || !overlap(endpoint, local, other)) continue;
      if (endpoint.reuseAddr && other.reuseAddr) continue;
      if (endpoint.reusePort && other.reusePort) continue;
      return false;
    }
    return true;
  }

  add(endpoint: UdpEndpoint): void {
    this.all.unshift(endpoint);
    if (endpoint.remote === null) this.open.unshift(endpoint);
  }

  remove(endpoint: UdpEndpoint): void {
    removeFrom(this.all, endpoint);
    removeFrom(this.open, endpoint);
  }

  /** To be called when the endpoint was connected or disconnected. */
  refresh(endpoint: UdpEndpoint): void {
    removeFrom(this.open, endpoint);
    if (endpoint.remote === null) this.open.unshift(endpoint);
  }

  /**
   * The unconnected endpoint for a unicast datagram: a bound address before a wildcard, a
   * bound device before any, then the latest. Of several with SO_REUSEPORT `hash` chooses.
   */
  find(pkt: Packet, hash: number): UdpEndpoint | null {
    const open = this.open;
    let best: UdpEndpoint | null = null;
    let bestScore = -1;
    for (let i = 0; i < open.length; i++) {
      const score = scoreOf(open[i], pkt);
      if (score > bestScore) {
        best = open[i];
        bestScore = score;
      }
    }
    return best !== null && best.reusePort ? this.#spread(pkt, bestScore, hash) : best;
  }

  #spread(pkt: Packet, score: number, hash: number): UdpEndpoint | null {
    const open = this.open;
    let count = 0;
    for (let i = 0; i < open.length; i++) {
      if (open[i].reusePort && scoreOf(open[i], pkt) === score) count++;
    }
    let nth = (hash >>> 0) % count;
    for (let i = 0; i < open.length; i++) {
      if (open[i].reusePort && scoreOf(open[i], pkt) === score && nth-- === 0) return open[i];
    }
    return null;
  }
}

/** -1: the datagram is not for this endpoint. */
function scoreOf(endpoint: UdpEndpoint, pkt: Packet): number {
  let score = 0;
  const { local } = endpoint;
  if (local.isUnspecified) {
    if (!(pkt.family === 4 ? endpoint.hearsV4 : endpoint.hearsV6)) return -1;
  } else if (isDestination(local, pkt)) {
    score += 4;
  } else {
    return -1;
  }
  if (endpoint.ifIndex !== 0) {
    if (endpoint.ifIndex !== pkt.ifIndex) return -1;
    score += 2;
  }
  return endpoint.domain === 2 ? score + 1 : score;
}

function removeFrom(list: UdpEndpoint[], endpoint: UdpEndpoint): void {
  const at = list.indexOf(endpoint);
  if (at >= 0) list.splice(at, 1);
}

/**
 * The packet being received: one object, reused, that the layers fill in on the way up. All offsets
 * are into the stack's Memory. Valid only during `Stack.input`.
 *
 * Addresses are four int32 words in host order; an IPv4 address a.b.c.d is ::ffff:a.b.c.d
 * (words 0, 0, 0xffff, abcd), so that one table serves both families.
 *
 * @module
 */
import type { IpAddress } from "./ip_address.ts";
import type { Route } from "./network.ts";

/** The interface index of the loopback, which every stack has, as on Linux. */
export const LOOPBACK_INDEX = 1;

export class Packet {
  /** Index of the interface it came in by. */
  ifIndex = 0;
  linkOff = 0;
  networkOff = 0;
  transportOff = 0;
  /** End of the packet by the network header's length (not of the frame). */
  endOff = 0;
  /** CSUM_* of frames.ts. */
  csum = 0;
  gsoType = 0;
  /** Bytes of payload in each coalesced segment; 0: a single segment. */
  gsoSize = 0;
  /** Longest of the fragments that it came in, IP header included; 0: it came in one piece. */
  fragSize = 0;
  /** 4 or 6. */
  family = 4;
  protocol = 0;
  ttl = 0;
  tos = 0;
  /** IPv6: the flow label. */
  flowLabel = 0;
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  /** The link that the sender's address is of, if it is one link's only and not ours; else 0. */
  zone = 0;
  /** Sent to a broadcast or multicast address (of the network layer), or to a link broadcast. */
  isBroadcast = false;
  isMulticast = false;
  /** Sent to an address that others have as well: it is nobody's source (RFC 4291 2.6). */
  isAnycast = false;
  /** Of a multicast, group and source as a number (base/address_numbers.ts; IPv4: int32). */
  group = 0;
  source = 0;
  /** A broadcast or multicast frame with a unicast network address (RFC 1122 3.3.6). */
  isLinkBroadcast = false;
  nowUs = 0;
}

/** Whether the packet was sent to `addr`. */
export function isDestination(addr: IpAddress, pkt: Packet): boolean {
  return addr.w3 === pkt.dst3 && addr.w2 === pkt.dst2 && addr.w1 === pkt.dst1 &&
    addr.w0 === pkt.dst0;
}

/** Whether the packet comes from `addr`. */
export function isSource(addr: IpAddress, pkt: Packet): boolean {
  return addr.w3 === pkt.src3 && addr.w2 === pkt.src2 && addr.w1 === pkt.src1 &&
    addr.w0 === pkt.src0;
}

/**
 * The link that the destination is of, if it is one link's only and not ours (fe80::/10, RFC 4007);
 * else 0: it is part of what tells one flow from another.
 */
export function zoneOf({ dst, ifIndex, isLoopback }: Route): number {
  return dst.family === 6 && dst.isLinkLocal && !isLoopback ? ifIndex : 0;
}

/**
 * The packet being received: one object, reused, that the layers fill in on the way up. All offsets
 * are into the stack's Memory. Valid only during `Stack.input`.
 *
 * Addresses are four int32 words in host order; an IPv4 address a.b.c.d is ::ffff:a.b.c.d
 * (words 0, 0, 0xffff, abcd), so that one table serves both families.
 *
 * @module
 */

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
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  /** Sent to a broadcast or multicast address (of the network layer), or to a link broadcast. */
  isBroadcast = false;
  isMulticast = false;
  /** A broadcast or multicast frame with a unicast network address (RFC 1122 3.3.6). */
  isLinkBroadcast = false;
  nowUs = 0;
}

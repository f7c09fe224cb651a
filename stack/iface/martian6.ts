/**
 * Addresses that no packet from a wire can have (RFC 4291 2.5, 2.7; Linux's `ip6_rcv_core`).
 *
 * v4-mapped addresses are among them (RFC 4942 2.2): in the stack they mean IPv4, and who sent them
 * in IPv6 could claim to be anybody.
 *
 * @module
 */
import {
  DROP_IP_MARTIAN,
  DROP_MARTIAN_LOOPBACK,
  DROP_MARTIAN_MULTICAST,
  DROP_MARTIAN_OWN,
  DROP_MARTIAN_RESERVED,
  DROP_MARTIAN_UNSPECIFIED,
} from "../base/drop_reason.ts";
import { type Ipv6Header, PROTOCOL_ICMPV6 } from "../wire/ipv6.ts";
import { NDP_HOP_LIMIT } from "../wire/ndp.ts";
import type { InterfaceTable } from "./interface_table.ts";

const MAPPED_WORD = 0xffff;
const GROUP_BYTE = 0xff;

/** Why a packet with this header cannot be; 0: it can. `isOwn`: it comes from ourselves. */
export function martianReason6(h: Ipv6Header, isOwn: boolean, interfaces: InterfaceTable): number {
  if (h.src0 >>> 24 === GROUP_BYTE) return DROP_MARTIAN_MULTICAST;
  const isSrcLow = h.src0 === 0 && h.src1 === 0;
  const isDstLow = h.dst0 === 0 && h.dst1 === 0;
  if (isSrcLow && h.src2 === MAPPED_WORD) return DROP_MARTIAN_RESERVED;
  if (isDstLow && (h.dst2 === MAPPED_WORD || (h.dst2 === 0 && h.dst3 === 0))) {
    return DROP_IP_MARTIAN;
  }
  const isSrcZero = isSrcLow && h.src2 === 0;
  // Who has no address yet asks for it, or tells of its groups.
  if (isSrcZero && h.src3 === 0) {
    const isAsking = h.dst0 >>> 24 === GROUP_BYTE;
    return isAsking ? 0 : DROP_MARTIAN_UNSPECIFIED;
  }
  if (isOwn) return 0;
  if (isSrcZero && h.src3 === 1) return DROP_MARTIAN_LOOPBACK;
  if (isDstLow && h.dst2 === 0 && h.dst3 === 1) return DROP_IP_MARTIAN;
  if (h.dst0 >>> 24 === GROUP_BYTE && ((h.dst0 >>> 16) & 15) < 2) return DROP_IP_MARTIAN;
  if (interfaces.ownerOfV6(h.src0, h.src1, h.src2, h.src3) === null) return 0;
  // Somebody who speaks for our address is heard, to be contradicted (RFC 4862 5.4.4).
  const isNeighbourly = h.nextHeader === PROTOCOL_ICMPV6 && h.hopLimit === NDP_HOP_LIMIT;
  return isNeighbourly ? 0 : DROP_MARTIAN_OWN;
}

/**
 * Puts in front of a packet what its socket wants there (PacketShape): options of IPv4, extension
 * headers of IPv6. All fits the headroom of a row (frames.ts).
 *
 *     IPv4 | options | transport
 *     IPv6 | hop-by-hop | for routers | routing | (fragment) | destination options | transport
 *
 * @module
 */
import type { TxFrames } from "../base/frames.ts";
import type { Memory } from "../base/memory.ts";
import { type Headers6, headers6Len, type PacketShape } from "../base/packet_shape.ts";
import { IPV4_HEADER_LEN, maskOptionsNotCopied, refreshIpv4Checksum } from "../wire/ipv4.ts";
import { NEXT_DESTINATION, NEXT_HOP_BY_HOP, NEXT_ROUTING } from "../wire/ipv6.ts";

/**
 * Writes the options behind the header at `ip`, which is made longer by them, checksum included.
 * `isFirst`: the packet is no later fragment.
 */
export function putIpOptions(
  { u8, dv }: Memory,
  ip: number,
  options: Uint8Array,
  isFirst: boolean,
): void {
  const headerLen = IPV4_HEADER_LEN + options.length;
  u8.set(options, ip + IPV4_HEADER_LEN);
  u8[ip] = 0x40 | (headerLen >> 2);
  if (!isFirst) maskOptionsNotCopied(dv, ip, headerLen);
  refreshIpv4Checksum(dv, ip, headerLen);
}

/** How long a fragment of IPv6 on a route of this MTU may be (IPV6_MTU cuts no shorter packet). */
export function mtuOf({ mtu }: { readonly mtu: number }, shape: PacketShape | null): number {
  return shape === null || shape.mtu6 === 0 ? mtu : Math.min(mtu, shape.mtu6);
}

/** Bytes of what goes before a fragment header. */
export function routersLen(headers: Headers6): number {
  return headers6Len(headers) - (headers.destination?.length ?? 0);
}

/** Prepends the destination options, if there are any; returns what comes first now. */
export function prependDestination(
  { u8 }: Memory,
  tx: TxFrames,
  { destination }: Headers6,
  next: number,
): number {
  return destination === null ? next : prepend(u8, tx, destination, next, NEXT_DESTINATION);
}

/** Prepends what goes before a fragment header, too; returns what comes first now. */
export function prependForRouters(
  { u8 }: Memory,
  tx: TxFrames,
  { hopByHop, routerDestination, routing }: Headers6,
  next: number,
): number {
  if (routing !== null) next = prepend(u8, tx, routing, next, NEXT_ROUTING);
  if (routerDestination !== null) {
    next = prepend(u8, tx, routerDestination, next, NEXT_DESTINATION);
  }
  return hopByHop === null ? next : prepend(u8, tx, hopByHop, next, NEXT_HOP_BY_HOP);
}

function prepend(
  u8: Uint8Array,
  tx: TxFrames,
  header: Uint8Array,
  next: number,
  own: number,
): number {
  const at = tx.prepend(header.length);
  u8.set(header, at);
  u8[at] = next;
  return own;
}

/**
 * What a socket wants a packet to have besides the usual headers: options of IPv4 (RFC 791 3.1),
 * extension headers of IPv6 (RFC 8200 4), a length above which it is fragmented. One for each
 * socket that wants any; given to the network before a transport sends (Network.shape).
 *
 * @module
 */

/** Most bytes of extension headers that a packet takes, in the headroom of its row (frames.ts). */
export const HEADERS6_MAX_LEN = 48;
/** Most bytes of options that the header of IPv4 has room for. */
export const IP_OPTIONS_MAX_LEN = 40;

/** Extension headers, whole, each a multiple of 8 bytes, in the order of RFC 8200 4.1. */
export interface Headers6 {
  readonly hopByHop: Uint8Array | null;
  /** Destination options that the routers of a routing header look at, too. */
  readonly routerDestination: Uint8Array | null;
  readonly routing: Uint8Array | null;
  readonly destination: Uint8Array | null;
}

export const NO_HEADERS6: Headers6 = {
  hopByHop: null,
  routerDestination: null,
  routing: null,
  destination: null,
};

/** Options of IPv4 that a program has given, checked (stack/socket/ip_options.ts). */
export interface HeaderOptions {
  readonly bytes: Uint8Array;
  /** Where the source route is in it; -1: nowhere. Its first hop, int32. */
  readonly routeAt: number;
  readonly firstHop: number;
  readonly isStrict: boolean;
  /** What the header of a packet from `src` to `dst` (int32, in the end) has. */
  ofPacket(src: number, dst: number, dayMs: number, isOurs: (addr: number) => boolean): Uint8Array;
}

export class PacketShape {
  headers6: Headers6 = NO_HEADERS6;
  /** Options of IPv4, a multiple of 4 bytes; null: none. */
  ipOptions: Uint8Array | null = null;
  /** IPV6_MTU: fragments of IPv6 are no longer; 0: no limit of its own. */
  mtu6 = 0;

  /** Whether a packet of the family (4 or 6) differs from others at all. */
  isPlain(family: number): boolean {
    if (family === 4) return this.ipOptions === null;
    return this.mtu6 === 0 && this.headers6 === NO_HEADERS6;
  }
}

/** Bytes that all of them take. */
export function headers6Len(headers: Headers6): number {
  if (headers === NO_HEADERS6) return 0;
  const { hopByHop, routerDestination, routing, destination } = headers;
  return (hopByHop?.length ?? 0) + (routerDestination?.length ?? 0) + (routing?.length ?? 0) +
    (destination?.length ?? 0);
}

/** Of what a control message may say of one datagram: it says nothing. */
export const UNSAID = -1;

/** Beside a traffic class, a flow label that a program has chosen: above the eight bits. */
const LABEL_SHIFT = 8;
/** The twenty bits of a flow label. */
export const LABEL_MASK = 0xfffff;
const HAS_LABEL = 1 << 28;

/** A traffic class (IPv6) with the flow label that the packet shall have, which may be 0. */
export function withFlowLabel(trafficClass: number, label: number): number {
  return trafficClass | (label << LABEL_SHIFT) | HAS_LABEL;
}

/** The label; -1: none was chosen. */
export function chosenFlowLabel(classAndLabel: number): number {
  return (classAndLabel & HAS_LABEL) === 0 ? -1 : (classAndLabel >>> LABEL_SHIFT) & LABEL_MASK;
}

/**
 * Neighbour discovery messages (RFC 4861 4): what follows the first eight bytes, which are ICMPv6's
 * (icmpv6.ts).
 *
 *     solicitation, advertisement   | type, code, checksum | flags | target | options …
 *     router's advertisement        | type, code, checksum | hops, flags, lifetime | two times | …
 *     redirect                      | type, code, checksum | 0 | target | destination | options …
 *     an option                     | type | length in units of 8 bytes | …
 *
 * @module
 */
import { DROP_NDP_FORMAT } from "../base/drop_reason.ts";
import { ANY_V6, IpAddress } from "../base/ip_address.ts";
import { ICMP_HEADER_LEN } from "./icmp.ts";

/** A solicitation or advertisement without options. */
export const NDP_NEIGHBOUR_LEN = ICMP_HEADER_LEN + 16;
export const NDP_REDIRECT_LEN = ICMP_HEADER_LEN + 32;
export const NDP_ROUTER_SOLICITATION_LEN = ICMP_HEADER_LEN;
/** A router advertisement without options. */
export const NDP_ROUTER_ADVERTISEMENT_LEN = 16;
/** Every message of neighbour discovery has come over no router (RFC 4861 6.1, 7.1, 8.1). */
export const NDP_HOP_LIMIT = 255;
/** A lifetime of so many seconds has no end (RFC 4861 4.6.2, RFC 9915 7.7). */
export const LIFETIME_FOREVER = 0xffffffff;

/** Flags of an advertisement, in the word behind the checksum. */
export const NA_ROUTER = 1 << 31;
export const NA_SOLICITED = 1 << 30;
export const NA_OVERRIDE = 1 << 29;

export const NDP_OPTION_SOURCE_LINK = 1;
export const NDP_OPTION_TARGET_LINK = 2;
export const NDP_OPTION_PREFIX = 3;
/** Of a redirect: the packet that it is about, behind six bytes of nothing. */
export const NDP_OPTION_REDIRECTED = 4;
export const NDP_OPTION_MTU = 5;
export const NDP_OPTION_NONCE = 14;
export const NDP_OPTION_ROUTE = 24;
export const NDP_OPTION_RDNSS = 25;
export const NDP_OPTION_DNSSL = 31;

const PREFIX_OPTION_LEN = 32;
const PREFIX_ON_LINK = 0x80;
const PREFIX_AUTONOMOUS = 0x40;
/** Flags of a router's advertisement: addresses, or other things, are to be had by DHCPv6. */
const RA_MANAGED = 0x80;
const RA_OTHER = 0x40;

/** The option that quotes a packet, without it. */
export const NDP_REDIRECTED_LEN = 8;
/** The option with an Ethernet address. */
export const NDP_LINK_OPTION_LEN = 8;

/** The options of one message that concern neighbours; reused. */
export class NdpOptions {
  /** A link-layer address is there: of the source, or of the target. */
  hasSourceLink = false;
  sourceHi = 0;
  sourceLo = 0;
  hasTargetLink = false;
  targetHi = 0;
  targetLo = 0;
  hasNonce = false;
  nonceHi = 0;
  nonceLo = 0;
}

/**
 * Reads the options from `off` to `end`. An option of length 0 or beyond the end spoils the message
 * (RFC 4861 4.6); one that is not known is passed over. Returns 0 or DROP_NDP_FORMAT.
 */
export function parseNdpOptions(dv: DataView, off: number, end: number, out: NdpOptions): number {
  out.hasSourceLink = false;
  out.hasTargetLink = false;
  out.hasNonce = false;
  while (off < end) {
    if (off + 8 > end) return DROP_NDP_FORMAT;
    const len = dv.getUint8(off + 1) << 3;
    if (len === 0 || off + len > end) return DROP_NDP_FORMAT;
    const type = dv.getUint8(off);
    if (type === NDP_OPTION_SOURCE_LINK && len === NDP_LINK_OPTION_LEN) {
      out.hasSourceLink = true;
      out.sourceHi = dv.getUint16(off + 2);
      out.sourceLo = dv.getInt32(off + 4);
    } else if (type === NDP_OPTION_TARGET_LINK && len === NDP_LINK_OPTION_LEN) {
      out.hasTargetLink = true;
      out.targetHi = dv.getUint16(off + 2);
      out.targetLo = dv.getInt32(off + 4);
    } else if (type === NDP_OPTION_NONCE && len === NDP_LINK_OPTION_LEN) {
      out.hasNonce = true;
      out.nonceHi = dv.getUint16(off + 2);
      out.nonceLo = dv.getInt32(off + 4);
    }
    off += len;
  }
  return 0;
}

/** Writes an option of six bytes: a link-layer address or a nonce. Returns its length. */
export function emitNdpSixBytes(
  dv: DataView,
  off: number,
  type: number,
  hi: number,
  lo: number,
): number {
  dv.setUint8(off, type);
  dv.setUint8(off + 1, 1);
  dv.setUint16(off + 2, hi);
  dv.setInt32(off + 4, lo);
  return NDP_LINK_OPTION_LEN;
}

/** Writes the option that quotes `quoteLen` bytes, a multiple of 8, up to these; its length. */
export function emitNdpRedirected(dv: DataView, off: number, quoteLen: number): number {
  dv.setUint8(off, NDP_OPTION_REDIRECTED);
  dv.setUint8(off + 1, (NDP_REDIRECTED_LEN + quoteLen) >> 3);
  dv.setUint16(off + 2, 0);
  dv.setInt32(off + 4, 0);
  return NDP_REDIRECTED_LEN;
}

/** When a lifetime that begins at `fromUs` ends, microseconds; Infinity: never. */
export function lifetimeEndUs(seconds: number, fromUs: number): number {
  return seconds === LIFETIME_FOREVER ? Infinity : fromUs + seconds * 1e6;
}

/** The fixed part of a router's advertisement (RFC 4861 4.2); reused. */
export class RouterAdvertisement {
  /** 0: no default router. */
  lifetimeSeconds = 0;
  /** RFC 4191 2.1, two bits: 0 medium, 1 high, 3 low. */
  preference = 0;
  isManaged = false;
  hasOther = false;
  optionsOff = 0;
}

/** Reads the advertisement at `off` of `len` bytes; false: malformed. */
export function readRouterAdvertisement(
  dv: DataView,
  off: number,
  len: number,
  out: RouterAdvertisement,
): boolean {
  if (len < NDP_ROUTER_ADVERTISEMENT_LEN || dv.getUint8(off + 1) !== 0) return false;
  const flags = dv.getUint8(off + 5);
  out.isManaged = (flags & RA_MANAGED) !== 0;
  out.hasOther = (flags & RA_OTHER) !== 0;
  out.preference = (flags >>> 3) & 3;
  out.lifetimeSeconds = dv.getUint16(off + 6);
  out.optionsOff = off + NDP_ROUTER_ADVERTISEMENT_LEN;
  for (let at = out.optionsOff; at < off + len;) {
    if (at + 8 > off + len) return false;
    const optionLen = dv.getUint8(at + 1) << 3;
    if (optionLen === 0 || at + optionLen > off + len) return false;
    at += optionLen;
  }
  return true;
}

/** A prefix that a router tells of (RFC 4861 4.6.2); reused. */
export class PrefixOption {
  prefixLen = 0;
  isOnLink = false;
  isAutonomous = false;
  validSeconds = 0;
  preferredSeconds = 0;
  prefix: IpAddress = ANY_V6;
}

/** The preference that means nothing (RFC 4191 2.1). */
export const PREFERENCE_RESERVED = 2;

/** A route that a router tells of (RFC 4191 2.3); reused. */
export class RouteOption {
  prefixLen = 0;
  /** Two bits, as a router's own. */
  preference = 0;
  lifetimeSeconds = 0;
  prefix: IpAddress = ANY_V6;
}

/** Reads the option at `at`, which lies in the message; false: malformed. */
export function readRouteOption(dv: DataView, at: number, out: RouteOption): boolean {
  const units = dv.getUint8(at + 1);
  out.prefixLen = dv.getUint8(at + 2);
  out.preference = (dv.getUint8(at + 3) >>> 3) & 3;
  out.lifetimeSeconds = dv.getUint32(at + 4);
  // As many words of the prefix as it needs: none, two or four.
  const needed = out.prefixLen > 64 ? 3 : out.prefixLen > 0 ? 2 : 1;
  if (units < needed || units > 3 || out.prefixLen > 128) return false;
  const word = (i: number) => units > 1 + (i >> 1) ? dv.getInt32(at + 8 + 4 * i) : 0;
  out.prefix = IpAddress.fromWords(word(0), word(1), word(2), word(3));
  return true;
}

/** Reads the option at `at`, which lies in the message; false: malformed. */
export function readPrefixOption(dv: DataView, at: number, out: PrefixOption): boolean {
  if (dv.getUint8(at + 1) << 3 !== PREFIX_OPTION_LEN) return false;
  const flags = dv.getUint8(at + 3);
  out.prefixLen = dv.getUint8(at + 2);
  out.isOnLink = (flags & PREFIX_ON_LINK) !== 0;
  out.isAutonomous = (flags & PREFIX_AUTONOMOUS) !== 0;
  out.validSeconds = dv.getUint32(at + 4);
  out.preferredSeconds = dv.getUint32(at + 8);
  out.prefix = IpAddress.read(dv, at + 16, 6);
  return out.prefixLen <= 128;
}

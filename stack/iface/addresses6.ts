/**
 * IPv6 addresses that follow from others: an interface's own on its link, and the group in which a
 * neighbour is asked for one.
 *
 * @module
 */
import { IpAddress } from "../base/ip_address.ts";

export const LINK_LOCAL6_PREFIX_LEN = 64;

const LINK_LOCAL_WORD = 0xfe800000 | 0;
const SOLICITED_NODE_W0 = 0xff020000 | 0;
const SOLICITED_NODE_W3 = 0xff000000 | 0;

/** Every node on the link (RFC 4291 2.7.1). */
export const ALL_NODES: IpAddress = IpAddress.fromWords(SOLICITED_NODE_W0, 0, 0, 1);
/** Every router. */
export const ALL_ROUTERS6: IpAddress = IpAddress.fromWords(SOLICITED_NODE_W0, 0, 0, 2);
/** Every router of the site. */
export const SITE_ROUTERS6: IpAddress = IpAddress.fromWords(0xff050000, 0, 0, 2);

/** The group of all who may have `addr`, ff02::1:ffXX:XXXX (RFC 4291 2.7.1). */
export function solicitedNode(addr: IpAddress): IpAddress {
  const last = SOLICITED_NODE_W3 | (addr.w3 & 0xffffff);
  return IpAddress.fromWords(SOLICITED_NODE_W0, 0, 1, last);
}

/** Whether `addr` is such a group. */
export function isSolicitedNode(addr: IpAddress): boolean {
  return addr.w0 === SOLICITED_NODE_W0 && addr.w1 === 0 && addr.w2 === 1 &&
    addr.w3 >>> 24 === 0xff;
}

/** fe80:: and the modified EUI-64 of a MAC address (RFC 4291 appendix A, RFC 2464 4). */
export function linkLocalOf(mac: Uint8Array): IpAddress {
  const [m0, m1, m2, m3, m4, m5] = mac;
  const high = ((m0 ^ 2) << 24) | (m1 << 16) | (m2 << 8) | 0xff;
  const low = 0xfe000000 | (m3 << 16) | (m4 << 8) | m5;
  return IpAddress.fromWords(LINK_LOCAL_WORD, 0, high, low);
}

/**
 * A link-local address where somebody else has the MAC address, and with it the other one: the
 * host, when a device shares its own. Made of the same bytes, so it is the same each time (in the
 * manner of RFC 7217, without a secret).
 */
export function sharedLinkLocalOf(mac: Uint8Array): IpAddress {
  let [high, low] = [0x6e757365, 0x9e3779b9 | 0];
  for (const byte of mac) {
    high = Math.imul(high ^ byte, 0x85ebca6b) ^ (low >>> 13);
    low = Math.imul(low + byte, 0xc2b2ae35) ^ (high >>> 16);
  }
  // No universal address: bit 0x02 is clear (RFC 7136 lets it mean anything).
  return IpAddress.fromWords(LINK_LOCAL_WORD, 0, high & ~0x02000000, low);
}

/**
 * Sources that no other host can have (RFC 1122 3.2.1.3, RFC 1812 5.3.7, Linux's
 * `ip_route_input_slow`): an answer would go to everybody, to nobody or to ourselves.
 *
 * @module
 */
import { PROTOCOL_IGMP } from "../wire/ipv4.ts";
import {
  DROP_IP_MARTIAN,
  DROP_MARTIAN_BROADCAST,
  DROP_MARTIAN_LOOPBACK,
  DROP_MARTIAN_MULTICAST,
  DROP_MARTIAN_OWN,
  DROP_MARTIAN_RESERVED,
  DROP_MARTIAN_UNSPECIFIED,
} from "../base/drop_reason.ts";
import type { InterfaceTable } from "./interface_table.ts";

export const LIMITED_BROADCAST = -1;

/**
 * Why a packet between these int32 addresses cannot be; 0: it can. `isOwn`: it comes from
 * ourselves, so that loopback and addresses of ours are what is expected.
 */
export function martianReason(
  src: number,
  dst: number,
  protocol: number,
  isOwn: boolean,
  interfaces: InterfaceTable,
): number {
  const srcByte = src >>> 24;
  if (src === LIMITED_BROADCAST || interfaces.isBroadcastV4(src)) return DROP_MARTIAN_BROADCAST;
  if (srcByte >= 240) return DROP_MARTIAN_RESERVED;
  if (srcByte >= 224) return DROP_MARTIAN_MULTICAST;
  if (srcByte === 0) {
    if (src !== 0) return DROP_MARTIAN_RESERVED;
    return mayLackAddress(dst, protocol) ? 0 : DROP_MARTIAN_UNSPECIFIED;
  }
  if (isOwn) return 0;
  if (srcByte === 127) return DROP_MARTIAN_LOOPBACK;
  if (interfaces.ownerOfV4(src) !== null) return DROP_MARTIAN_OWN;
  return dst >>> 24 === 127 ? DROP_IP_MARTIAN : 0;
}

/** 0.0.0.0 asks all for an address (DHCP), or speaks of groups (IGMP, 224.0.0/24). */
function mayLackAddress(dst: number, protocol: number): boolean {
  if (dst === LIMITED_BROADCAST) return true;
  return dst >>> 8 === 0xe00000 || (dst >>> 28 === 14 && protocol === PROTOCOL_IGMP);
}

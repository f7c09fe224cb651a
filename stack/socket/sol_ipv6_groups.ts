/**
 * The options at IPPROTO_IPV6 that join and leave groups and filter their sources (RFC 3493 5.2,
 * RFC 3678). The MCAST_* ones are those of sol_ip_groups.ts, with an AF_INET6 address inside.
 *
 * struct ipv6_mreq             group, index at 16
 * struct group_req             index, sockaddr_storage of the group at 8
 * struct group_source_req      as that, sockaddr_storage of the source at 136
 *
 * @module
 */
import { EADDRNOTAVAIL, EINVAL, ENODEV, ENOPROTOOPT, EPROTO } from "../base/errno.ts";
import { ANY_V6, IpAddress } from "../base/ip_address.ts";
import * as c from "../base/socket_constants.ts";
import type { GroupChoice } from "./memberships.ts";
import { readInt } from "./option_codec.ts";
import type { OptionHost } from "./option_host.ts";
import {
  GROUP_OFF,
  GROUP_REQ_LEN,
  GROUP_SOURCE_REQ_LEN,
  hasInterface,
  OF_SOURCE,
} from "./sol_ip_groups.ts";

export const MREQ6_LEN = 20;
/** Of the address in a sockaddr_in6. */
const ADDR_OFF = 8;

/** Returns 0 or -errno; -ENOPROTOOPT: the option is none of these. */
export function setGroupOption6(host: OptionHost, name: number, value: Uint8Array): number {
  switch (name) {
    case c.IPV6_ADD_MEMBERSHIP:
    case c.IPV6_DROP_MEMBERSHIP: {
      if (value.length < MREQ6_LEN) return -EINVAL;
      if (host.memberships === null) return -EPROTO;
      const choice = { group: addressAt(value, 0), ifIndex: readInt(value, 16), ifAddr: 0 };
      return change(host, name === c.IPV6_ADD_MEMBERSHIP, choice);
    }
    case c.MCAST_JOIN_GROUP:
    case c.MCAST_LEAVE_GROUP:
      if (value.length < GROUP_REQ_LEN) return -EINVAL;
      if (host.memberships === null) return -EPROTO;
      return change(host, name === c.MCAST_JOIN_GROUP, choiceAt(value));
    case c.MCAST_JOIN_SOURCE_GROUP:
    case c.MCAST_LEAVE_SOURCE_GROUP:
    case c.MCAST_BLOCK_SOURCE:
    case c.MCAST_UNBLOCK_SOURCE:
      return changeSource(host, name, value);
    default:
      return -ENOPROTOOPT;
  }
}

function change(host: OptionHost, isJoin: boolean, choice: GroupChoice): number {
  const refused = refusal(host, choice);
  if (refused !== 0) return refused === -ENODEV && !isJoin ? -EADDRNOTAVAIL : refused;
  return isJoin ? host.memberships!.join(choice) : host.memberships!.leave(choice);
}

function refusal(host: OptionHost, choice: GroupChoice): number {
  const { group } = choice;
  if (!group.isMulticast || group.family !== 6) return -EINVAL;
  return hasInterface(host, choice) ? 0 : -ENODEV;
}

function changeSource(host: OptionHost, name: number, value: Uint8Array): number {
  if (value.length < GROUP_SOURCE_REQ_LEN) return -EINVAL;
  const { memberships } = host;
  if (memberships === null) return -EPROTO;
  if (!isV6(value, GROUP_OFF) || !isV6(value, GROUP_REQ_LEN)) return -EADDRNOTAVAIL;
  const choice = choiceAt(value);
  const refused = refusal(host, choice);
  if (refused !== 0) return refused;
  const source = memberships.env.numbers.hold(addressAt(value, GROUP_REQ_LEN + ADDR_OFF));
  const result = OF_SOURCE[name](memberships, choice, source);
  memberships.env.numbers.release(source); // the memberships hold what they keep
  return result;
}

function choiceAt(value: Uint8Array): GroupChoice {
  const group = isV6(value, GROUP_OFF) ? addressAt(value, GROUP_OFF + ADDR_OFF) : ANY_V6;
  return { group, ifIndex: readInt(value), ifAddr: 0 };
}

function isV6(value: Uint8Array, off: number): boolean {
  return (value[off] | (value[off + 1] << 8)) === c.AF_INET6;
}

function addressAt(value: Uint8Array, off: number): IpAddress {
  return IpAddress.read(new DataView(value.buffer, value.byteOffset), off, 6);
}
